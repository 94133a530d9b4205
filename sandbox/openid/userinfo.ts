// The profile of the employee behind an access token (OpenID Connect Core section 5.3).
import { Hono } from 'hono';
import { bearerToken } from '../bearer.ts';
import type { SandboxEnv } from '../request-log.ts';
import { employees } from './employees.ts';
import { words } from './habits.ts';
import { issuerOf } from './issuer.ts';
import type { OpenIdState } from './state.ts';

/**
 * Accepts any access token of this provider with the scope openid, whatever its audience: a client uses one token for
 * the MCP server and for userinfo. The scopes determine the claims (section 5.4).
 */
export function userinfoRoutes({ habits, tokens }: Pick<OpenIdState, 'habits' | 'tokens'>): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  if (habits.paths.userinfo === undefined) return routes;

  routes.on(['GET', 'POST'], habits.paths.userinfo, async (c) => {
    const token = bearerToken(c);
    if (token === undefined) return refused(401);
    const claims = await tokens.verify(token, issuerOf(c, habits));
    const employee = employees.find((one) => habits.subject(one) === claims?.sub);
    if (claims === undefined || employee === undefined) return refused(401, 'error="invalid_token"');
    c.set('tokenId', claims.jti);
    const scopes = Array.isArray(claims.scp) ? claims.scp : words(String(claims.scope));
    if (!scopes.includes('openid')) return refused(403, 'error="insufficient_scope", scope="openid"');

    const { name, preferred_username, email } = employee;
    return c.json(
      {
        sub: claims.sub,
        ...(scopes.includes('profile') ? { name, preferred_username } : {}),
        ...(scopes.includes('email') ? { email, email_verified: true } : {}),
      },
      200,
      { 'cache-control': 'no-store' },
    );
  });

  return routes;
}

/** RFC 6750 section 3. Without credentials, the challenge has no error code. */
function refused(status: 401 | 403, parameters = ''): Response {
  return new Response(null, { status, headers: { 'www-authenticate': `Bearer ${parameters}`.trim() } });
}
