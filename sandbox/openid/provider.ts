// The OpenID provider of a made-up company, where MCP clients sign in. It is unrelated to APS.
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { SandboxEnv } from '../request-log.ts';
import { authorizeRoutes } from './authorize.ts';
import type { Habits } from './habits.ts';
import { issuerOf, path } from './issuer.ts';
import { registrationRoutes } from './registration.ts';
import type { OpenIdState } from './state.ts';
import { tokenRoutes } from './token.ts';
import { userinfoRoutes } from './userinfo.ts';

/** `lifetimeSeconds` returns the lifetime of access tokens issued now. */
export function openIdRoutes(
  state: OpenIdState,
  { now, lifetimeSeconds }: { now: () => number; lifetimeSeconds: () => number },
): Hono<SandboxEnv> {
  const { habits } = state;
  const { discovery, jwks, register, token, userinfo } = habits.paths;
  const routes = new Hono<SandboxEnv>();
  // CORS is for clients in web pages. The sign-in page must not have it (RFC 9700 section 2.6).
  for (const direct of [...discovery, jwks, register, token, userinfo].filter((it) => it !== undefined))
    routes.use(direct, cors({ exposeHeaders: ['www-authenticate'] }));
  routes.use(`${path}/*`, methodNotAllowed({ app: routes }));

  for (const place of discovery) routes.get(place, (c) => c.json(metadata(issuerOf(c, habits), habits)));
  routes.get(jwks, async (c) => c.json(await state.tokens.jwks()));
  routes.route('/', registrationRoutes(state, now));
  routes.route('/', authorizeRoutes(state));
  routes.route('/', tokenRoutes(state, lifetimeSeconds));
  routes.route('/', userinfoRoutes(state));
  routes.all(`${path}/*`, (c: Context) =>
    c.json({ problem: 'The OpenID provider does not have this path.' }, 404),
  );
  return routes;
}

/** OpenID Connect Discovery section 3, and RFC 8414 section 2. */
function metadata(issuer: string, { paths, metadata: own }: Habits) {
  const { origin } = new URL(issuer);
  const at = (path: string | undefined) => (path === undefined ? undefined : `${origin}${path}`);
  return {
    issuer,
    authorization_endpoint: at(paths.authorize),
    token_endpoint: at(paths.token),
    registration_endpoint: at(paths.register),
    jwks_uri: at(paths.jwks),
    userinfo_endpoint: at(paths.userinfo),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    // True if left out (OpenID Connect Discovery section 3).
    request_uri_parameter_supported: false,
    ...own,
  };
}
