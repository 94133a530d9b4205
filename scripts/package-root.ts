/** Where this package is. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package, from the sources as from the bundle in `dist/bin`. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

/** Whether a folder is the one of this package, or in it. */
export function isInPackage(folder: string): boolean {
  const path = relative(packageRoot(), folder);
  return path.split(sep)[0] !== '..' && !isAbsolute(path);
}
