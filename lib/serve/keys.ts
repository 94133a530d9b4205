/** The keys of a deployment: one for each purpose, all from one secret. */
import { hkdfSync, randomBytes } from 'node:crypto';

/** Gives the key, 32 bytes, that is used for `purpose` and nothing else. */
export type Keys = (purpose: string) => Uint8Array;

/**
 * Derives keys (HKDF, RFC 5869).
 *
 * @param secret - shared by the instances of a deployment, so that each can read what another signed or sealed;
 *   random, and so of this process alone, if left out
 */
export function createKeys(secret: string | Buffer = randomBytes(32)): Keys {
  return (purpose) => new Uint8Array(hkdfSync('sha256', secret, '', `aps-mcp-servers ${purpose}`, 32));
}
