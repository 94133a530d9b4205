/**
 * The key that a store is encrypted with. It lies in the store itself, wrapped by `STORE_SECRET`: so the secret can be replaced
 * while names and values stay as they are.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { StartupError } from '../startup-error.ts';
import type { Backend } from './backend.ts';
import { decrypt, encrypt } from './cipher.ts';

const name = 'aps-mcp:data-key';

/** A hundred years, in seconds. */
const lifetime = 100 * 365 * 24 * 3600;

/**
 * The data key of a store, which is made if there is none. Instances that start at the same moment agree on one. A key that an
 * older secret wraps is wrapped by the newest.
 *
 * @param secrets - newest first
 * @throws {StartupError} if none of them is the one that wraps it
 * @throws {StoreUnavailable}
 */
export async function dataKeyOf(
  backend: Backend,
  secrets: readonly [string, ...string[]],
): Promise<Uint8Array> {
  const [newest] = secrets;
  const fresh = randomBytes(32);
  await backend.add(name, wrap(fresh, newest), lifetime);
  const wrapped = (await backend.get(name)) ?? '';
  for (const secret of secrets) {
    const key = unwrap(wrapped, secret);
    if (!key) continue;
    // Another instance may have done it at the same moment, with another nonce: both are right.
    if (secret !== newest) await backend.replace(name, wrapped, wrap(key, newest), lifetime);
    return key;
  }
  throw new StartupError(
    'STORE_SECRET is not the secret that this store was written with. Set that one, or put it behind the new one, after a ' +
      'comma. If it is lost, empty the store: people sign in once more.',
  );
}

/** Forgets the key, and with it all that the store has in it. */
export async function forgetDataKey(backend: Backend): Promise<void> {
  await backend.delete(name);
}

function wrappingKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'aps-mcp store: data key', 32));
}

function wrap(key: Uint8Array, secret: string): string {
  return encrypt(key, wrappingKey(secret), name);
}

function unwrap(text: string, secret: string): Uint8Array | undefined {
  return decrypt(text, wrappingKey(secret), name);
}
