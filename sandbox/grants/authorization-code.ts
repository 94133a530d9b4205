// The authorization code grant, with and without PKCE: a token for a user who signed in (RFC 6749 section 4.1.3).
import { oauthError } from '../errors.ts';
import { pkcePattern, solves } from '../pkce.ts';
import type { SignIns } from '../sign-ins.ts';
import type { Grant } from './grant.ts';

/**
 * A code works once. Using it again is refused and revokes its tokens (RFC 6749 section 4.1.2). A failed exchange
 * leaves the code usable. What APS does in either case is not published.
 */
export function createAuthorizationCode({ codes }: SignIns): Grant {
  return async ({ application, form }) => {
    const code = form.get('code');
    const redirectUri = form.get('redirect_uri');
    const verifier = form.get('code_verifier');
    if (code === null) return oauthError(400, 'invalid_request', 'code is missing.');
    if (redirectUri === null) return oauthError(400, 'invalid_request', 'redirect_uri is missing.');
    if (verifier !== null && !pkcePattern.test(verifier)) {
      return oauthError(
        400,
        'invalid_request',
        'code_verifier must be 43 to 128 letters, digits, - . _ or ~',
      );
    }

    const found = codes.find(code)?.thing;
    if (found?.consent.clientId !== application.clientId) {
      return refused('The code is unknown, has expired, or was issued to another client.');
    }
    if (found.spent) {
      found.consent.revoked = true;
      return refused('The code was already used. Its tokens are revoked.');
    }
    if (found.consent.revoked) return refused('The user has withdrawn their consent.');
    if (found.redirectUri !== redirectUri) {
      return refused('redirect_uri does not match the authorization request.');
    }
    if (found.codeChallenge !== undefined && verifier === null) {
      return oauthError(400, 'invalid_request', 'code_verifier is missing.');
    }
    // RFC 9700 section 2.1.1: a verifier without a challenge is a sign of a PKCE downgrade attack.
    if (verifier !== null && !solves(verifier, found.codeChallenge)) {
      return refused('code_verifier does not match the code_challenge of the authorization request.');
    }
    found.spent = true;
    const { consent, nonce } = found;
    return { scopes: consent.scopes, userId: consent.userId, consent, nonce };
  };
}

function refused(description: string): Response {
  return oauthError(400, 'invalid_grant', description);
}
