// The JWT bearer grant: a three-legged token for a service account that signed an assertion (RFC 7523 section 2.1).
import { createHash } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { oauthError } from '../errors.ts';
import { parseScopes } from '../scopes.ts';
import type { ServiceAccounts } from '../service-account-store.ts';
import type { Grant } from './grant.ts';

/** How far ahead an assertion may expire. */
const longestLifeSeconds = 300;

const scopeClaim = z.array(z.string().regex(/^\S+$/)).min(1);

/**
 * https://aps.autodesk.com/en/docs/ssa/v1/developers_guide/jwt-assertions/
 *
 * Checks what that page requires of an assertion, with no clock tolerance, to expose clients whose clock runs ahead.
 * The audience is the sandbox's own token endpoint, as the client addressed it: an assertion for the sandbox is never
 * valid at APS, or the reverse. An assertion works once. The page does not say so, but RFC 7523 section 3 allows it,
 * and no client needs to reuse one.
 */
export function createJwtBearer(now: () => number, serviceAccounts: ServiceAccounts): Grant {
  const used = createReplayGuard(now);

  return async ({ application, form, tokenEndpoint }) => {
    if (!application.serverToServer) {
      return oauthError(
        403,
        'unauthorized_client',
        'Only a server-to-server application can have service accounts.',
      );
    }
    const assertion = form.get('assertion');
    if (assertion === null) return oauthError(400, 'invalid_request', 'assertion is missing.');

    const header = readHeader(assertion);
    if (header === undefined) return refused('The assertion is not a JWT.');
    if (header.alg !== 'RS256') return refused('The assertion must be signed with RS256.');
    if (header.kid === undefined) return refused('The header of the assertion has no kid.');
    const found = serviceAccounts.findKey(header.kid);
    // The same error for another application's key, so that nobody learns that it exists.
    if (found === undefined || found.account.owner !== application.clientId) {
      return refused('The application has no service account key with this kid.');
    }
    const { account, key } = found;
    if (key.status !== 'ENABLED') return refused('The key is disabled.');
    if (serviceAccounts.statusOf(account) !== 'ENABLED')
      return refused('The service account is not enabled.');

    let claims: JWTPayload;
    try {
      const verified = await jwtVerify(assertion, key.publicKey, {
        algorithms: ['RS256'],
        issuer: application.clientId,
        subject: account.id,
        audience: tokenEndpoint,
        requiredClaims: ['exp', 'scope'],
        currentDate: new Date(now()),
      });
      claims = verified.payload;
    } catch (error) {
      return refused(reason(error, tokenEndpoint));
    }
    const { exp = 0, iat, jti } = claims;
    if (exp * 1000 > now() + longestLifeSeconds * 1000) {
      return refused(`exp is more than ${longestLifeSeconds} seconds in the future.`);
    }
    if (iat !== undefined && iat * 1000 > now()) return refused('iat is in the future.');

    const claimed = scopeClaim.safeParse(claims.scope);
    if (!claimed.success) return refused('The scope claim must be a list of at least one scope.');
    const allowed = parseScopes(claimed.data.join(' '));
    if (allowed instanceof Response) return allowed;
    const requested = parseScopes(form.get('scope') ?? '');
    if (requested instanceof Response) return requested;
    const excess = requested.filter((scope) => !allowed.includes(scope));
    if (excess.length > 0) {
      return oauthError(400, 'invalid_scope', `The assertion does not claim ${excess.join(' ')}.`);
    }

    if (used(assertion, jti === undefined ? undefined : `${account.id} ${jti}`, exp)) {
      return refused('The assertion was already used.');
    }
    account.accessedAt = now();
    key.accessedAt = now();
    return { scopes: requested.length > 0 ? requested : allowed, userId: account.id };
  };
}

/** A function that returns whether an assertion, or its `jti`, was seen before. It remembers both until `exp`. */
function createReplayGuard(
  now: () => number,
): (assertion: string, jti: string | undefined, exp: number) => boolean {
  const seen = new Map<string, number>();
  return (assertion, jti, exp) => {
    for (const [key, until] of seen) if (until * 1000 <= now()) seen.delete(key);
    const keys = [createHash('sha256').update(assertion).digest('base64url')];
    if (jti !== undefined) keys.push(`jti ${jti}`);
    if (keys.some((key) => seen.has(key))) return true;
    for (const key of keys) seen.set(key, exp);
    return false;
  };
}

function readHeader(assertion: string): { alg?: string; kid?: string } | undefined {
  try {
    return decodeProtectedHeader(assertion);
  } catch {
    return undefined;
  }
}

/** Why verification failed. */
function reason(error: unknown, tokenEndpoint: string): string {
  if (error instanceof errors.JWTExpired) return 'The assertion has expired.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature does not match the key.';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'The assertion is not a JWT.';
  if (error.reason === 'missing') return `The claim ${error.claim} is missing.`;
  switch (error.claim) {
    case 'iss':
      return 'iss is not the client ID of the application.';
    case 'sub':
      return 'sub is not the service account that owns the key.';
    case 'aud':
      return `aud is not ${tokenEndpoint}.`;
    case 'nbf':
      return 'nbf is in the future.';
    default:
      return `The claim ${error.claim} is not valid.`;
  }
}

function refused(description: string): Response {
  return oauthError(400, 'invalid_grant', description);
}
