/**
 * Noticing that npm was told to end. `npm run` and `npx` start a shell that starts the server, and pass SIGTERM and SIGINT on
 * to that shell only: SIGTERM ends it and leaves the server running; it ignores SIGINT until the server has ended
 * (npm 11 with dash, the `sh` of Debian and Ubuntu. Other shells let the server take their place, and then npm reaches it).
 *
 * A detached server keeps running. Without npm there is nothing to notice: `nohup`, `setsid`, a service of systemd or
 * pm2 that runs Node.js. With npm, what is watched is the shell of npm, not npm's own parent: `setsid npm run 2lo &`
 * leaves it in place. A script that puts the server into the background with `&` is left alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'node:path';

/** How often to look, in milliseconds. A look takes some twenty microseconds. */
const interval = 500;

/** Looks from the beginning, because npm can be told to end while the server starts. */
const isGone = watchLauncher();

/**
 * Calls `end` once if the shell with which npm started this process ends, or is interrupted. Keeps nothing running.
 *
 * On Linux that includes a shell that started `tsx`, which started this process. Elsewhere, only the end of the parent
 * can be noticed.
 */
export function whenLauncherEnds(end: () => void): void {
  if (!isGone) return;
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    end();
  }, interval).unref();
}

/** Undefined if npm has not started this process. */
function watchLauncher(): (() => boolean) | undefined {
  const { npm_lifecycle_script: script } = process.env;
  if (script === undefined || process.argv[1] === undefined) return undefined;
  const program = parse(process.argv[1]).name;
  return process.platform === 'linux' ? watchShell(program) : watchParent(script, program);
}

/** Whether the parent has ended. On Windows, its process id stays the same; it belongs to nobody then. */
function watchParent(script: string, program: string): (() => boolean) | undefined {
  // The variables of npm also reach programs that a script has started, and what they start.
  if (!script.includes(program) || script.includes('&')) return undefined;
  const parent = process.ppid;
  return () => process.ppid !== parent || !exists(parent);
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether the shell of npm has ended, or was interrupted. */
function watchShell(program: string): (() => boolean) | undefined {
  const found = findShell(program);
  if (!found) return undefined;
  const { shell, child } = found;
  let shellBefore = sleepsOf(shell);
  let threadsBefore = sleepsOfThreads();
  return () => {
    if (status(child)?.parent !== shell) return true;
    const shellNow = sleepsOf(shell);
    if (shellNow === undefined || shellNow === shellBefore) return false;
    // The shell sleeps until its child ends. It has woken, so it was interrupted, or else everything was stopped: by
    // Ctrl-Z, or with the machine. Then no thread of this process has slept through, either.
    const threadsNow = sleepsOfThreads();
    const sleptThrough = [...threadsNow].some(([thread, sleeps]) => threadsBefore.get(thread) === sleeps);
    if (sleptThrough && shellBefore !== undefined) return true;
    shellBefore = shellNow;
    threadsBefore = threadsNow;
    return false;
  };
}

/** The shell in which npm runs `program` alone, and its child: this process, or one between the two. */
function findShell(program: string): { shell: number; child: number } | undefined {
  let child = process.pid;
  for (let generation = 0; generation < 3; generation += 1) {
    const shell = status(child)?.parent;
    if (!shell) return undefined;
    const [, flag, script = ''] = read(`/proc/${shell}/cmdline`).split('\0');
    if (flag === '-c')
      return script.includes(program) && !/[&;|\n]/.test(script) ? { shell, child } : undefined;
    child = shell;
  }
  return undefined;
}

/** How often a process has gone to sleep so far; undefined while it does not sleep. */
function sleepsOf(pid: number): number | undefined {
  const found = status(pid);
  return found?.asleep ? found.sleeps : undefined;
}

/** The same for each thread of this process. */
function sleepsOfThreads(): Map<string, number | undefined> {
  const threads = readdirSync('/proc/self/task');
  return new Map(threads.map((thread) => [thread, status(`self/task/${thread}`)?.sleeps]));
}

/** What Linux says of a process or thread; undefined if it has ended. */
function status(task: number | string) {
  const text = read(`/proc/${task}/status`);
  const number = (name: string) => {
    const value = new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  if (text === '') return undefined;
  return {
    parent: number('PPid'),
    asleep: /^State:\s+S/m.test(text),
    sleeps: number('voluntary_ctxt_switches'),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
