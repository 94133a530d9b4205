/** Opens the store at an address, and with it what only that kind of store needs. */
import { existsSync } from 'node:fs';
import { StartupError } from '../startup-error.ts';
import type { Backend } from './backend.ts';
import { dataKeyOf, examineDataKey, keepDataKey } from './data-key.ts';
import { encryptedCoding } from './encrypted.ts';
import { pathOf, userStorePath } from './file-path.ts';
import { type Keychain, ownSecret, SecretOutOfReach, systemKeychain } from './file-secret.ts';
import { memoryStore } from './memory.ts';
import { withOutageLog } from './outages.ts';
import { createStore, type Store, StoreUnavailable } from './store.ts';

/** A store, and where it is, in words. */
export type OpenedStore = { store: Store; where: string };

/** What a store needs outside the process, and how long to wait for it. */
type Surroundings = {
  keychainFor: (path: string) => Promise<Keychain | undefined>;
  patience: number;
};

/** Those of a running server. */
const usual: Surroundings = { keychainFor: systemKeychain, patience: 2000 };

/** Why a store cannot be used, for the operator. */
function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.details;
  return error instanceof Error ? error.message : String(error);
}

const startupError = (error: unknown) =>
  error instanceof StartupError ? error : new StartupError(reasonOf(error), { cause: error });

/**
 * Opens a store.
 *
 * @param url - `memory:`, `file:PATH`, `redis://…` or `rediss://…`
 * @param secrets - of `STORE_SECRET`, newest first. Redis needs one. A file without one has its own secret, in the keychain of
 *   the operating system or next to it.
 * @param options.keychainFor - the keychain for that secret; that of the operating system, by default
 * @param options.patience - how long Redis or the keychain can take to answer, in milliseconds. Default 2,000
 * @throws {StartupError} when it cannot be opened, with what to do about it
 */
export async function openStore(
  url: string,
  secrets: readonly string[],
  options: Partial<Surroundings> = {},
): Promise<OpenedStore> {
  const surroundings = { ...usual, ...options };
  if (url === 'memory:') return { store: memoryStore(), where: 'in memory, until the server stops' };
  try {
    if (!url.startsWith('file:')) return await openRedis(url, secrets, surroundings.patience);
    return await openFile(pathOf(url), secrets, surroundings);
  } catch (error) {
    if (error instanceof SecretOutOfReach) return inMemory(error);
    throw startupError(error);
  }
}

/**
 * The store of a desktop user: a file in their own data folder. Where that cannot be opened, they sign in at every start.
 *
 * @param secrets - of `STORE_SECRET`, newest first
 * @param path - the file; by default, where the operating system has such files
 */
export async function openUserStore(secrets: readonly string[], path?: string): Promise<OpenedStore> {
  try {
    return await openFile(path ?? (await userStorePath()), secrets, usual);
  } catch (error) {
    return inMemory(error);
  }
}

/** A store for this run only, instead of the one that cannot be opened. */
function inMemory(error: unknown): Promise<OpenedStore> {
  console.error(`Sign-ins are kept in memory, and end with this process. ${reasonOf(error)}`);
  return openStore('memory:', []);
}

async function openFile(
  path: string,
  secrets: readonly string[],
  { keychainFor, patience }: Surroundings,
): Promise<OpenedStore> {
  const { fileBackend } = await import('./file.ts');
  const backend = await fileBackend(path);
  try {
    const dataKey = await dataKeyOf(backend, secrets, ownSecret(path, keychainFor, patience));
    return { store: withOutageLog(createStore(backend, encryptedCoding(dataKey)), path), where: path };
  } catch (error) {
    await backend.close();
    throw error;
  }
}

async function openRedis(url: string, secrets: readonly string[], patience: number): Promise<OpenedStore> {
  const [newest, ...older] = secrets;
  if (newest === undefined) throw new StartupError(secretForRedis);
  const { redisBackend } = await import('./redis.ts');
  const backend = await redisBackend(url, patience);
  try {
    await backend.check();
    const dataKey = await dataKeyOf(backend, secrets);
    const store = createStore(backend, encryptedCoding(dataKey));
    const check = async () => {
      await backend.check();
      await keepDataKey(backend, dataKey, [newest, ...older]);
    };
    const where = `Redis at ${new URL(url).host}`;
    return { store: withOutageLog({ ...store, check }, where), where };
  } catch (error) {
    await backend.close();
    throw error;
  }
}

const secretForRedis =
  'STORE_SECRET is missing: data in Redis is encrypted. Generate one with: openssl rand -base64 32';

/**
 * What a start with a store outside the process would find. Makes no store, and leaves nothing in one but, for a minute, an empty
 * record in Redis.
 *
 * @returns where it is, and in what state, in words
 * @throws {StartupError} as {@link openStore}
 */
export async function examineStore(url: string, secrets: readonly string[]): Promise<string> {
  const isFile = url.startsWith('file:');
  const where = isFile ? pathOf(url) : `Redis at ${new URL(url).host}`;
  if (!isFile && secrets.length === 0) throw new StartupError(secretForRedis);
  try {
    if (isFile && !existsSync(where)) {
      (await import('./file-open.ts')).examinePlace(where);
      return `${where} does not exist yet; the server creates it`;
    }
    const backend = isFile
      ? await (await import('./file-open.ts')).readStoreFile(where)
      : await checkedRedis(url);
    try {
      const states = { none: 'is empty', fits: 'can be used', own: 'can be used, with its own secret' };
      return `${where} ${states[await examineDataKey(backend, secrets)]}`;
    } finally {
      await backend.close();
    }
  } catch (error) {
    throw startupError(error);
  }
}

/** The same for the store of a desktop user. */
export async function examineUserStore(secrets: readonly string[]): Promise<string> {
  return examineStore(`file:${await userStorePath()}`, secrets);
}

async function checkedRedis(url: string): Promise<Backend> {
  const { redisBackend } = await import('./redis.ts');
  const backend = await redisBackend(url, usual.patience);
  await backend.check();
  return backend;
}
