// The provider by itself, like no other: what the specifications say, and no more.

import { type Habits, noMoreScopes, sameResource, serverClient, toolsScope, words } from '../habits.ts';
import { path } from '../issuer.ts';
import { defaultScopes, scopesSupported } from '../scopes.ts';

/** The audience of a token that was requested without one. */
function ownAudience(issuer: string): string {
  return `${issuer}/userinfo`;
}

export const habits: Habits = {
  paths: {
    issuer: path,
    authorize: `${path}/authorize`,
    token: `${path}/token`,
    jwks: `${path}/jwks`,
    userinfo: `${path}/userinfo`,
    register: `${path}/register`,
    // OpenID Connect Discovery section 4, RFC 8414 section 3.1, and a mix of both.
    discovery: [
      `${path}/.well-known/openid-configuration`,
      `/.well-known/oauth-authorization-server${path}`,
      `/.well-known/openid-configuration${path}`,
    ],
  },
  metadata: {
    scopes_supported: scopesSupported,
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
  },
  target({ scope, resource, issuer }) {
    const asked = scope === undefined ? defaultScopes : words(scope);
    // Ignores unknown ones (OpenID Connect Core section 3.1.2.1).
    const scopes = scopesSupported.filter((supported) => asked.includes(supported));
    if (scopes.length === 0) {
      return { error: 'invalid_scope', description: 'scope lists no supported scope.' };
    }
    const audience = resource ?? ownAudience(issuer);
    return { scopes, audience, shown: audience };
  },
  tokenRequest: (form, consent, grant) =>
    // Without a resource in the authorization request, the token is for the provider itself.
    sameResource(form, { ...consent, resource: consent.resource ?? String(consent.audience) }) ??
    (grant === 'refresh_token' ? noMoreScopes(form, consent) : undefined),
  accessToken: ({ issuer, employee, clientId, audience, scopes, tokenId, iat, exp }) => ({
    iss: issuer,
    ...employee,
    aud: audience as string,
    exp,
    iat,
    jti: tokenId,
    client_id: clientId,
    scope: scopes.join(' '),
  }),
  accessTokenType: 'at+jwt',
  usualAudience: ownAudience,
  subject: ({ sub }) => sub,
  grantedScope: (scopes) => scopes.join(' '),
  refreshable: (scopes) => scopes.includes('offline_access'),
  refreshTokens: 'replaced',
  sendsIssuer: true,
  refusesRegistration: undefined,
  clientIdPrefix: 'client-',
  registeredClients: [],
  serverClient: serverClient('mcp-server'),
  publishedKey: (jwk) => [jwk],
  settings: (issuer) => ({ MCP_AUTH_ISSUER: issuer, MCP_AUTH_SCOPES: toolsScope }),
};
