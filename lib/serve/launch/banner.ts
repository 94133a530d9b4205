/** What a server prints on stderr when it has started. */

export type Banner = {
  /** The server's name and version, and the names of its tools. */
  server: { name: string; version: string; tools: readonly { name: string }[] };
  /** The APS sign-in, in a few words. */
  apsSignIn: string;
  /** Where APS is, in words. */
  aps: string;
  /** Where browsers come back to from Autodesk, if they do. */
  callbackUrl?: string;
  /** Where the state of users is kept, in words; undefined for a server that keeps none. */
  store?: string;
};

export type HttpBanner = Banner & {
  /** The origin that clients use. */
  publicUrl: string;
  /** Where it listens, e.g. `http://localhost:5000`. */
  listensOn: string;
  /** Its other names, which clients can use too, unless they sign in. */
  alsoAs: readonly string[];
  /** Whether clients sign in: their tokens are for one address. */
  clientsSignIn?: boolean;
  /** Names besides those of this machine under which clients can call it. */
  allowedHosts?: readonly string[];
  /** Where browsers come back to from the OpenID provider, if they do. */
  identityCallbackUrl?: string;
  /** Who can call, in words. */
  whoCanCall: string;
  /** A header that clients must send. */
  header?: string;
  /** A command that prints an access token, where clients need one and there is such a command. */
  tokenCommand?: string;
};

export function httpBanner(banner: HttpBanner): string {
  const { listensOn, alsoAs, allowedHosts = [], callbackUrl, identityCallbackUrl } = banner;
  const { apsSignIn, aps, whoCanCall, header, tokenCommand } = banner;
  const { hostname, port } = new URL(banner.publicUrl);
  // Every address of this machine, which is none that a client can use.
  const isEverywhere = hostname === '0.0.0.0' || hostname === '[::]';
  const publicUrl = isEverywhere ? `http://localhost:${port}` : banner.publicUrl;
  const address = `${publicUrl}/mcp`;
  const names = banner.clientsSignIn
    ? 'use exactly this: clients can sign in at no other address'
    : alsoAs.length > 0 && `also as ${alsoAs.join(' and ')}`;
  return [
    title(banner),
    `  Address       ${address}${names ? `  (${names})` : ''}`,
    ...(isEverywhere ? [`  Elsewhere     ${elsewhere(allowedHosts, port)}`] : []),
    ...(publicUrl === listensOn ? [] : [`  Listens on    ${listensOn}`]),
    ...(callbackUrl ? [`  Callback URL  ${callbackUrl}`] : []),
    ...(identityCallbackUrl ? [`  Redirect URI  ${identityCallbackUrl}  (at the OpenID provider)`] : []),
    `  APS sign-in   ${apsSignIn}`,
    `  APS           ${aps}`,
    ...storeLine(banner),
    `  Who can call  ${whoCanCall}`,
    '',
    ...(header
      ? ['Connect an MCP client to this address. It must send the header:', `  ${header}`]
      : [
          'Connect an MCP client to this address, or try it in a second terminal:',
          `  npx @wong2/mcp-cli --url ${address}`,
        ]),
    ...(tokenCommand
      ? ['To get an access token for a client that cannot sign in:', `  ${tokenCommand}`]
      : []),
    'Press Ctrl-C to stop the server.',
  ].join('\n');
}

/** How to call a server that listens on every address, from another machine. */
function elsewhere(allowedHosts: readonly string[], port: string): string {
  return allowedHosts.length > 0
    ? allowedHosts.map((name) => `http://${name}:${port}/mcp`).join(' or ')
    : 'requests get 403: list the names or addresses that clients use in MCP_ALLOWED_HOSTS';
}

export function stdioBanner(banner: Banner): string {
  return [
    title(banner),
    '  Transport     stdio',
    ...(banner.callbackUrl ? [`  Callback URL  ${banner.callbackUrl}`] : []),
    `  APS sign-in   ${banner.apsSignIn}`,
    `  APS           ${banner.aps}`,
    ...storeLine(banner),
  ].join('\n');
}

function storeLine({ store }: Banner): string[] {
  return store === undefined ? [] : [`  Store         ${store}`];
}

function title({ server: { name, version, tools } }: Banner): string {
  return `${name} ${version}\n  Tools         ${tools.map((tool) => tool.name).join(', ')}`;
}
