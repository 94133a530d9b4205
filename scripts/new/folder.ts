/** The folder of a new project: what it can be called, and writing into it without overwriting anything. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { StartupError } from '../../lib/startup-error.ts';
import { takenNames } from './project.ts';

/**
 * The name of the package in a folder: the folder's, as npm allows it.
 *
 * @throws {StartupError} if nothing of it can be a name, or npm would refuse it
 */
export function packageName(folder: string): string {
  const given = basename(resolve(folder));
  const name = given
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '')
    .slice(0, 214);
  if (name === '' || name === 'node_modules' || takenNames.includes(name))
    throw new StartupError(`"${given}" cannot be the name of a project. Choose another, such as my-server.`);
  return name;
}

/** @throws {StartupError} if there is something at that path, other than an empty folder */
export function checkFree(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new StartupError(`${folder} is a file. Choose another name: nothing is overwritten.`);
  if (readdirSync(folder).length > 0)
    throw new StartupError(`The folder ${folder} is not empty. Choose another: nothing is overwritten.`);
}

/**
 * Writes files into a new or empty folder. If that fails, it removes what it has written.
 *
 * @param files - text by path, with `/` between folders
 * @throws {StartupError} if the folder is not free, or cannot be written to
 */
export function writeProject(folder: string, files: ReadonlyMap<string, string>): void {
  checkFree(folder);
  const path = resolve(folder);
  const written = new Set<string>();
  try {
    const made = mkdirSync(path, { recursive: true });
    if (made) written.add(made);
    for (const [file, text] of files) {
      const target = join(path, file);
      const madeFolder = mkdirSync(dirname(target), { recursive: true });
      if (madeFolder) written.add(madeFolder);
      writeFileSync(target, text, { flag: 'wx' });
      written.add(target);
    }
  } catch (error) {
    for (const each of written) rmSync(each, { recursive: true, force: true });
    throw new StartupError(
      `The project cannot be written to ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
