/** A Redis server of a test's own: on a port and in a folder of its own, with everything written to disk at once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';

const program = process.env.REDIS_PATH ?? '/usr/bin/redis-server';

/** Why tests with Redis cannot run here; undefined if they can. In CI they must: there, they run and fail. */
export const noRedis =
  existsSync(program) || process.env.CI === 'true'
    ? undefined
    : `there is no Redis at ${program}; install it, or set REDIS_PATH`;

export type Redis = {
  url: string;
  /** The folder with its data. */
  folder: string;
  /** Ends it without a chance to do anything. */
  kill(): Promise<void>;
  /** Starts it again, with the data that it had written. */
  start(): Promise<void>;
  /** Makes it stand still, and go on. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
};

/** Starts Redis as docs/operations.md has it set. */
export async function startRedis(port?: number): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'aps-mcp-redis-'));
  const at = port ?? (await freePort());
  let child = await launch(folder, at);

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  return {
    ...{ url: `redis://127.0.0.1:${at}`, folder, kill },
    async start() {
      child = await launch(folder, at);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, port: number): Promise<ChildProcess> {
  const persistence = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const child = spawn(
    program,
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--maxmemory-policy',
      'noeviction',
      ...persistence,
    ],
    { stdio: 'ignore' },
  );
  for (const end = Date.now() + 10_000; Date.now() < end && child.exitCode === null; ) {
    if ((await ping(port)) === '+PONG') return child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill('SIGKILL');
  throw new Error('Redis did not start');
}

/** What it answers; undefined if nothing listens. While it loads its data it answers an error. */
function ping(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket
      .once('data', (text) => {
        resolve(String(text).trim());
        socket.destroy();
      })
      .once('error', () => resolve(undefined));
  });
}
