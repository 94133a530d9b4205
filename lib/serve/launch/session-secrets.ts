/** What the keys of a server are derived from. */
import { randomBytes } from 'node:crypto';
import type { Store } from '../../store/store.ts';

const key = 'session-secret:shared';

/** Ten years, in seconds. */
const lifetime = 10 * 365 * 24 * 3600;

/**
 * The secrets of `SESSION_SECRET`, newest first. Without any, one is kept in the store: instances that share the store agree on it,
 * and it outlasts a restart as far as the store does.
 */
export async function sessionSecrets(
  [newest, ...older]: readonly string[],
  store: Store,
): Promise<readonly [string, ...string[]]> {
  if (newest !== undefined) return [newest, ...older];
  const secret = randomBytes(32).toString('base64url');
  if (await store.add(key, secret, lifetime)) return [secret];
  const shared = await store.get(key);
  if (typeof shared === 'string') return [shared];
  await store.set(key, secret, lifetime);
  return [secret];
}
