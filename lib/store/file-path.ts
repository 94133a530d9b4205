/** Where the file of a store is. */
import { readlinkSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartupError } from '../startup-error.ts';

/**
 * The path in `file:PATH`: of a URL with slashes, or as people write paths, Windows included. It is the same for every path to a
 * file: the secret of a store is found by it.
 *
 * @throws {StartupError} where the home folder, for `~`, has no absolute path
 */
export function pathOf(url: string): string {
  if (url.startsWith('file://')) return realPathOf(fileURLToPath(url));
  const path = url.slice('file:'.length);
  // No shell has replaced it in a .env, or in the settings of a client.
  return realPathOf(/^~[/\\]/.test(path) ? join(absolute(homedir()), path.slice(2)) : resolve(path));
}

/**
 * The file in a desktop user's own data folder.
 *
 * @throws {StartupError} where that folder has no absolute path
 */
export async function userStorePath(): Promise<string> {
  const { default: envPaths } = await import('env-paths');
  return realPathOf(join(absolute(envPaths('aps-mcp', { suffix: '' }).data), 'store.db'));
}

/** A folder of this person. With an empty `HOME`, it would be the working folder: a repository, perhaps. */
function absolute(folder: string): string {
  if (isAbsolute(folder)) return folder;
  throw new StartupError(
    `Your home or data folder has no absolute path, but "${folder}": set HOME or XDG_DATA_HOME.`,
  );
}

/** The path without symbolic links, also of a file that does not exist yet. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || dirname(path) === path) return path;
  }
  const target = linkTarget(path);
  return target === undefined ? join(realPathOf(dirname(path)), basename(path)) : realPathOf(target);
}

/** Where a symbolic link leads, also if nothing is there; undefined for what is none. */
function linkTarget(path: string): string | undefined {
  try {
    return resolve(realPathOf(dirname(path)), readlinkSync(path));
  } catch {
    return undefined;
  }
}
