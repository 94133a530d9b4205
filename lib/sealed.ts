/**
 * Values that this server hands out and gets back, which nobody else can read or make: sign-ins under way, forms,
 * authorization codes. The browser or client carries them; the server stores nothing.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { z } from 'zod';

/** Keys of 32 bytes, each for one purpose and nothing else. */
export type Keys = {
  /** The key with which values are made. */
  (purpose: string): Uint8Array;
  /** The keys with which values are accepted, newest first: that one, and those from before a secret was replaced. */
  all(purpose: string): readonly Uint8Array[];
};

/** What keys are for: all instances of a deployment say the same, and no other server does. */
export type KeyOwner = {
  /** The name of the server on the command line. */
  server: string;
  /** Its origin, as clients and browsers see it. */
  origin: string;
};

/**
 * Derives keys from secrets (HKDF, RFC 5869). Servers that share a secret, and differ in name or origin, have nothing else
 * in common: neither can open what the other sealed.
 *
 * @param secrets - shared by the instances of a deployment, so that each can open what another sealed; newest first
 */
export function createKeys(secrets: readonly [string, ...string[]], owner: KeyOwner): Keys {
  return derived(secrets, [owner.server, owner.origin]);
}

/** Keys that this process alone knows. */
export function randomKeys(): Keys {
  return derived([randomBytes(32)], []);
}

function derived([newest, ...older]: readonly [Secret, ...Secret[]], context: readonly string[]): Keys {
  const keyFrom = (secret: Secret) => (purpose: string) => {
    // As JSON, so that no two lists are the same text.
    const info = JSON.stringify(['aps-mcp-servers', ...context, purpose]);
    return new Uint8Array(hkdfSync('sha256', secret, '', info, 32));
  };
  const all = (purpose: string) => [newest, ...older].map((secret) => keyFrom(secret)(purpose));
  return Object.assign(keyFrom(newest), { all });
}

type Secret = string | Buffer;

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
  let derived: readonly Uint8Array[] | undefined;
  const keysToOpen = () => {
    derived ??= keys.all(purpose);
    return derived;
  };
  return {
    seal: (content, expiresAt = now() + lifetime * 1000) =>
      new EncryptJWT({ content })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .encrypt(keys(purpose)),

    async open(text) {
      try {
        const { payload } = await withAny(keysToOpen(), (key) =>
          jwtDecrypt(text, key, {
            keyManagementAlgorithms: ['dir'],
            contentEncryptionAlgorithms: ['A256GCM'],
            requiredClaims: ['exp'],
            currentDate: new Date(now()),
          }),
        );
        return { content: schema.parse(payload.content), expiresAt: (payload.exp ?? 0) * 1000 };
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * Tries `work` with each key, newest first, until it succeeds.
 *
 * @throws what the last one throws, if none fits
 */
export async function withAny<T>(
  keys: readonly Uint8Array[],
  work: (key: Uint8Array) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  for (const key of keys) {
    try {
      return await work(key);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
