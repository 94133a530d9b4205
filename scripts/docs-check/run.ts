/** Commands as child processes: each in a process group, with a time limit and bounded output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';

/** How much of the output is kept, in characters. */
const outputLimit = 200_000;

/** The groups that run, so that an exit of this process can end them. */
const groups = new Set<number>();

/** Ends every process that was started and still runs. */
export function endAll(): void {
  for (const leader of groups) signal(leader, 'SIGKILL');
}

function signal(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

export type Running = {
  /** What it has printed so far, to stdout and stderr. */
  output(): string;
  /** How it ended; undefined while it runs. */
  exit(): { code: number | null } | undefined;
  /** Waits until `condition` holds. Returns whether it did within `milliseconds`. It is checked whenever something happens. */
  until(condition: () => boolean, milliseconds: number): Promise<boolean>;
  /** Sends a signal to it and all that it has started. */
  signal(name: NodeJS.Signals): void;
};

/** Starts a command. Its standard input is empty. */
export function start(
  [file, ...args]: readonly [string, ...string[]],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Running {
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let exit: { code: number | null } | undefined;
  const listeners = new Set<() => void>();
  const notify = () => {
    for (const listener of listeners) listener();
  };
  const print = (text: string) => {
    if (output.length < outputLimit) output = (output + text).slice(0, outputLimit);
    notify();
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', print);
  watch(child);
  child.once('error', (error) => {
    output += error.message;
    exit = { code: null };
    notify();
  });
  child.once('close', (code) => {
    exit = { code };
    notify();
  });
  return {
    output: () => output,
    exit: () => exit,
    until: (condition, milliseconds) =>
      new Promise((resolve) => {
        const settle = (result: boolean) => {
          clearTimeout(timer);
          listeners.delete(look);
          resolve(result);
        };
        const look = () => {
          if (condition()) settle(true);
        };
        const timer = setTimeout(settle, milliseconds, false);
        listeners.add(look);
        look();
      }),
    signal: (name) => {
      if (child.pid !== undefined) signal(child.pid, name);
    },
  };
}

/** Lists a group while its leader runs. When the leader ends, so does all that it has started. */
function watch(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  groups.add(pid);
  child.once('exit', () => {
    signal(pid, 'SIGKILL');
    groups.delete(pid);
  });
}

export type Ended = {
  /** The exit status; null if a signal or the time limit ended it. */
  code: number | null;
  output: string;
  timedOut: boolean;
};

/** Runs a command to its end, at most for `limit` milliseconds. */
export async function runToEnd(
  command: readonly [string, ...string[]],
  options: { cwd: string; env: Record<string, string>; limit: number },
): Promise<Ended> {
  const running = start(command, options);
  const inTime = await running.until(() => running.exit() !== undefined, options.limit);
  if (!inTime) await stop(running, 'SIGKILL', 5000);
  return { code: running.exit()?.code ?? null, output: running.output(), timedOut: !inTime };
}

/** Sends a signal and waits for the end. Returns whether it came in time; if not, the command is killed. */
export async function stop(running: Running, name: NodeJS.Signals, milliseconds: number): Promise<boolean> {
  running.signal(name);
  if (await running.until(() => running.exit() !== undefined, milliseconds)) return true;
  running.signal('SIGKILL');
  await running.until(() => running.exit() !== undefined, 5000);
  return false;
}

/** The first address on this machine in a text, such as what a server prints. */
export function addressIn(text: string): URL | undefined {
  const [address] = /https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):\d+/.exec(text) ?? [];
  return address === undefined ? undefined : new URL(address);
}

/** Whether anything listens at an address. */
export function isServed({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
    const settle = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(2000, () => settle(false));
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
