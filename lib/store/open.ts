/** Opens the store at an address, and with it what only that kind of store needs. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartupError } from '../startup-error.ts';
import type { Backend } from './backend.ts';
import { dataKeyOf, forgetDataKey } from './data-key.ts';
import { encryptedCoding } from './encrypted.ts';
import { fileSecret, type Keychain, systemKeychain } from './file-secret.ts';
import { memoryStore } from './memory.ts';
import { createStore, type Store } from './store.ts';

/** A store, and where it is, in words. */
export type OpenedStore = { store: Store; where: string };

/** Why a store cannot be used at the start. */
const startupError = (error: unknown) =>
  error instanceof StartupError
    ? error
    : new StartupError(error instanceof Error ? error.message : String(error), { cause: error });

/**
 * Opens a store.
 *
 * @param url - `memory:`, `file:PATH`, `redis://…` or `rediss://…`
 * @param secrets - of `STORE_SECRET`, newest first. Redis needs one. A file without one has a secret of its own, in the keychain
 *   of the operating system or beside it.
 * @param keychainFor - the keychain for that secret
 * @throws {StartupError} when it cannot be opened, with what to do about it
 */
export async function openStore(
  url: string,
  secrets: readonly string[],
  keychainFor: (path: string) => Promise<Keychain | undefined> = systemKeychain,
): Promise<OpenedStore> {
  if (url === 'memory:') return { store: memoryStore(), where: 'in memory, until the server ends' };
  try {
    if (!url.startsWith('file:')) return await openRedis(url, secrets);
    const path = pathOf(url);
    return await openFile(path, secrets, keychainFor);
  } catch (error) {
    throw startupError(error);
  }
}

/**
 * The store of a desktop user: a file in their own data folder. Where that cannot be opened, they sign in at every start.
 *
 * @param path - the file; by default, where the operating system has such files
 */
export async function openUserStore(path?: string): Promise<OpenedStore> {
  try {
    return await openFile(path ?? (await userStorePath()), [], systemKeychain);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`Sign-ins are kept in memory, and end with this process. ${reason}`);
    return openStore('memory:', []);
  }
}

async function userStorePath(): Promise<string> {
  const { default: envPaths } = await import('env-paths');
  return resolve(envPaths('aps-mcp', { suffix: '' }).data, 'store.db');
}

async function openFile(
  path: string,
  secrets: readonly string[],
  keychainFor: (path: string) => Promise<Keychain | undefined>,
): Promise<OpenedStore> {
  const { fileBackend } = await import('./file.ts');
  const backend = await fileBackend(path);
  const [newest, ...older] = secrets;
  const dataKey =
    newest === undefined
      ? await ownDataKey(backend, path, keychainFor)
      : await dataKeyOf(backend, [newest, ...older]);
  return { store: createStore(backend, encryptedCoding(dataKey)), where: path };
}

/** If the secret is lost, so are the sign-ins, and nothing else. */
async function ownDataKey(
  backend: Backend,
  path: string,
  keychainFor: (path: string) => Promise<Keychain | undefined>,
): Promise<Uint8Array> {
  const { secret } = await fileSecret(path, await keychainFor(path));
  try {
    return await dataKeyOf(backend, [secret]);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    console.error(`The secret of ${path} is lost, and with it the sign-ins in it: sign in again.`);
    await forgetDataKey(backend);
    return dataKeyOf(backend, [secret]);
  }
}

async function openRedis(url: string, [newest, ...older]: readonly string[]): Promise<OpenedStore> {
  if (newest === undefined)
    throw new StartupError(
      'STORE_SECRET is missing: what lies in Redis is encrypted. Generate one with: openssl rand -base64 32',
    );
  const { redisBackend } = await import('./redis.ts');
  const backend = await redisBackend(url);
  try {
    const dataKey = await dataKeyOf(backend, [newest, ...older]);
    return { store: createStore(backend, encryptedCoding(dataKey)), where: `Redis at ${new URL(url).host}` };
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** The path in `file:PATH`: of a URL with slashes, or as people write paths, Windows included. */
export function pathOf(url: string): string {
  return url.startsWith('file://') ? fileURLToPath(url) : resolve(url.slice('file:'.length));
}
