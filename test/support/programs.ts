/** The programs of this project as child processes, in a folder and an environment of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';
import { bundledCommand, commandSource } from './bundled-command.ts';
import { newFolder } from './folder.ts';
import { isWindows } from './platform.ts';

/** The half of tsx that loads ES modules, which are all that there is: a start takes a tenth less. */
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm')).href;

/** The absolute path of a file of this project. */
export function pathOf(file: string): string {
  return resolve(fileURLToPath(new URL('../..', import.meta.url)), file);
}

/** The arguments with which Node runs a program of this project, in whatever folder. */
export function nodeArguments(file: string, ...args: string[]): string[] {
  return file === commandSource ? [bundledCommand(), ...args] : ['--import', loader, pathOf(file), ...args];
}

/**
 * The command that starts a server over stdio. It takes a third of the time of a start from the file in `servers/`, so only tests
 * of that file start that.
 */
export function stdioCommand(name: string) {
  return [commandSource, name, '--transport', 'stdio'] as const;
}

/**
 * The environment of this process without what could reach the servers, and with `variables`. People who run the tests may have
 * a `.env` in this clone: it does not count. Nor does what their own servers keep in their data folder.
 *
 * @param folder - the working folder of the program; its `.env` does count
 */
export function cleanEnvironment(
  variables: Record<string, string> = {},
  folder?: string,
): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(APS|MCP|STORE|VITEST|NODE|npm)_/.test(entry[0]),
  );
  const envFile = folder === undefined ? devNull : join(folder, '.env');
  const MCP_ENV_FILE = existsSync(envFile) ? envFile : devNull;
  return { ...Object.fromEntries(inherited), MCP_ENV_FILE, STORE_URL: 'memory:', ...variables };
}

export type Ended = { code: number | null; stdout: string; stderr: string };

export type Program = {
  /** What it has printed so far. */
  output: { stdout: string; stderr: string };
  /** Writes to its standard input. */
  write(text: string): void;
  /** Closes its standard input. */
  hangUp(): void;
  /** On Windows, any signal ends it at once. */
  signal(name: NodeJS.Signals): void;
  /** Waits until `pattern` occurs in what it prints to stderr. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<Ended>;
};

type Surroundings = {
  /** Variables besides those that every program has. */
  env?: Record<string, string>;
  /** The folder it runs in; a new one by default. */
  cwd?: string;
  /** Files in the new folder, text by name. */
  files?: Record<string, string>;
};

/** Starts a TypeScript program of this project; it does not outlive the test. */
export function run(
  command: readonly [file: string, ...args: string[]],
  surroundings?: Surroundings,
): Promise<Program> {
  return runNode(nodeArguments(...command), surroundings);
}

/** Starts Node; it does not outlive the test. */
export function runNode(args: readonly string[], surroundings?: Surroundings): Promise<Program> {
  return runCommand(process.execPath, args, surroundings);
}

/** Starts any command. Neither it nor what it starts outlives the test. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { env, files, cwd }: Surroundings = {},
): Promise<Program> {
  const folder = cwd ?? (await newFolder(files));
  const child = spawn(command, args, { cwd: folder, env: cleanEnvironment(env, folder), detached: true });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  // It may leave without having read everything.
  child.stdin.on('error', () => {});
  let wasTold = false;
  // On Windows, a child that is sent a signal ends at once, and its code says nothing.
  const ended = once(child, 'close').then(([code]) => ({ code: isWindows && wasTold ? 0 : code, ...output }));
  onTestFinished(async () => {
    killGroup(child.pid);
    await ended;
  });
  return {
    output,
    ended,
    write: (text) => child.stdin.write(text),
    hangUp: () => child.stdin.end(),
    signal(name) {
      wasTold = true;
      child.kill(name);
    },
    says: (pattern) =>
      vi.waitFor(
        () => {
          const found = pattern.exec(output.stderr);
          if (!found) throw new Error(`It did not say ${pattern}, but: ${output.stderr}`);
          return found;
        },
        { timeout: 20_000, interval: 20 },
      ),
  };
}

/** Ends a process that leads its group, and all that it has started. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  if (isWindows) {
    spawnSync('taskkill', ['/pid', String(leader), '/t', '/f']);
    return;
  }
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Runs a program of this project to its end. */
export async function runToEnd(...parameters: Parameters<typeof run>): Promise<Ended> {
  return (await run(...parameters)).ended;
}

/** What a program says that does not start, to a person: on stderr, without a stack, before it ends with 1. */
export async function refusalOf(...parameters: Parameters<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(...parameters);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).not.toMatch(/\n {4}at |\.ts:\d|\w+Error:|node:internal/);
  return stderr;
}

/** One line, and no more. */
export const oneLine = /^[^\n]+\n$/;

/** Starts a server over HTTP on any free port: its address (an origin), as it announces it. */
export async function runHttpServer(...[command, options]: Parameters<typeof run>) {
  const program = await run([...command, '--port', '0'], options);
  const [, url = ''] = await program.says(/Address +(http:\/\/localhost:\d+)\/mcp.*Ctrl-C/s);
  return { ...program, url };
}
