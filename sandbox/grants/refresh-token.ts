// The refresh token grant: new tokens for a user who signed in before (RFC 6749 section 6).
import { oauthError } from '../errors.ts';
import { parseScopes } from '../scopes.ts';
import type { SignIns } from '../sign-ins.ts';
import type { Grant } from './grant.ts';

/**
 * A refresh token works once; each exchange returns a new one. Using an old one again leaves the newer ones valid.
 * What APS does then is not published.
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
        'The refresh token is unknown, used, expired, revoked, or was issued to another client.',
      );
    }

    const narrower = form.get('scope');
    const scopes = narrower === null ? consent.scopes : parseScopes(narrower);
    if (scopes instanceof Response) return scopes;
    if (scopes.length === 0 || !scopes.every((scope) => consent.scopes.includes(scope))) {
      return oauthError(
        400,
        'invalid_scope',
        'scope must list at least one scope, and only scopes that the user allowed.',
      );
    }
    refreshTokens.drop(token);
    return { scopes, userId: consent.userId, consent };
  };
}
