/** TypeDoc, in a folder with a TypeScript that it works with: it cannot be installed beside TypeScript 7. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

/** The folder with TypeDoc and TypeScript 6 in its `node_modules`, once they are installed. */
export const typeDocFolder = join(packageRoot(), 'scripts', 'docs-api');

/** Installs them as the lock file says, from the registry or the cache of npm. */
export function installTypeDoc(): void {
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['ci', ...options], {
    cwd: typeDocFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}
