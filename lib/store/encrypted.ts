/** How keys and values look outside the process: names that name nobody, and values that only this deployment can read. */
import { createHmac, hkdfSync } from 'node:crypto';
import { decrypt, encrypt } from './cipher.ts';
import type { Coding } from './store.ts';

/**
 * A key is `aps-mcp:KIND:` and an HMAC of the rest. A value is encrypted and bound to its key, so that nobody who can write to
 * the store can put one person's record in another's place.
 *
 * @param dataKey - 32 bytes
 */
export function encryptedCoding(dataKey: Uint8Array): Coding {
  const derived = (purpose: string) =>
    new Uint8Array(hkdfSync('sha256', dataKey, '', `aps-mcp store: ${purpose}`, 32));
  const [names, values] = [derived('names'), derived('values')];

  let hasComplained = false;

  function keyOf(key: string): string {
    const colon = key.indexOf(':');
    const rest = createHmac('sha256', names).update(key).digest('base64url');
    return `aps-mcp:${key.slice(0, colon)}:${rest}`;
  }

  return {
    keyOf,
    encode: (key, value) => encrypt(Buffer.from(JSON.stringify(value)), values, keyOf(key)),

    decode(key, text) {
      const plain = decrypt(text, values, keyOf(key));
      if (plain) return JSON.parse(Buffer.from(plain).toString());
      if (!hasComplained)
        console.error('Records in the store were not written by this deployment, and are ignored.');
      hasComplained = true;
      return undefined;
    },
  };
}
