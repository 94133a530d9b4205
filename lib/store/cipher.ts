/** Authenticated encryption of what leaves the process. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** In bytes. A shorter tag, which Node.js would take too, is easier to guess. */
const tagLength = 16;

/**
 * Encrypts with AES-256-GCM (NIST SP 800-38D): a random nonce, the tag and the ciphertext, in base64url.
 *
 * @param context - what it is bound to: it decrypts with the same only
 */
export function encrypt(plain: Uint8Array, key: Uint8Array, context: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
}

/** What was encrypted; undefined for anything else. */
export function decrypt(text: string, key: Uint8Array, context: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: tagLength })
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  } catch {
    return undefined;
  }
}
