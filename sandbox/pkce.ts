// Proof Key for Code Exchange (RFC 7636), with the method S256.
import { createHash, timingSafeEqual } from 'node:crypto';

/** The syntax of `code_challenge` and `code_verifier` (RFC 7636 sections 4.1 and 4.2). */
export const pkcePattern = /^[\w.~-]{43,128}$/;

/** Whether a verifier matches the challenge of the authorization request (RFC 7636 section 4.6). */
export function solves(verifier: string, challenge: string | undefined): boolean {
  if (challenge === undefined) return false;
  const expected = Buffer.from(challenge);
  const given = Buffer.from(createHash('sha256').update(verifier).digest('base64url'));
  return expected.length === given.length && timingSafeEqual(expected, given);
}
