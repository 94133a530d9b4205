/** TypeDoc, in a folder with a TypeScript that it works with: it cannot be installed beside TypeScript 7. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

/** The folder of what `npm run docs:api` is told: the options, and what to install. */
export const docsApiFolder = join(packageRoot(), 'scripts', 'docs-api');

const installed = join(packageRoot(), 'node_modules', '.cache', 'docs-api');

/** Where a package is, once it is installed: `typedoc`, or the `typescript` beside it. */
export const packageForDocs = (name: string): string => join(installed, 'node_modules', name);

/** Installs them as the lock file says, from the registry or the cache of npm. */
export function installTypeDoc(): void {
  mkdirSync(installed, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(docsApiFolder, file), join(installed, file));
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['ci', ...options], {
    cwd: installed,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}
