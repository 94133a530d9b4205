/** How an MCP client starts a server of this package over stdio, from any folder. */
import { dirname, join } from 'node:path';
import { commandLine, shellWord } from '../../lib/command-line.ts';
import { isInPackage, packageRoot } from '../package-root.ts';
import type { Machine } from './machine.ts';

/** A program to start. */
export type StartCommand = { command: string; args: string[]; env?: Record<string, string> };

/** In a clone it is TypeScript; where it is installed, the bundle. */
const inClone = import.meta.url.endsWith('.ts');

/**
 * The command, with absolute paths only: desktop applications do not have the `PATH` of a shell, and choose the folder.
 *
 * No secret is in it. A clone finds its own `.env`; an installed package is given the path of the one in the working folder.
 */
export function startCommand(machine: Machine, server: string, { sandbox = false } = {}): StartCommand {
  const program = join(packageRoot(), inClone ? 'scripts/aps-mcp.mjs' : 'dist/bin/aps-mcp.js');
  const file = settingsFile(machine);
  return {
    command: lastingPath(machine.node),
    args: [program, server, ...(sandbox ? ['--sandbox'] : []), '--transport', 'stdio'],
    ...(!inClone && hasSettings(machine) && { env: { MCP_ENV_FILE: file } }),
  };
}

/** What to type to run `connect` with these arguments: in the same folder, or in any folder. */
export function connectLine(
  { folder, platform }: Machine,
  args: readonly string[],
  { anywhere = false } = {},
): string {
  const [root = '', ...words] = [packageRoot(), ...args].map((word) => shellWord(word, platform));
  if (inClone && (anywhere || !isInPackage(folder)))
    return `npm --prefix ${root} run connect -- ${words.join(' ')}`;
  return commandLine('connect', words.join(' '));
}

/** The `.env` that a server started in this way reads. It may not exist. */
export function settingsFile({ folder }: Machine): string {
  return join(inClone ? packageRoot() : folder, '.env');
}

/** Whether that file exists. */
export function hasSettings(machine: Machine): boolean {
  return machine.list(dirname(settingsFile(machine))).includes('.env');
}

/** Homebrew removes the folder of a version when it installs the next, and keeps a link to the newest. */
function lastingPath(node: string): string {
  return node.replace(/\/Cellar\/(node(?:@\d+)?)\/[^/]+\//, '/opt/$1/');
}
