// Keycloak 26 as it is installed, without its experimental resource indicators. Emulated from documents and reports, not
// tried.
//
// keycloak.org/securing-apps/mcp-authz-server: it does not know `resource`; a client scope with an Audience mapper puts the
//   address of the server into `aud`.
// phasetwo.io/tutorials/clients/audience: where `aud` comes from, "account" on a new realm, none without either.
// keycloak.org, Upgrading Guide, 25.0.0: `nonce` is in the ID token only; before, it was in access tokens too.
// Clients that register themselves are refused until their hosts are trusted: github.com/dnotitia/akb/issues/635.
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

const realm = `${path}/realms/works`;
const endpoints = `${realm}/protocol/openid-connect`;
const scopesKnown = [
  ...standardScopes,
  'basic',
  'roles',
  'acr',
  'web-origins',
  'address',
  'phone',
  toolsScope,
];

/** A user id. */
function subject({ sub }: Employee): string {
  return `5f0c7e52-5bc0-4000-8000-${sub.replace(/\D/g, '').padStart(12, '0')}`;
}

/** What the Audience mappers of the scope add to what every token is for. */
function audienceFor(apis: readonly string[]): string[] {
  return [...apis, 'account'];
}

export const habits: Habits = {
  paths: {
    issuer: realm,
    authorize: `${endpoints}/auth`,
    token: `${endpoints}/token`,
    jwks: `${endpoints}/certs`,
    userinfo: `${endpoints}/userinfo`,
    register: `${realm}/clients-registrations/openid-connect`,
    discovery: [
      `${realm}/.well-known/openid-configuration`,
      `/.well-known/oauth-authorization-server${realm}`,
    ],
  },
  metadata: {
    scopes_supported: scopesKnown,
    code_challenge_methods_supported: ['plain', 'S256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
  },

  target({ scope, client }, apis) {
    const scopes = words(scope);
    if (!scopes.every((named) => scopesKnown.includes(named))) {
      return { error: 'invalid_scope', description: `Invalid scopes: ${scope}` };
    }
    // The mapper belongs to the scope: no scope, no audience.
    const audience = scopes.includes(toolsScope) ? audienceFor([...apis]) : 'account';
    return { scopes, audience, shown: client.name ?? client.clientId };
  },
  tokenRequest: (form, consent, grant) =>
    grant === 'refresh_token' ? noMoreScopes(form, consent) : undefined,

  accessToken: ({ issuer, employee, clientId, audience, scopes, tokenId, iat, exp }) => ({
    exp,
    iat,
    auth_time: iat,
    jti: tokenId,
    iss: issuer,
    aud: audience as string | string[],
    sub: subject(employee),
    typ: 'Bearer',
    azp: clientId,
    sid: `session-of-${employee.sub}`,
    acr: '1',
    realm_access: { roles: ['offline_access', 'default-roles-works', 'uma_authorization'] },
    // `profile` and `email` are default scopes of every client.
    scope: words([...scopes, 'profile', 'email'].join(' ')).join(' '),
    email_verified: true,
    name: employee.name,
    preferred_username: employee.preferred_username,
    email: employee.email,
  }),
  accessTokenType: 'JWT',
  usualAudience: (_issuer, apis) => audienceFor(apis),
  subject,
  grantedScope: (scopes) => words([...scopes, 'profile', 'email'].join(' ')).join(' '),
  // Without offline_access, it lasts as long as the session.
  refreshable: () => true,
  refreshTokens: 'joined',
  sendsIssuer: true,
  refusesRegistration: () =>
    Response.json(
      {
        error: 'insufficient_scope',
        error_description:
          "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted.",
      },
      { status: 403 },
    ),
  clientIdPrefix: '',
  registeredClients: [registeredClient('mcp-client')],
  serverClient: serverClient('mcp-server'),
  // It publishes the key for encryption beside the one for signatures.
  publishedKey: (jwk) => [{ ...jwk, kid: `${jwk.kid}-enc`, use: 'enc', alg: 'RSA-OAEP' }, jwk],
  settings: (issuer) => ({ MCP_AUTH_ISSUER: issuer, MCP_AUTH_SCOPES: toolsScope }),
};
