/** What a server says on stderr when it has started. */
import type { Host } from './host.ts';

export type Announcement = {
  host: Host;
  /** The APS sign-in, in a few words. */
  signIn: string;
  /** Where APS is, in words. */
  aps: string;
};

export type HttpAnnouncement = Announcement & {
  /** The origin that clients are told. */
  publicUrl: string;
  /** Where it listens, e.g. `http://localhost:5000`. */
  listensOn: string;
  /** Other names of it that clients may use. */
  alsoAs: readonly string[];
  /** Where browsers come back to from Autodesk, if they do. */
  callbackUrl?: string;
  /** Who may call, in words. */
  whoMayCall: string;
  /** Where clients need an access token: a command that prints one, if there is such a thing. */
  tokenCommand?: string;
};

/** The message of a server over HTTP. */
export async function announceHttp(announcement: HttpAnnouncement): Promise<string> {
  const { host, signIn, aps, publicUrl, listensOn, alsoAs, callbackUrl, whoMayCall, tokenCommand } =
    announcement;
  const address = `${publicUrl}/mcp`;
  return [
    await title(host),
    `  Address       ${address}${alsoAs.length > 0 ? `  (also as ${alsoAs.join(' and ')})` : ''}`,
    ...(publicUrl === listensOn ? [] : [`  Listens on    ${listensOn}`]),
    ...(callbackUrl ? [`  Callback URL  ${callbackUrl}`] : []),
    `  APS sign-in   ${signIn}`,
    `  APS           ${aps}`,
    `  Who may call  ${whoMayCall}`,
    '',
    'Connect an MCP client to the address above, or try it in a second terminal:',
    `  npx mcp-cli --url ${address}`,
    ...(tokenCommand
      ? ['An access token, for a client that cannot sign in by itself:', `  ${tokenCommand}`]
      : []),
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
