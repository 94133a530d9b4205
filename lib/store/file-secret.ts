/** The secret of a store in the user's own data folder: in the keychain of the operating system, or else in a file next to it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const service = 'aps-mcp';

/** A keychain, as far as it is needed. */
export type Keychain = {
  get(signal: AbortSignal): Promise<string | undefined>;
  set(secret: string, signal: AbortSignal): Promise<void>;
};

/**
 * The secret of the store at `path`. It is made if there is none: what an older one wrapped is lost then, and its people sign in
 * once more.
 *
 * @param keychain - undefined for none
 * @param patience - how long the keychain can take, in milliseconds: it may be waiting for a person who is not there
 */
export async function fileSecret(
  path: string,
  keychain: Keychain | undefined,
  patience: number,
): Promise<{ secret: string; where: 'keychain' | 'file' }> {
  // A secret in a file was put there because there was no keychain. It stays: another one would cost a sign-in.
  const kept = await readSecret(path);
  if (kept) return { secret: kept, where: 'file' };
  const secret = randomBytes(32).toString('base64url');
  const inKeychain = keychain && (await inTime(patience, (signal) => findOrMake(keychain, secret, signal)));
  if (inKeychain) return { secret: inKeychain, where: 'keychain' };
  return { secret: await makeFile(path, secret), where: 'file' };
}

async function findOrMake(keychain: Keychain, secret: string, signal: AbortSignal): Promise<string> {
  const known = await keychain.get(signal);
  if (known) return known;
  await keychain.set(secret, signal);
  // Another process may have made one at the same moment: what is there now counts.
  return (await keychain.get(signal)) ?? secret;
}

/** The result, unless it fails or takes too long. */
async function inTime<T>(
  patience: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const signal = AbortSignal.timeout(patience);
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  return Promise.race([work(signal).catch(() => undefined), aborted]);
}

const fileOf = (path: string) => `${path}.secret`;

async function readSecret(path: string): Promise<string | undefined> {
  const text = await readFile(fileOf(path), 'utf8').catch(() => '');
  return /^[\w-]{43}$/.test(text.trim()) ? text.trim() : undefined;
}

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
    await link(draft, fileOf(path));
    return secret;
  } catch (error) {
    const other = await readSecret(path);
    if (other) return other;
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    await rename(draft, fileOf(path));
    return secret;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * The keychain of the operating system, with an entry for the store at `path`: Keychain on macOS, Credential Manager on Windows,
 * the Secret Service on Linux. Undefined where there is none.
 */
export async function systemKeychain(path: string): Promise<Keychain | undefined> {
  const keyring = await import('@napi-rs/keyring').catch(() => undefined);
  if (!keyring) return undefined;
  try {
    // On Linux, it would otherwise fall back to keys of the kernel, which a restart of the machine loses.
    const entry = new keyring.AsyncEntry(service, path, { linux: { store: 'secret-service' } });
    return {
      get: async (signal) => (await entry.getPassword(signal)) ?? undefined,
      set: (secret, signal) => entry.setPassword(secret, signal),
    };
  } catch {
    return undefined;
  }
}
