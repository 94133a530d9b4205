/** Servers whose clients sign in with an OpenID provider, and requests that bear a token. */
import {
  type Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import type { ServerDefinition } from '../../lib/serve/launch/definition.ts';
import { serveHttp } from '../../lib/serve/launch/http.ts';
import { connectOver, newest } from './clients.ts';
import { closing } from './closing.ts';
import { type OpenIdProvider, scope, startOpenIdProvider } from './openid-provider.ts';
import { alice } from './people.ts';
import { post, type RawAnswer, toolCall } from './raw-http.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { configurationFrom } from './serving.ts';
import { type ServedHttp, type ServeOptions, serveWith, signInOn } from './signing-in.ts';
import { openBrowser, type Page } from './web-browser.ts';

/** Serves a definition to whoever has a token of `provider` with its scope. */
export function serveOidc(
  sandbox: Sandbox,
  definition: ServerDefinition,
  { issuer }: Pick<OpenIdProvider, 'issuer'>,
  { env, ...deployment }: Pick<ServeOptions, 'env' | 'secret' | 'publicUrl'> = {},
): Promise<ServedHttp> {
  const variables = { MCP_AUTH_ISSUER: issuer, MCP_AUTH_SCOPES: scope, ...env };
  return serveWith(sandbox, definition, 'oidc', { env: variables, ...deployment });
}

/** The same on another address, or for clients that reach it under another; `url` is where the port is. */
export async function serveOidcAt(
  exposure: { host?: string; publicUrl?: string },
  sandbox: Sandbox,
  definition: ServerDefinition,
  { issuer }: Pick<OpenIdProvider, 'issuer'>,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = await serveHttp(
    definition,
    configurationFrom(
      definition,
      { ...sandbox.env, MCP_AUTH_ISSUER: issuer, MCP_AUTH_SCOPES: scope },
      'oidc',
    ),
    {
      exposure: { host: 'localhost', ...exposure },
      allowed: { hosts: exposure.publicUrl ? [new URL(exposure.publicUrl).hostname] : [], origins: [] },
      port: 0,
    },
  );
  sandbox.registerRedirectUri(server.callbackUrl);
  return { url: server.listener.url, close: server.stop };
}

/** A sandbox, an OpenID provider, and a server that takes its tokens. Call it once at the top of a test file. */
export async function startOidc(definition: ServerDefinition) {
  const keep = closing();
  const sandbox = keep(await startSandbox());
  const provider = keep(await startOpenIdProvider());
  const served = keep(await serveOidc(sandbox, definition, provider));
  return { keep, sandbox, provider, served };
}

/** The header that bears a token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** A client that was given a token, and does not ask where it is from. */
export function connectBearing(
  url: string,
  mode: VersionNegotiationMode,
  token: string,
  options?: ClientOptions,
): Promise<Client> {
  const requestInit = { headers: bearer(token) };
  return connectOver(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit }), mode, options);
}

/** Calls a tool in one request, without a session. */
export type ToolCaller = (
  url: string,
  tool: string,
  headers?: Record<string, string>,
  params?: Record<string, unknown>,
) => Promise<RawAnswer>;

export const inHandshakeEra: ToolCaller = (url, tool, headers) => post(url, toolCall(tool), headers);

/** `params` are added to those of the call. */
export const inNewestEra: ToolCaller = (url, tool, headers, params) => {
  const call = toolCall(tool, {}, newestEnvelope);
  return post(
    url,
    { ...call, params: { ...call.params, ...params } },
    { ...newestHeaders('tools/call'), 'mcp-name': tool, ...headers },
  );
};

/** The two ways to call a tool that differ on the wire. */
export const toolCallers: readonly (readonly [name: string, call: ToolCaller])[] = [
  ['in the handshake era', inHandshakeEra],
  [`in the era of ${newest}`, inNewestEra],
];

/** What a client of the newest era, which can take its user to an address, says of itself with every request. */
export const newestEnvelope = {
  'io.modelcontextprotocol/protocolVersion': newest,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
};

/** The headers that say so, besides those of every client. */
export function newestHeaders(method: string): Record<string, string> {
  return { 'mcp-protocol-version': newest, 'mcp-method': method };
}

/** The challenge of an answer (RFC 9110, section 11.6.1): its scheme and parameters. */
export function challengeOf({ headers }: Pick<RawAnswer, 'headers'>): Record<string, string> | undefined {
  const challenge = headers['www-authenticate'];
  if (challenge === undefined) return undefined;
  const parameters = [...challenge.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return {
    scheme: challenge.split(' ')[0] ?? '',
    ...Object.fromEntries(parameters.map(([, name = '', value = '']) => [name, value])),
  };
}

/** Goes on from the page that a client's link leads to, and signs in to Autodesk: the page where that ends. */
export async function signInThrough(
  address: string,
  { userId }: { userId: string } = alice,
  browser = openBrowser(),
): Promise<Page> {
  return signInOn(await browser.submit(await browser.open(address), {}), browser, userId);
}
