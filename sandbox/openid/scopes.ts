// The scopes of the OpenID provider.

/** Descriptions for the sign-in page. */
export const scopesInWords: ReadonlyMap<string, string> = new Map([
  ['openid', 'Know who you are'],
  ['profile', 'See your name and user name'],
  ['email', 'See your email address'],
  ['offline_access', 'Stay signed in while you are away'],
  ['mcp:tools', 'Use the tools of an MCP server on your behalf'],
]);

export const scopesSupported: readonly string[] = [...scopesInWords.keys()];

/** The scopes of a request without `scope` (RFC 6749 section 3.3). */
const defaultScopes = ['mcp:tools'];

/** The scopes in a space-separated list, each once. Ignores unknown ones (OpenID Connect Core section 3.1.2.1). */
export function readScopes(list: string | undefined): readonly string[] {
  if (list === undefined) return defaultScopes;
  const asked = new Set(list.split(' '));
  return scopesSupported.filter((scope) => asked.has(scope));
}
