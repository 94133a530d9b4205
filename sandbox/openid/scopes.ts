// The scopes of the OpenID provider.

/** What each allows, as the sign-in page says it. */
export const scopesInWords: ReadonlyMap<string, string> = new Map([
  ['openid', 'Know that it is you'],
  ['profile', 'See your name and your user name'],
  ['email', 'See your email address'],
  ['offline_access', 'Stay signed in when you are not there'],
  ['mcp:tools', 'Use the tools of an MCP server for you'],
]);

export const scopesSupported: readonly string[] = [...scopesInWords.keys()];

/** What counts as asked for in a request without `scope` (RFC 6749 section 3.3). */
const defaultScopes = ['mcp:tools'];

/** The scopes of a space-separated list, each once. Unknown ones are left out (OpenID Connect Core section 3.1.2.1). */
export function readScopes(list: string | undefined): readonly string[] {
  if (list === undefined) return defaultScopes;
  const asked = new Set(list.split(' '));
  return scopesSupported.filter((scope) => asked.has(scope));
}
