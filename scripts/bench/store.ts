/** What the store costs: calls a second of signed-in people to `3lo`, with the store in memory, in a file and in Redis. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { Sandbox } from '../../sandbox/index.ts';
import { startProgram } from '../demo/program.ts';
import { freePort } from '../free-port.ts';
import { median } from './median.ts';
import { callsPerSecond } from './rate.ts';

const redisProgram = process.env.REDIS_PATH ?? '/usr/bin/redis-server';
const callsAtOnce = 16;

const signInResult = z.object({ result: z.object({ auth_url: z.string() }) });

type Subject = { name: string; client: Client; rates: number[] };

/**
 * Measures them in alternating turns, and prints the medians.
 *
 * @param folder - an empty folder, for the servers and what they store
 */
export async function compareStores(sandbox: Sandbox, folder: string, turns: number): Promise<void> {
  const redis = await startRedis(folder);
  const stores = {
    'memory:': { STORE_URL: 'memory:' },
    'file:': { STORE_URL: `file:${join(folder, 'store.db')}` },
    ...(redis && { 'redis:': { STORE_URL: redis, STORE_SECRET: 'only-for-this-measurement-0123456789' } }),
  };
  const subjects: Subject[] = [];
  for (const [name, env] of Object.entries(stores))
    subjects.push({ name, client: await signedIn(sandbox, folder, env), rates: [] });
  for (let index = 0; index < turns; index += 1)
    for (const each of index % 2 === 0 ? subjects : subjects.toReversed())
      each.rates.push(await rateOf(each.client));

  console.log(
    `\nMedians of ${turns} turns: list_hubs of 3lo, ${callsAtOnce} concurrent calls of a signed-in person.\n`,
  );
  console.log('store      calls/s   of memory:');
  const [memory] = subjects;
  for (const { name, rates } of subjects) {
    const ratio = median(rates.map((rate, index) => rate / (memory?.rates[index] ?? Number.NaN)));
    const expected = name === 'redis:' ? '  (expected: at least 0.8)' : '';
    console.log(
      `${name.padEnd(8)} ${median(rates).toFixed(0).padStart(9)} ${ratio.toFixed(2).padStart(12)}${expected}`,
    );
  }
  if (!redis) console.log(`redis: was left out: there is no ${redisProgram}`);
  for (const { client } of subjects) await client.close();
}

/** A client of a server with its store, whose person has signed in. */
async function signedIn(sandbox: Sandbox, folder: string, env: Record<string, string>): Promise<Client> {
  const { url } = await startProgram(
    'scripts/aps-mcp.ts',
    ['3lo', '--port', '0'],
    { ...sandbox.env, ...env },
    folder,
  );
  const client = new Client(
    { name: 'bench', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  await client.connect(new StreamableHTTPClientTransport(url));
  const { structuredContent } = await client.callTool({ name: 'list_hubs' });
  const address = signInResult.parse(structuredContent).result.auth_url;
  sandbox.registerRedirectUri(new URL(address).searchParams.get('redirect_uri') ?? '');
  await fetch(await sandbox.signIn(address));
  await rateOf(client);
  return client;
}

/** Calls per second of one client, with several concurrent calls. */
const rateOf = (client: Client) =>
  callsPerSecond([client], callsAtOnce, async () => {
    const { isError, content } = await client.callTool({ name: 'list_hubs' });
    if (isError) throw new Error(JSON.stringify(content));
  });

/** Redis as docs/operations.md has it set; it ends with this process. Undefined where there is none. */
async function startRedis(folder: string): Promise<string | undefined> {
  if (!existsSync(redisProgram)) return undefined;
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const persistence = ['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--save', ''];
  const child = spawn(redisProgram, [...options, ...persistence], { stdio: ['ignore', 'pipe', 'ignore'] });
  process.once('exit', () => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('Ready to accept connections')) continue;
    child.stdout.resume();
    return `redis://127.0.0.1:${port}`;
  }
  throw new Error('Redis did not start');
}
