/** The secret of a store in the user's own data folder: in the keychain of the operating system, or else in a file next to it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { keepToOwner } from './file-open.ts';

const service = 'aps-mcp';

/** A keychain, as far as it is needed. Each operation fails if the keychain cannot be reached. */
export type Keychain = {
  get(signal: AbortSignal): Promise<string | undefined>;
  set(secret: string, signal: AbortSignal): Promise<void>;
  delete(signal: AbortSignal): Promise<void>;
};

/** The secret may be in a keychain that cannot be reached: locked, over SSH, or without a desktop session. */
export class SecretOutOfReach extends Error {
  override readonly name = 'SecretOutOfReach';
}

/** A store's own secret. It is in a file if the keychain could not be reached when the store was made. */
export type OwnSecret = {
  inFile(): Promise<string | undefined>;
  /**
   * @returns undefined if the keychain has none
   * @throws {SecretOutOfReach} if that cannot be found out
   */
  inKeychain(): Promise<string | undefined>;
  /** The secret for a new store. */
  findOrMake(): Promise<string>;
  /** Deletes the file, and the entry in the keychain if this start has used it. */
  remove(): Promise<void>;
};

/**
 * The own secret of the store at `path`.
 *
 * @param keychainFor - the keychain with the entry of a store; undefined where none can be reached
 * @param patience - how long the keychain can take, in milliseconds: it may be waiting for a person who is not there
 */
export function ownSecret(
  path: string,
  keychainFor: (path: string) => Promise<Keychain | undefined>,
  patience: number,
): OwnSecret {
  let found: string | undefined;

  /** What the keychain answers. */
  async function ask<T>(work: (keychain: Keychain, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      const keychain = await keychainFor(path);
      if (!keychain) throw new Error('There is no keychain');
      const signal = AbortSignal.timeout(patience);
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      return await Promise.race([work(keychain, signal), aborted]);
    } catch (cause) {
      throw new SecretOutOfReach(outOfReach(path), { cause });
    }
  }

  return {
    inFile: () => readSecret(path),

    async inKeychain() {
      found ??= await ask((chain, signal) => chain.get(signal));
      return found;
    },

    async findOrMake() {
      // A secret in a file was put there because there was no keychain. It stays: another one would cost a sign-in.
      const kept = await readSecret(path);
      if (kept) return kept;
      const secret = randomBytes(32).toString('base64url');
      found = await ask((chain, signal) => findOrMake(chain, secret, signal)).catch(() => undefined);
      return found ?? (await makeFile(path, secret));
    },

    async remove() {
      await rm(fileOf(path), { force: true });
      // A keychain that cannot be reached any more keeps a secret that opens nothing but older copies.
      if (found) await ask((chain, signal) => chain.delete(signal)).catch(() => {});
    },
  };
}

const outOfReach = (path: string) =>
  `The keychain, which may have the secret of the store ${path}, cannot be reached. The store stays as it is. Unlock the ` +
  'keychain and restart the server. If the secret is lost, delete the store.';

async function findOrMake(keychain: Keychain, secret: string, signal: AbortSignal): Promise<string> {
  const known = await keychain.get(signal);
  if (known) return known;
  await keychain.set(secret, signal);
  // Another process may have made one at the same moment: what is there now counts.
  return (await keychain.get(signal)) ?? secret;
}

const fileOf = (path: string) => `${path}.secret`;

async function readSecret(path: string): Promise<string | undefined> {
  keepToOwner(fileOf(path));
  const text = await readFile(fileOf(path), 'utf8').catch(() => '');
  return /^[\w-]{43}$/.test(text.trim()) ? text.trim() : undefined;
}

const isThere = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/**
 * Makes the file, whole from the beginning, unless another process has at the same moment: then its secret counts. A damaged one
 * is replaced.
 */
async function makeFile(path: string, secret: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${fileOf(path)}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
    await file.close();
    await link(draft, fileOf(path)).catch((error: unknown) => {
      if (isThere(error)) throw error;
      // Some file systems have no hard links.
      writeFileSync(fileOf(path), `${secret}\n`, { flag: 'wx', mode: 0o600 });
    });
    return secret;
  } catch (error) {
    const other = await readSecret(path);
    if (other) return other;
    if (!isThere(error)) throw error;
    await rename(draft, fileOf(path));
    return secret;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * The keychain of the operating system, with an entry for the store at `path`: Keychain on macOS, Credential Manager on Windows,
 * the Secret Service on Linux. Undefined where it cannot be reached.
 */
export async function systemKeychain(path: string): Promise<Keychain | undefined> {
  const keyring = await import('@napi-rs/keyring').catch(() => undefined);
  if (!keyring) return undefined;
  try {
    // On Linux, it would otherwise fall back to keys of the kernel, which a restart of the machine loses.
    const entry = new keyring.AsyncEntry(service, path, { linux: { store: 'secret-service' } });
    return {
      async get(signal) {
        const known = await entry.getPassword(signal);
        // It is null for a locked keychain, too. `getSecret` is null only if there is no entry, and else fails.
        if (known === null && (await entry.getSecret(signal)) !== null) throw new Error('It cannot be read');
        return known ?? undefined;
      },
      set: (secret, signal) => entry.setPassword(secret, signal),
      delete: async (signal) => void (await entry.deleteCredential(signal)),
    };
  } catch {
    return undefined;
  }
}
