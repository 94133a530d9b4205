/**
 * Values that this server hands out and gets back, which nobody else can read or make: sign-ins under way, forms,
 * authorization codes. The browser or client carries them; the server stores nothing.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { z } from 'zod';

/** Gives a key of 32 bytes that is used for `purpose` and nothing else. */
export type Keys = (purpose: string) => Uint8Array;

/** What keys are for: all instances of a deployment say the same, and no other server does. */
export type KeyOwner = {
  /** The name of the server on the command line. */
  server: string;
  /** Its origin, as clients and browsers see it. */
  origin: string;
};

/**
 * Derives keys from one secret (HKDF, RFC 5869). Servers that share a secret, and differ in name or origin, have nothing else
 * in common: neither can open what the other sealed.
 *
 * @param secret - shared by the instances of a deployment, so that each can open what another sealed; random if undefined
 */
export function createKeys(secret: string | undefined, owner: KeyOwner): Keys {
  return derived(secret ?? randomBytes(32), [owner.server, owner.origin]);
}

/** Keys that this process alone knows. */
export function randomKeys(): Keys {
  return derived(randomBytes(32), []);
}

function derived(secret: string | Buffer, context: readonly string[]): Keys {
  return (purpose) => {
    // As JSON, so that no two lists are the same text.
    const info = JSON.stringify(['aps-mcp-servers', ...context, purpose]);
    return new Uint8Array(hkdfSync('sha256', secret, '', info, 32));
  };
}

export type Sealed<T> = {
  /**
   * Seals `content`. The text has only letters, digits, `-`, `_` and `.`, which APS allows in `state`.
   *
   * @param expiresAt - in milliseconds since 1970; after the usual lifetime, if left out
   */
  seal(content: T, expiresAt?: number): Promise<string>;
  /** What was sealed, and when it expires; undefined for anything else, and for what has expired. */
  open(text: string): Promise<{ content: T; expiresAt: number } | undefined>;
};

/**
 * Seals values of one kind: JWE, direct encryption with A256GCM (RFC 7516; RFC 7519).
 *
 * @param purpose - what is sealed: nothing sealed for one purpose opens for another
 * @param lifetime - in seconds
 * @param now - the clock, in milliseconds since 1970
 */
export function createSealed<T extends Record<string, unknown>>(
  keys: Keys,
  purpose: string,
  schema: z.ZodType<T>,
  lifetime: number,
  now: () => number = () => Date.now(),
): Sealed<T> {
  let derived: Uint8Array | undefined;
  const key = () => {
    derived ??= keys(purpose);
    return derived;
  };
  return {
    seal: (content, expiresAt = now() + lifetime * 1000) =>
      new EncryptJWT({ content })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .encrypt(key()),

    async open(text) {
      try {
        const { payload } = await jwtDecrypt(text, key(), {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
          requiredClaims: ['exp'],
          currentDate: new Date(now()),
        });
        return { content: schema.parse(payload.content), expiresAt: (payload.exp ?? 0) * 1000 };
      } catch {
        return undefined;
      }
    },
  };
}
