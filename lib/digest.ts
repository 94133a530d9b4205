/** What can be kept, shown or compared in place of a secret. */
import { createHash } from 'node:crypto';

/** The SHA-256 digest of a secret that nobody can guess, in base64url. */
export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
