/**
 * `npm run bench`: compares how this project serves a FastMCP definition with the same tools on the SDK's bare
 * `McpServer`, and with the same definition under FastMCP's own `start()`. They take turns in one run, because on a
 * busy machine only a comparison means anything. Then it compares starts with those of a bare FastMCP server, and parallel
 * with sequential paging, and stores with each other, and measures what clients cost that never come back. It takes about five
 * minutes; `npm run bench -- store` compares the stores alone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createApsClient } from '../lib/aps/client.ts';
import { listProjects, type Project } from '../lib/aps/data-management.ts';
import { type NumberedSlice, pageSize } from '../lib/aps/paging.ts';
import { serviceAccount } from '../lib/aps-sign-in/service-account.ts';
import { localUser } from '../lib/caller.ts';
import { apsServiceAccount } from '../lib/config/aps-variables.ts';
import { readSettings } from '../lib/config/settings.ts';
import { demoHubs, type Sandbox, startSandbox } from '../sandbox/index.ts';
import { median } from './bench/median.ts';
import { measureMemory } from './bench/memory.ts';
import { callsPerSecond } from './bench/rate.ts';
import { compareStarts } from './bench/start-up.ts';
import { compareStores } from './bench/store.ts';
import type { Mode } from './demo/client.ts';
import { type Program, startProgram } from './demo/program.ts';

const eras: Record<string, Mode> = { handshake: 'legacy', '2026-07-28': { pin: '2026-07-28' } };
const turns = 9;
const clientsAtOnce = 4;
const callsAtOnce = 4;

type Subject = { name: string; program: Program; era: string; first: number[]; rate: number[] };

async function connect({ program, era }: Subject): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: eras[era] } });
  await client.connect(new StreamableHTTPClientTransport(program.url));
  return client;
}

async function callOnce(client: Client): Promise<void> {
  const result = await client.callTool({ name: 'list_buckets', arguments: { limit: 1 } });
  if (result.isError) throw new Error(JSON.stringify(result.content));
}

/** Milliseconds from connecting to the first result. */
async function timeToFirstResult(subject: Subject): Promise<number> {
  const began = performance.now();
  const client = await connect(subject);
  await callOnce(client);
  const took = performance.now() - began;
  await client.close();
  return took;
}

/** Calls per second, of clients that have just connected. */
async function rateOf(subject: Subject): Promise<number> {
  const clients = await Promise.all(Array.from({ length: clientsAtOnce }, () => connect(subject)));
  const rate = await callsPerSecond(clients, callsAtOnce, callOnce);
  await Promise.all(clients.map((client) => client.close()));
  return rate;
}

/** Times the listing of a large hub on a slow APS, with parallel and with sequential pages. */
async function comparePaging(sandbox: Sandbox): Promise<void> {
  const latency = 250;
  const settings = readSettings(apsServiceAccount, sandbox.env);
  const tokens = serviceAccount({
    clientId: settings.APS_CLIENT_ID,
    clientSecret: settings.APS_CLIENT_SECRET,
    accountId: settings.APS_SSA_ID,
    keyId: settings.APS_SSA_KEY_ID,
    privateKey: settings.APS_SSA_KEY_BASE64,
    baseUrl: settings.APS_BASE_URL,
    scopes: ['data:read'],
  });
  const aps = createApsClient({ baseUrl: sandbox.url, tokens });
  await tokens.get(localUser);
  sandbox.trouble.set({ latencyMs: latency });
  await aps.call(localUser, new AbortController().signal, async (session) => {
    const timed = async (limit: number) => {
      const began = performance.now();
      let count = 0;
      let from: number | undefined = 0;
      while (from !== undefined) {
        const { items, after }: NumberedSlice<Project> = await listProjects(session, demoHubs.construction, {
          limit,
          from,
        });
        count += items.length;
        from = after;
      }
      return { count, took: performance.now() - began };
    };
    const parallel = await timed(10_000);
    const sequential = await timed(pageSize);
    console.log(`\n${parallel.count} projects, when APS takes ${latency} ms per response:`);
    console.log(
      `  parallel pages    ${parallel.took.toFixed(0).padStart(5)} ms, ${(parallel.took / latency).toFixed(1)} round trips (expected: at most 1 + 3)`,
    );
    console.log(
      `  sequential pages  ${sequential.took.toFixed(0).padStart(5)} ms, ${(sequential.took / latency).toFixed(1)} round trips`,
    );
  });
  sandbox.trouble.reset();
}

// It makes more calls in a minute than APS allows an application.
const sandbox = await startSandbox({ rateLimits: false });
const folder = await mkdtemp(join(tmpdir(), 'aps-mcp-bench-'));
try {
  if (process.argv[2] === 'store') await compareStores(sandbox, folder, turns);
  else await compareAll();
} finally {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
}
// Stops the servers.
process.exit();

async function compareAll(): Promise<void> {
  const run = (path: string, ...args: string[]) => startProgram(path, args, sandbox.env, folder);
  const ours = await run('scripts/aps-mcp.ts', '2lo', '--port', '0');
  const bare = await run('scripts/bench/bare.ts');
  const fastmcp = await run('scripts/bench/fastmcp.ts');
  const subject = (name: string, program: Program, era: string): Subject => ({
    name,
    program,
    era,
    first: [],
    rate: [],
  });
  const subjects = [
    subject('this project', ours, 'handshake'),
    subject('bare SDK', bare, 'handshake'),
    subject('FastMCP start()', fastmcp, 'handshake'),
    subject('this project', ours, '2026-07-28'),
    subject('bare SDK', bare, '2026-07-28'),
  ];
  for (const each of subjects) await timeToFirstResult(each);
  for (let index = 0; index < turns; index += 1)
    for (const each of index % 2 === 0 ? subjects : subjects.toReversed()) {
      each.first.push(await timeToFirstResult(each));
      each.rate.push(await rateOf(each));
    }

  console.log(
    `Medians of ${turns} turns: list_buckets against the sandbox, ${clientsAtOnce} clients with ${callsAtOnce} concurrent calls each.\n`,
  );
  console.log('protocol     server            first result   calls/s');
  for (const { name, era, first, rate } of subjects)
    console.log(
      `${era.padEnd(12)} ${name.padEnd(16)} ${median(first).toFixed(0).padStart(10)} ms ${median(rate).toFixed(0).padStart(9)}`,
    );
  /** The median of the ratios of two subjects in each turn. */
  const compared = (what: 'first' | 'rate', one: string, other: string, era: string) => {
    const of = (name: string) =>
      subjects.find((each) => each.name === name && each.era === era)?.[what] ?? [];
    return median(of(one).map((value, index) => value / (of(other)[index] ?? Number.NaN)));
  };
  console.log('');
  for (const era of Object.keys(eras)) {
    const times = compared('rate', 'this project', 'bare SDK', era).toFixed(2);
    console.log(`${era}: ${times} times the throughput of the bare SDK (expected: at least 0.9)`);
  }
  const faster = compared('first', 'FastMCP start()', 'this project', 'handshake').toFixed(0);
  console.log(`first result: ${faster} times faster than under start() (expected: at least 10)`);
  await compareStarts(sandbox, turns);
  await comparePaging(sandbox);
  await compareStores(sandbox, folder, turns);
  await measureMemory(sandbox);
}
