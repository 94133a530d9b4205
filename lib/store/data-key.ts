/**
 * The key that a store is encrypted with. It is kept in the store itself, wrapped by `STORE_SECRET`, so that the secret can be
 * replaced while names and values stay as they are.
 */
import { hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { StartupError } from '../startup-error.ts';
import type { Backend } from './backend.ts';
import { decrypt, encrypt } from './cipher.ts';
import type { OwnSecret } from './file-secret.ts';
import { StoreUnavailable } from './store.ts';

const name = 'aps-mcp:data-key';

/** A hundred years, in seconds. */
const lifetime = 100 * 365 * 24 * 3600;

/** What wraps a data key: a secret of `STORE_SECRET`, or the store's own. The wrapped key says which. */
type Wrapping = { kind: 'given' | 'own'; secret: string };

/**
 * The data key of a store, which is made if there is none. Instances that start at the same moment agree on one. A key that an
 * older secret wraps is wrapped by the newest, and what could unwrap the older copy is deleted. If the store's own secret is
 * lost, so is the key, and another takes its place.
 *
 * @param given - the secrets of `STORE_SECRET`, newest first
 * @param own - the store's own secret, for a store that can do without `STORE_SECRET`
 * @throws {StartupError} if `STORE_SECRET` is missing, or none of its secrets is the one that wraps the key
 * @throws {SecretOutOfReach} if the store's own secret may be in a keychain that cannot be reached
 * @throws {StoreUnavailable}
 */
export async function dataKeyOf(
  backend: Backend,
  given: readonly string[],
  own?: OwnSecret,
): Promise<Uint8Array> {
  const [newest] = given;
  const wrapped = (await backend.get(name)) ?? (await newDataKey(backend, newest, own));
  const open = (secret: string | undefined) => (secret === undefined ? undefined : unwrap(wrapped, secret));
  const isOwn = own !== undefined && wrapped.startsWith('own.');
  const key = isOwn
    ? (open(await own.inFile()) ?? open(await own.inKeychain()))
    : given.map(open).find((opened) => opened !== undefined);

  if (key) {
    const isGiven = newest !== undefined && (await wrapByNewest(backend, { key, wrapped, isOwn, newest }));
    // Also what an older start has left: it opens older copies of the store.
    if (isGiven) await own?.remove();
    return key;
  }
  // What STORE_SECRET protects is never given up: it may only be missing from this start.
  if (!isOwn) throw new StartupError(newest === undefined ? missing : wrong);
  console.error("The store's secret is lost, and its sign-ins with it: sign in again.");
  // Only this key: another process may have made a new one by now.
  await backend.delete(name, wrapped);
  return dataKeyOf(backend, given, own);
}

/** Makes a data key, unless another instance has by now. */
async function newDataKey(
  backend: Backend,
  newest: string | undefined,
  own: OwnSecret | undefined,
): Promise<string> {
  const secret = newest ?? (await own?.findOrMake());
  if (secret === undefined) throw new StartupError(missing);
  const wrapping: Wrapping = { kind: newest === undefined ? 'own' : 'given', secret };
  await backend.add(name, wrap(randomBytes(32), wrapping), lifetime);
  return (await backend.get(name)) ?? '';
}

/** Says whether the newest secret wraps the key now. */
async function wrapByNewest(
  backend: Backend,
  { key, wrapped, isOwn, newest }: { key: Uint8Array; wrapped: string; isOwn: boolean; newest: string },
): Promise<boolean> {
  if (!isOwn && unwrap(wrapped, newest)) return true;
  // If another instance has replaced it at the same moment, the rest is left to that one.
  if (!(await backend.replace(name, wrapped, wrap(key, { kind: 'given', secret: newest }), lifetime)))
    return false;
  await backend.purge?.();
  return true;
}

/**
 * What a start would find, without a change to the store: no key yet, one that a secret unwraps, or one that the store's own secret
 * wraps, which is not tried.
 *
 * @throws {StartupError} as {@link dataKeyOf}
 * @throws {StoreUnavailable}
 */
export async function examineDataKey(
  backend: Pick<Backend, 'get'>,
  given: readonly string[],
): Promise<'none' | 'fits' | 'own'> {
  const wrapped = await backend.get(name);
  if (wrapped === undefined) return 'none';
  if (wrapped.startsWith('own.')) return 'own';
  if (given.some((secret) => unwrap(wrapped, secret))) return 'fits';
  throw new StartupError(given.length === 0 ? missing : wrong);
}

/**
 * Sees to it that the store still holds the data key in use, also when it has lost its data. Instances that start later then
 * read what this one writes.
 *
 * @param given - the secrets of `STORE_SECRET`, newest first
 * @throws {StoreUnavailable} if the store has another key by now: one made by an instance that started after the loss
 */
export async function keepDataKey(
  backend: Backend,
  key: Uint8Array,
  given: readonly [string, ...string[]],
): Promise<void> {
  await backend.add(name, wrap(key, { kind: 'given', secret: given[0] }), lifetime);
  const wrapped = (await backend.get(name)) ?? '';
  // A secret that this instance does not know has wrapped the same key: only the key itself says more.
  const others = given.map((secret) => unwrap(wrapped, secret)).filter((other) => other !== undefined);
  if (others.length > 0 && !others.some((other) => timingSafeEqual(other, key)))
    throw new StoreUnavailable(replaced);
}

const replaced =
  'The store has lost its data, and another instance has started anew with it. Restart this instance: what it writes can be ' +
  'read by no other.';

const missing =
  'STORE_SECRET is missing: this store is encrypted with it. For a new store, generate one with: openssl rand -base64 32';

const wrong =
  'STORE_SECRET is not the secret that this store was written with. Set that one, or put it after the new one and a ' +
  'comma. If it is lost, empty the store: people then sign in again. If the store belongs to another deployment, choose another: ' +
  'Redis has several databases, redis://HOST/1 for example.';

function wrappingKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'aps-mcp store: data key', 32));
}

function wrap(key: Uint8Array, { kind, secret }: Wrapping): string {
  return `${kind}.${encrypt(key, wrappingKey(secret), name)}`;
}

function unwrap(text: string, secret: string): Uint8Array | undefined {
  return decrypt(text.slice(text.indexOf('.') + 1), wrappingKey(secret), name);
}
