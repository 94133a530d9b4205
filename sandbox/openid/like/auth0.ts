// Auth0, with Dynamic Client Registration and the Resource Parameter Compatibility Profile, which a tenant has to switch on.
// Emulated from documents and reports, not tried.
//
// auth0.com/docs/secure/tokens/access-tokens/access-token-profiles: iss with a slash at its end, azp, scope, and
//   userinfo as a second audience.
// auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile: `resource` takes the place of `audience`, and loses
//   to it where both are sent.
// support.auth0.com, "MCP Audience Error with Auth0": without either, clients that registered themselves are refused.
// github.com/aws-samples/ask-around-me/issues/2: an audience that is no API of the tenant.
// community.auth0.com/t/9169: other clients get a token that only the provider can read.
// auth0.com/docs/get-started/applications/dynamic-client-registration: open, at /oidc/register.
// auth0.com/docs/get-started/applications/third-party-applications/troubleshooting: ids of such clients start with tpc_.
// auth0.com/docs/secure/tokens/refresh-tokens: with offline_access, and not replaced unless rotation is on.
import type { Employee } from '../employees.ts';
import {
  type Habits,
  noMoreScopes,
  registeredClient,
  serverClient,
  standardScopes,
  toolsScope,
  words,
} from '../habits.ts';
import { path } from '../issuer.ts';

const thirdParty = 'tpc_';
const scopesKnown = [...standardScopes, toolsScope];

function subject({ sub }: Employee): string {
  return `auth0|${sub}`;
}

export const habits: Habits = {
  paths: {
    issuer: `${path}/`,
    authorize: `${path}/authorize`,
    token: `${path}/oauth/token`,
    jwks: `${path}/.well-known/jwks.json`,
    userinfo: `${path}/userinfo`,
    register: `${path}/oidc/register`,
    discovery: [`${path}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${path}`],
  },
  metadata: {
    scopes_supported: standardScopes,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  },

  target({ client, scope, resource, audience = resource, issuer }, apis) {
    const asked = words(scope);
    // Ignores unknown ones.
    const scopes = scopesKnown.filter((known) => asked.includes(known));
    if (audience === undefined) {
      if (client.clientId.startsWith(thirdParty)) {
        return {
          error: 'invalid_request',
          description:
            'The userinfo audience is not allowed for third party clients. Please specify a valid API audience.',
        };
      }
      return { scopes, audience: undefined, shown: `${issuer}userinfo` };
    }
    if (!apis.has(audience)) {
      return { error: 'access_denied', description: `Service not found: ${audience}` };
    }
    const both = scopes.includes('openid') ? [audience, `${issuer}userinfo`] : audience;
    return { scopes, audience: both, shown: audience };
  },
  tokenRequest: (form, consent, grant) =>
    grant === 'refresh_token' ? noMoreScopes(form, consent) : undefined,

  accessToken: ({ issuer, employee, clientId, audience, scopes, tokenId, iat, exp }) => ({
    iss: issuer,
    sub: subject(employee),
    aud: audience as string | string[],
    iat,
    exp,
    scope: scopes.join(' '),
    jti: tokenId,
    azp: clientId,
  }),
  accessTokenType: 'JWT',
  usualAudience: (_issuer, [first = '']) => first,
  subject,
  grantedScope: (scopes) => scopes.join(' '),
  refreshable: (scopes) => scopes.includes('offline_access'),
  refreshTokens: 'kept',
  sendsIssuer: false,
  refusesRegistration: undefined,
  clientIdPrefix: thirdParty,
  registeredClients: [registeredClient('sandboxFirstPartyMcpClient000001')],
  serverClient: serverClient('sandboxRegularWebMcpServer000001'),
  publishedKey: (jwk) => [{ ...jwk, x5t: jwk.kid }],
  settings: (issuer) => ({ MCP_AUTH_ISSUER: issuer, MCP_AUTH_SCOPES: toolsScope }),
};
