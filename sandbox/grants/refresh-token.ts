// The refresh token grant: new tokens for a user who signed in before (RFC 6749 section 6).
import { oauthError } from '../errors.ts';
import { parseScopes } from '../scopes.ts';
import type { SignIns } from '../sign-ins.ts';
import type { Grant } from './grant.ts';

/**
 * A refresh token is good for one exchange, and a new one comes with it. Whether APS ends the newer tokens too when
 * a spent one is presented is not published; here they go on working.
 */
export function createRefreshToken({ refreshTokens }: SignIns): Grant {
  return async ({ application, form }) => {
    const token = form.get('refresh_token');
    if (token === null) return oauthError(400, 'invalid_request', 'refresh_token is missing.');
    const consent = refreshTokens.find(token)?.thing;
    if (consent?.clientId !== application.clientId || consent.revoked) {
      return oauthError(
        400,
        'invalid_grant',
        'The refresh token is unknown, was used before, has expired, was revoked, or was issued to another client.',
      );
    }

    const narrower = form.get('scope');
    const scopes = narrower === null ? consent.scopes : parseScopes(narrower);
    if (scopes instanceof Response) return scopes;
    if (scopes.length === 0 || !scopes.every((scope) => consent.scopes.includes(scope))) {
      return oauthError(400, 'invalid_scope', 'scope must name scopes that the user allowed, at least one.');
    }
    refreshTokens.drop(token);
    return { scopes, userId: consent.userId, consent };
  };
}
