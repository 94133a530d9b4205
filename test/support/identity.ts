/** Servers that find out who opens a link to Autodesk, and people of the sandbox's company who open one. */
import type { Client } from '@modelcontextprotocol/client';
import type { Environment } from '../../lib/config/settings.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { connectBearing } from './oidc.ts';
import type { Employee, Sandbox } from './sandbox.ts';
import { askedAddress } from './sign-in.ts';
import { type ServedHttp, type ServeOptions, serveWith } from './signing-in.ts';
import type { Page, WebBrowser } from './web-browser.ts';

export type IdentifyingServer = ServedHttp & {
  /** What tokens for it must have as their audience. */
  audience: string;
};

/** Serves 3LO with the settings that the sandbox's provider gives, with its client for MCP servers. */
export async function serveIdentifying(
  sandbox: Sandbox,
  env: Environment = {},
  deployment: Pick<ServeOptions, 'secret' | 'publicUrl'> = {},
): Promise<IdentifyingServer> {
  // Where a scope needs an address, any that the provider knows will do.
  const settings = { ...sandbox.openIdEnv('http://localhost:5002/mcp'), ...env };
  const served = await serveWith(sandbox, threeLegged, 'oidc', { env: settings, ...deployment });
  const address = `${served.url}/mcp`;
  sandbox.registerOpenIdApi(address);
  return { ...served, audience: settings.MCP_AUTH_AUDIENCE ?? address };
}

/** A client of an employee, and the link that it was given. */
export async function linkFor(
  sandbox: Sandbox,
  { url, audience }: IdentifyingServer,
  { sub: user }: Employee,
  claims?: Record<string, unknown>,
): Promise<{ client: Client; address: string; close(): Promise<void> }> {
  const token = await sandbox.openIdToken({ user, audience, claims });
  const client = await connectBearing(url, 'legacy', token);
  // Another test may have signed them in.
  await client.callTool({ name: 'sign_out' });
  return { client, close: () => client.close(), address: await askedAddress(client) };
}

/** Confirms the link in a browser: the page of the provider to which that leads. */
export async function atProviderPage(browser: WebBrowser, address: string): Promise<Page> {
  return browser.submit(await browser.open(address), {});
}

/** Confirms the link, and signs in at the company as an employee: the page to which that leads. */
export async function identifyAs(browser: WebBrowser, address: string, { sub }: Employee): Promise<Page> {
  return browser.submit(await atProviderPage(browser, address), { user: sub, decision: 'allow' });
}
