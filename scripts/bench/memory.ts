/** What clients cost a server that call once and never come back, and what strangers can do to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { z } from 'zod';
import type { Sandbox } from '../../sandbox/index.ts';
import { environmentWith, projectFile } from '../demo/program.ts';
import type { Used } from './served.ts';

/** Clients that vanish, and forms that a stranger posts. */
const vanished = 10_000;
const forms = 27_000;
/** Requests under way at once. */
const atOnce = 8;
const megabyte = 1024 * 1024;

type Served = { url: string; callbackUrl: string; used(): Promise<Used>; stop(): void };

const addresses = z.object({ publicUrl: z.string(), callbackUrl: z.string() });
const usedSchema = z.object({ heap: z.number(), cpu: z.number() });

/** Starts `served.ts` with a heap of so many megabytes. */
async function start(
  [name, mode]: readonly [string, string],
  heap: number,
  variables: Record<string, string>,
): Promise<Served> {
  const child: ChildProcess = fork(projectFile('scripts/bench/served.ts'), [name, mode], {
    execArgv: [
      ...['--import', import.meta.resolve('tsx')],
      ...['--expose-gc', `--max-old-space-size=${heap}`],
    ],
    env: environmentWith(variables),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(
      `${name} --client-auth ${mode} ended with ${code}: its heap of ${heap} MB was not enough`,
    );
  });
  ended.catch(() => {});
  const answer = async () => (await Promise.race([once(child, 'message'), ended]))[0];
  const { publicUrl: url, callbackUrl } = addresses.parse(await answer());
  return {
    ...{ url, callbackUrl },
    async used() {
      child.send('used?');
      return usedSchema.parse(await answer());
    },
    stop: () => child.disconnect(),
  };
}

/** Does `work` for every number below `count`, several at once. */
async function forEach(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

function message(method: string, params: unknown) {
  return { jsonrpc: '2.0', id: 1, method, params };
}
export const initialize = message('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1.0.0' },
});
const listHubs = message('tools/call', { name: 'list_hubs', arguments: {} });

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${text}`);
  return response.headers.get('mcp-session-id') ?? text;
}

/** An OpenID provider that knows everybody. */
async function startProvider() {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256' }] };
  const server = createServer((request, response) => {
    const discovery = { issuer, jwks_uri: `${issuer}/jwks` };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/jwks' ? jwks : discovery));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  return {
    issuer,
    token: (sub: string, audience: string) =>
      new SignJWT({ name: `Person ${sub}` })
        .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(sub)
        .setExpirationTime('1h')
        .sign(privateKey),
    close: () => server.close(),
  };
}

/** Lets clients initialize, call once, and vanish; prints the live heap before and after. */
async function letVanish(
  title: string,
  served: Served,
  headersOf: (index: number) => Promise<Record<string, string>>,
): Promise<void> {
  const one = async (index: number) => {
    const headers = await headersOf(index);
    const session = await post(served.url, initialize, headers);
    await post(served.url, listHubs, { ...headers, 'mcp-session-id': session });
  };
  await one(-1);
  const before = await served.used();
  await forEach(vanished, one);
  const after = await served.used();
  const [from, to] = [before.heap, after.heap].map((bytes) => (bytes / megabyte).toFixed(0).padStart(4));
  console.log(`  ${title.padEnd(34)} ${from} MB before, ${to} MB after`);
  served.stop();
}

/** CPU milliseconds that a client costs which only initializes. */
async function initializeCost(name: string, variables: Record<string, string>): Promise<number> {
  const served = await start([name, 'none'], 128, variables);
  const some = 500;
  await forEach(some, () => post(served.url, initialize));
  const before = await served.used();
  await forEach(some, () => post(served.url, initialize));
  const after = await served.used();
  served.stop();
  return (after.cpu - before.cpu) / some;
}

/** A browser of sorts: opens the consent page, and allows what it asks for. */
async function consent(url: string, clientId: string, redirectUri: string, state: string) {
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, state },
    ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
  });
  const page = await fetch(`${url}/oauth/authorize?${query}`);
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const form = /name="form" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const allow = async () => {
    const response = await fetch(`${url}/oauth/consent`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ form, decision: 'allow' }),
    });
    const address = response.headers.get('location');
    if (!address) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    return address;
  };
  return { cookie, allow };
}

/** A stranger posts a consent form again and again, with as long a `state` as is allowed. */
async function flood(sandbox: Sandbox): Promise<void> {
  const heap = 200;
  const served = await start(['3lo', 'autodesk'], heap, sandbox.env);
  sandbox.registerRedirectUri(served.callbackUrl);
  const redirectUri = 'http://localhost:4711/callback';
  const registered = await fetch(`${served.url}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'bench', redirect_uris: [redirectUri] }),
  });
  const { client_id: clientId } = z.object({ client_id: z.string() }).parse(await registered.json());

  const person = await consent(served.url, clientId, redirectUri, 'a person');
  const atAutodesk = await person.allow();
  const stranger = await consent(served.url, clientId, redirectUri, 'x'.repeat(1000));
  const before = await served.used();
  const began = performance.now();
  await forEach(forms, stranger.allow);
  const rate = (forms * 1000) / (performance.now() - began);
  const after = await served.used();

  const back = await sandbox.signIn(atAutodesk);
  const finished = await fetch(back, { redirect: 'manual', headers: { cookie: person.cookie } });
  const code = new URL(finished.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const token = await fetch(`${served.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', code, client_id: clientId, redirect_uri: redirectUri },
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }),
  });
  const [from, to] = [before.heap, after.heap].map((bytes) => (bytes / megabyte).toFixed(0).padStart(4));
  console.log(
    `\n${forms} consent forms posted by a stranger, ${rate.toFixed(0)} per second, heap limit ${heap} MB:`,
  );
  console.log(`  3lo --client-auth autodesk         ${from} MB before, ${to} MB after`);
  console.log(`  a sign-in started before it ended with HTTP ${token.status} (expected: 200)`);
  served.stop();
}

/** Runs all of it, each server in a process with a limited heap. A server that needs more ends with an error. */
export async function measureMemory(sandbox: Sandbox): Promise<void> {
  const limit = 128;
  console.log(`\n${vanished} clients that called once and vanished, live heap, limit ${limit} MB:`);
  await letVanish('3lo', await start(['3lo', 'none'], limit, sandbox.env), async () => ({}));
  const provider = await startProvider();
  const variables = { ...sandbox.env, MCP_AUTH_ISSUER: provider.issuer };
  const behindOidc = await start(['3lo', 'oidc'], limit, variables);
  await letVanish('3lo --client-auth oidc', behindOidc, async (index) => ({
    authorization: `Bearer ${await provider.token(String(index), `${behindOidc.url}/mcp`)}`,
  }));
  provider.close();

  const costs = await Promise.all(
    ['2lo', '3lo'].map(async (name) => ({ name, cost: await initializeCost(name, sandbox.env) })),
  );
  console.log('\nCPU time of a client that only initializes:');
  for (const { name, cost } of costs) console.log(`  ${name}  ${cost.toFixed(2)} ms`);
  await flood(sandbox);
}
