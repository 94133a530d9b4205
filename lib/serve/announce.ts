/** What a server says on stderr when it has started. */
import type { Host } from './host.ts';
import type { Listener } from './listen.ts';

export type Announcement = {
  host: Host;
  /** The APS sign-in, in a few words. */
  signIn: string;
  /** Where APS is, in words. */
  aps: string;
};

/** The message of a server over HTTP. `local` says whether only this machine can reach it. */
export async function announceHttp(
  { host, signIn, aps }: Announcement,
  { url, alsoAs }: Pick<Listener, 'url' | 'alsoAs'>,
  local: boolean,
): Promise<string> {
  const address = `${url}/mcp`;
  return [
    await title(host),
    `  Address       ${address}${alsoAs.length > 0 ? `  (also as ${alsoAs.join(' and ')})` : ''}`,
    `  APS sign-in   ${signIn}`,
    `  APS           ${aps}`,
    `  Who may call  ${local ? 'programs on this machine' : 'EVERYBODY who can reach this address: it asks nobody to sign in'}`,
    '',
    'Connect an MCP client to the address above, or try it in a second terminal:',
    `  npx mcp-cli --url ${address}`,
    'Ctrl-C stops the server.',
  ].join('\n');
}

/** The message of a server that speaks over stdio. */
export async function announceStdio({ host, signIn, aps }: Announcement): Promise<string> {
  return [
    await title(host),
    '  Transport     stdio',
    `  APS sign-in   ${signIn}`,
    `  APS           ${aps}`,
  ].join('\n');
}

async function title(host: Host): Promise<string> {
  const client = await host.about();
  const { name, version } = client.getServerVersion() ?? { name: 'MCP server', version: '' };
  const { tools } = await client.listTools();
  return `${name} ${version}\n  Tools         ${tools.map((tool) => tool.name).join(', ')}`;
}
