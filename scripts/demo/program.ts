/** Starts each server in its own process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Program = {
  /** Where it serves MCP, e.g. `http://localhost:5000/mcp`. */
  url: URL;
  /** Stops it like Ctrl-C, and returns its exit code; 0 on Windows, where a child gets no Ctrl-C and is ended at once. */
  stop(): Promise<number | null>;
};

/** The path of a file of this project. */
export const projectFile = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The arguments for Node that run a TypeScript file of this project. */
export const nodeArguments = (path: string) => ['--import', import.meta.resolve('tsx'), projectFile(path)];

/**
 * The environment of this process without what could reach the servers, and without the `.env` of this clone, plus `variables`.
 * Nothing is kept in the user's own data folder.
 */
export function environmentWith(variables: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(APS|MCP|STORE)_/.test(name));
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])),
    MCP_ENV_FILE: devNull,
    STORE_URL: 'memory:',
    ...variables,
  };
}

/**
 * Starts a program that serves MCP over HTTP, and waits until it prints its address. It stops with this process. Throws
 * an `Error` with its output if it does not start.
 *
 * @param path - the file to run, relative to the root of the project
 * @param folder - its working folder, without a `.env`, so that the demo is the same everywhere
 */
export async function startProgram(
  path: string,
  args: readonly string[],
  variables: Record<string, string>,
  folder: string,
): Promise<Program> {
  const child = spawn(process.execPath, [...nodeArguments(path), ...args], {
    cwd: folder,
    env: environmentWith(variables),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // Before its working folder is removed.
  process.prependOnceListener('exit', () => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    const address = /Address\s+(\S+)/.exec(line)?.[1];
    if (address === undefined) continue;
    child.stderr.resume();
    return {
      url: new URL(address),
      async stop() {
        child.kill('SIGINT');
        const [code] = await ended;
        return process.platform === 'win32' ? 0 : code;
      },
    };
  }
  throw new Error(`The server did not start:\n${said.join('\n')}`);
}
