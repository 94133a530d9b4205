// The profile of the user or service account behind a token.
import { Hono } from 'hono';
import { liveToken } from './bearer.ts';
import { gatewayError } from './errors.ts';
import { findUser } from './people.ts';
import type { SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';

/** Published rate limit for each application. */
const callsPerMinute = 500;

/** When each profile was last changed, in seconds since the epoch. */
const updatedAt = Date.UTC(2025, 2, 3, 9, 30) / 1000;

/**
 * https://aps.autodesk.com/en/docs/profile/v1/reference/profile/oidcuserinfo/
 *
 * APS serves it on a separate host, https://api.userprofile.autodesk.com. Any three-legged token works, without a
 * particular scope, as that page says. That this includes service accounts is inferred: their tokens are three-legged.
 */
export function userinfoRoutes(state: SandboxState): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  routes.get('/userinfo', (c) => {
    const token = liveToken(c, state.tokens);
    if (token instanceof Response) return token;
    const refused = state.rateLimits.count(`userinfo ${token.clientId}`, callsPerMinute);
    if (refused !== undefined) return refused;
    const user = findUser(state, token.userId ?? '');
    if (user === undefined) return gatewayError('AUTH-006');
    const { userId, name, givenName, familyName, email, emailVerified, locale } = user;
    const [language, country] = locale.split('-');
    return c.json(
      {
        sub: userId,
        name,
        given_name: givenName,
        family_name: familyName,
        preferred_username: email,
        email,
        email_verified: emailVerified,
        locale,
        updated_at: updatedAt,
        is_2fa_enabled: false,
        country_code: country,
        language,
        eidm_guid: userId,
      },
      200,
      { 'cache-control': 'no-store' },
    );
  });

  return routes;
}
