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
export const defaultScopes: readonly string[] = ['mcp:tools'];
