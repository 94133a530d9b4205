// Okta, with the custom authorization server that is called default. Emulated from documents and reports, not tried.
//
// developer.okta.com/docs/guides/customize-authz-server: each authorization server has its own audience, scopes and
//   policies; help.okta.com, "Create an authorization server": the audience of its access tokens is a setting.
// devforum.okta.com/t/10987: scp is an array. A token in full: groups.google.com/g/rabbitmq-users/c/O3GdCKf8soM.
// The registration endpoint is that of the organization, and takes an administrator's token only:
//   github.com/modelcontextprotocol/modelcontextprotocol/issues/695, github.com/envoyproxy/ai-gateway/issues/2074.
// Its metadata has the well-known part at the end: github.com/MCPJam/inspector/issues/1002,
//   github.com/agentgateway/agentgateway/pull/1831.
// The words for unknown scopes: support.okta.com, "One or more scopes are not configured". `state` is required, of letters,
//   digits and . , _ -: support.okta.com, "The Authentication Request Has an Invalid state Parameter".
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

const issuer = `${path}/oauth2/default`;
const audience = 'api://default';
const scopesKnown = [...standardScopes, 'address', 'phone', 'device_sso', toolsScope];

export const habits: Habits = {
  paths: {
    issuer,
    authorize: `${issuer}/v1/authorize`,
    token: `${issuer}/v1/token`,
    jwks: `${issuer}/v1/keys`,
    userinfo: `${issuer}/v1/userinfo`,
    register: `${path}/oauth2/v1/clients`,
    discovery: [
      `${issuer}/.well-known/openid-configuration`,
      `${issuer}/.well-known/oauth-authorization-server`,
    ],
  },
  metadata: {
    scopes_supported: scopesKnown.filter((scope) => scope !== toolsScope),
    token_endpoint_auth_methods_supported: [
      ...['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
    ],
  },

  target({ scope, state }) {
    if (!/^[\w.,-]+$/.test(state ?? '')) {
      return {
        error: 'invalid_request',
        description: "The authentication request has an invalid 'state' parameter.",
      };
    }
    const scopes = words(scope);
    if (scopes.length === 0) {
      return { error: 'invalid_scope', description: "The authentication request has no 'scope' parameter." };
    }
    if (!scopes.every((named) => scopesKnown.includes(named))) {
      return {
        error: 'invalid_scope',
        description: 'One or more scopes are not configured for the authorization server resource.',
      };
    }
    // `resource` makes no difference: the audience belongs to the authorization server.
    return { scopes, audience, shown: audience };
  },
  tokenRequest: (form, consent, grant) =>
    grant === 'refresh_token' ? noMoreScopes(form, consent) : undefined,

  accessToken: ({ issuer: iss, employee, clientId, audience: aud, scopes, tokenId, iat, exp }) => ({
    ver: 1,
    jti: `AT.${tokenId}`,
    iss,
    aud: aud as string,
    iat,
    exp,
    cid: clientId,
    uid: `00u${employee.sub}`,
    scp: [...scopes],
    auth_time: iat,
    sub: employee.email,
  }),
  accessTokenType: undefined,
  usualAudience: () => audience,
  subject: ({ email }) => email,
  grantedScope: (scopes) => scopes.join(' '),
  refreshable: (scopes) => scopes.includes('offline_access'),
  refreshTokens: 'replaced',
  sendsIssuer: false,
  refusesRegistration: () =>
    Response.json(
      {
        errorCode: 'E0000005',
        errorSummary: 'Invalid session',
        errorLink: 'E0000005',
        errorId: 'sandbox',
        errorCauses: [],
      },
      { status: 403 },
    ),
  clientIdPrefix: '',
  registeredClients: [registeredClient('0oasandboxmcpclient1')],
  serverClient: serverClient('0oasandboxmcpserver1'),
  publishedKey: (jwk) => [jwk],
  settings: (own) => ({
    MCP_AUTH_ISSUER: own,
    MCP_AUTH_AUDIENCE: audience,
    MCP_AUTH_SCOPES: toolsScope,
    MCP_AUTH_SUBJECT_CLAIM: 'uid',
  }),
};
