/** What the keys of a server are derived from. */
import { randomBytes } from 'node:crypto';
import type { Store } from '../../store/store.ts';

const key = 'session-secret:shared';

/** Ten years, in seconds. */
const lifetime = 10 * 365 * 24 * 3600;

/**
 * The secrets of `SESSION_SECRET`, newest first. Without any, one is kept in the store: instances that share the store agree on it,
 * and it outlasts a restart as far as the store does. A secret in the store is always accepted as the oldest: nobody can read it
 * out, and what was made with it remains valid after `SESSION_SECRET` is set.
 */
export async function sessionSecrets(
  given: readonly string[],
  store: Store,
): Promise<readonly [string, ...string[]]> {
  const secret = randomBytes(32).toString('base64url');
  if (given.length === 0) await store.add(key, secret, lifetime);
  const stored = await store.get(key);
  const [newest, ...older] = typeof stored === 'string' ? [...given, stored] : given;
  if (newest !== undefined) return [newest, ...older];
  // What is kept there was not written by this deployment.
  await store.set(key, secret, lifetime);
  return [secret];
}
