/** A configuration file on disk: read, and replaced whole or not at all. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  stat,
  unlink,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartupError } from '../../lib/startup-error.ts';

/**
 * The text of a file; empty if it does not exist.
 *
 * @throws {StartupError} if it cannot be read as UTF-8
 */
export async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (isMissing(error)) return Buffer.alloc(0);
    throw failure(file, 'read', error);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StartupError(
      `${file} is not UTF-8. Nothing was changed. Save it as UTF-8, and run this again.`,
    );
  }
}

/**
 * Replaces a file. It keeps its mode; only its owner can read a new one, because other entries may come to hold keys.
 * Behind a symbolic link, it is the target that is replaced. Folders that do not exist are made.
 *
 * @param before - what it was when it was read
 * @throws {StartupError} if it has changed since, or cannot be written
 */
export async function replaceText(file: string, before: string, after: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const target = await targetOf(file);
    const mode = await stat(target).then(
      (found) => found.mode & 0o777,
      () => undefined,
    );
    // Renaming another file into its place would not check whether this one can be written.
    if (mode !== undefined) await access(target, constants.W_OK);
    const temporary = `${target}.${randomBytes(8).toString('hex')}`;
    const written = await open(temporary, 'wx', 0o600);
    try {
      await written.writeFile(after);
      await written.sync();
      await written.close();
      if (mode !== undefined) await chmod(temporary, mode);
      if ((await readText(file)) !== before)
        throw new StartupError(
          `${file} has changed in the meantime. This command changed nothing: run it again.`,
        );
      await rename(temporary, target);
    } catch (error) {
      await written.close().catch(() => {});
      await unlink(temporary).catch(() => {});
      throw error;
    }
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw failure(file, 'written', error);
  }
}

/** The file behind symbolic links. */
async function targetOf(file: string): Promise<string> {
  return realpath(file).catch(async (error: unknown) => {
    if (!isMissing(error)) throw error;
    const target = await readlink(file).catch(() => undefined);
    if (target === undefined) return file;
    throw new StartupError(
      `${file} is a symbolic link to ${target}, which does not exist. Nothing was changed.`,
    );
  });
}

function failure(file: string, what: string, error: unknown): StartupError {
  return new StartupError(
    `${file} cannot be ${what}: ${error instanceof Error ? error.message : error}. Nothing was changed.`,
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
