// The OpenID provider of a made-up company, where MCP clients sign in. It is unrelated to APS.
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { SandboxEnv } from '../request-log.ts';
import { authorizeRoutes } from './authorize.ts';
import { issuerOf, path } from './issuer.ts';
import { registrationRoutes } from './registration.ts';
import { scopesSupported } from './scopes.ts';
import type { OpenIdState } from './state.ts';
import { tokenRoutes } from './token.ts';
import { userinfoRoutes } from './userinfo.ts';

/** Where clients look for metadata: OpenID Connect Discovery section 4, RFC 8414 section 3.1, and a mix of both. */
const discoveryPaths = [
  `${path}/.well-known/openid-configuration`,
  `/.well-known/oauth-authorization-server${path}`,
  `/.well-known/openid-configuration${path}`,
];

/** The endpoints with CORS, for clients in web pages. The sign-in page must not have it (RFC 9700 section 2.6). */
const directPaths = [
  ...discoveryPaths,
  `${path}/jwks`,
  `${path}/register`,
  `${path}/token`,
  `${path}/userinfo`,
];

/** `lifetimeSeconds` returns the lifetime of access tokens issued now. */
export function openIdRoutes(
  state: OpenIdState,
  { now, lifetimeSeconds }: { now: () => number; lifetimeSeconds: () => number },
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  for (const direct of directPaths) routes.use(direct, cors({ exposeHeaders: ['www-authenticate'] }));
  routes.use(`${path}/*`, methodNotAllowed({ app: routes }));

  for (const discovery of discoveryPaths) routes.get(discovery, (c) => c.json(metadata(issuerOf(c))));
  routes.get(`${path}/jwks`, async (c) => c.json(await state.tokens.jwks()));
  routes.route('/', registrationRoutes(state.clients, now));
  routes.route('/', authorizeRoutes(state));
  routes.route('/', tokenRoutes(state, lifetimeSeconds));
  routes.route('/', userinfoRoutes(state.tokens));
  routes.all(`${path}/*`, (c: Context) =>
    c.json({ problem: 'The OpenID provider does not have this path.' }, 404),
  );
  return routes;
}

/** OpenID Connect Discovery section 3, and RFC 8414 section 2. */
function metadata(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/userinfo`,
    scopes_supported: scopesSupported,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_response_iss_parameter_supported: true,
    // True if left out (OpenID Connect Discovery section 3).
    request_uri_parameter_supported: false,
  };
}
