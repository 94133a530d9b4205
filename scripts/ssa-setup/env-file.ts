/** A `.env` file with a private key in it: sets variables, leaves the rest unchanged, and is readable for its owner only. */
import { randomBytes } from 'node:crypto';
import { open, readFile, readlink, rename, unlink } from 'node:fs/promises';
import { decodeEnvFile } from '../../lib/config/env-file.ts';
import { StartupError } from '../../lib/startup-error.ts';

/** The text of the file, empty if it does not exist. */
export async function readEnvFile(path: string): Promise<string> {
  try {
    return decodeEnvFile(await readFile(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** One assignment in dotenv's syntax. A quoted value may span several lines. */
const assignment =
  /^[^\S\r\n]*(export[^\S\r\n]+)?([A-Za-z_]\w*)[^\S\r\n]*=[^\S\r\n]*(?:(["'`])(?:(?!\3)[\s\S])*\3[^\S\r\n]*(?:#.*)?|.*)(?:\r?\n|$)/gm;

/**
 * Returns `text` with the variables set: in place if `text` assigns them, otherwise at the end. Leaves comments alone.
 * Merges repeated assignments into one, because the last would win.
 */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const given = new Map(Object.entries(variables));
  const left = new Map(given);
  const changed = text.replace(assignment, (whole: string, shell: string | undefined, name: string) => {
    if (!given.has(name)) return whole;
    return left.delete(name) ? `${shell ?? ''}${name}=${given.get(name)}${newline}` : '';
  });
  const separator = changed === '' || changed.endsWith('\n') ? '' : newline;
  return changed + separator + [...left].map(([name, value]) => `${name}=${value}${newline}`).join('');
}

/**
 * Puts a file that only its owner can read in the place of another, whole or not at all. If it fails, the old file is as it
 * was. It is written under another name first: in its old place, others might have it open, or be allowed to read it.
 *
 * @throws {StartupError} if there is a symbolic link under this name
 */
export async function replacePrivately(path: string, text: string): Promise<void> {
  await refuseLink(path);
  // .gitignore has names like this one.
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  await createPrivately(temporary, text);
  try {
    // If somebody has made a link there in the meantime, this replaces it and does not follow it.
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
}

/** Writes a new file that only its owner can read. @throws when there is anything under this name, even a link */
export async function createPrivately(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(path);
    throw error;
  }
}

/**
 * Refuses a symbolic link: the file behind it would get the key, and others may have made the link or be able to read the file.
 *
 * @throws {StartupError} that says what to do
 */
export async function refuseLink(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return;
  throw new StartupError(
    `${path} is a symbolic link to ${target}. Nothing was changed: a private key is not written through a link. ` +
      'Replace the link with a copy of that file, and run this again.',
  );
}
