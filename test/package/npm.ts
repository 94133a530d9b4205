/** npm in a folder, as people type it. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { onTestFinished, vi } from 'vitest';
import { cleanEnvironment } from '../support/programs.ts';

/** npm is a script of the shell on Windows. */
const shell = process.platform === 'win32';

/** Runs npm to its end: what it prints. Rejects unless it ends with 0; the message has what it printed to stderr. */
export async function npm(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...cleanEnvironment(), CI: 'true' };
  const { stdout } = await promisify(execFile)('npm', args, { cwd, env, shell });
  return stdout;
}

/** Installs what the `package.json` of a folder asks for, and `packages` besides. */
export function install(cwd: string, ...packages: string[]): Promise<string> {
  return npm(cwd, 'install', ...packages, '--prefer-offline', '--no-audit', '--no-fund');
}

/**
 * Starts a server with npm, which ends with the test.
 *
 * @returns its address, with `/mcp`
 */
export async function npmServer(cwd: string, ...args: string[]): Promise<URL> {
  // A group: npm does not pass every signal on to the server.
  const child = spawn('npm', args, { cwd, env: cleanEnvironment(), shell, detached: !shell });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    if (child.pid !== undefined && child.exitCode === null)
      process.kill(shell ? child.pid : -child.pid, 'SIGTERM');
    await ended;
  });
  return vi.waitFor(
    () => {
      const [, address] = /Address +(http:\/\/\S+)/.exec(printed) ?? [];
      if (!address) throw new Error(`It did not say its address, but: ${printed}`);
      return new URL(address);
    },
    { timeout: 60_000, interval: 50 },
  );
}
