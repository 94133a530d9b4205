// Whatever happens, nothing that the programs print or answer shows a secret, a token or a Basic header.
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/clients.ts';
import { always, startLocalServer } from '../support/local-server.ts';
import { type Program, run, runHttpServer, stdioCommand } from '../support/programs.ts';
import { send, toolCall } from '../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { spellingsOf } from '../support/secrets.ts';
import { callListing } from '../support/tool-results.ts';

const wrong = 'S3cr3t-0815-of-somebody';
let sandbox: Sandbox;
let seen: string[];
let secrets: string[];
beforeEach(async () => {
  sandbox = await startSandbox();
  seen = [];
  secrets = [sandbox.env.APS_CLIENT_SECRET ?? '', wrong];
});
afterEach(() => sandbox.close());

/** Every way in which a secret or a token could show. */
function spellings(secret: string, clientId: string): string[] {
  const pairs = [secret, encodeURIComponent(secret)].map((each) => `${clientId}:${each}`);
  return [...spellingsOf(secret), ...pairs.map((pair) => Buffer.from(pair).toString('base64'))];
}

/** Ends a program, and looks through everything that was seen of it. */
async function expectSilence(program: Program): Promise<void> {
  program.signal('SIGTERM');
  const { stdout, stderr } = await program.ended;
  const everything = [...seen, stdout, stderr].join('\n');
  expect(everything).toMatch(/\w/);
  expect(everything).not.toMatch(/eyJ[\w-]{8}|Basic [\w+/]{8}|Bearer [\w-]{8}|a-very-secret-token/);
  for (const secret of secrets)
    for (const id of [sandbox.env.APS_CLIENT_ID ?? '', 'sandbox-no-api-client-id'])
      for (const spelling of spellings(secret, id)) expect(everything).not.toContain(spelling);
}

/** Calls both tools, and keeps what they answer. */
async function callBoth(client: Client): Promise<string[]> {
  const answers = await Promise.all([
    callListing(client, 'list_buckets', { region: 'ALL' }),
    callListing(client, 'list_objects', { bucket_key: 'sandbox-odd-names' }),
  ]);
  seen.push(JSON.stringify(answers));
  return answers.map(({ isError, texts }) => (isError ? (texts[0] ?? '') : 'data'));
}

/** A server over HTTP, and a client that is connected to it. */
async function served(env: Record<string, string>) {
  const program = await runHttpServer(['scripts/aps-mcp.ts', '2lo'], { env });
  const client = await connect(program.url, 'auto');
  onTestFinished(() => client.close());
  return { program, client };
}

test('not a success, a refused token, nor any trouble of APS', async () => {
  const { program, client } = await served(sandbox.env);
  expect(await callBoth(client)).toEqual(['data', 'data']);
  sandbox.revokeAccessTokens();
  expect(await callBoth(client)).toEqual(['data', 'data']);
  seen.push(JSON.stringify(await callListing(client, 'list_objects', { bucket_key: 'there-is-none' })));
  for (const fault of [{ status: 503, retryAfter: '3600' }, { drop: 'midway' }] as const) {
    sandbox.trouble.set({ failAll: fault });
    sandbox.revokeAccessTokens();
    expect(await callBoth(client)).not.toContain('data');
    sandbox.trouble.reset();
  }
  expect(await callBoth(client)).toEqual(['data', 'data']);
  for (const path of ['/', '/health', '/mcp', '/nowhere'])
    seen.push(JSON.stringify(await send(program.url + path)));
  await expectSilence(program);
});

test('not a wrong secret', async () => {
  const { program, client } = await served({ ...sandbox.env, APS_CLIENT_SECRET: wrong });
  const [refusal] = await callBoth(client);
  expect(refusal).toContain('APS_CLIENT_ID and APS_CLIENT_SECRET');
  await expectSilence(program);
});

test('not an application that may not do what is asked', async () => {
  const credentials = {
    APS_CLIENT_ID: 'sandbox-no-api-client-id',
    APS_CLIENT_SECRET: 'sandbox-no-api-client-secret',
  };
  secrets.push(credentials.APS_CLIENT_SECRET);
  const { program, client } = await served({ ...sandbox.env, ...credentials });
  const [refusal] = await callBoth(client);
  expect(refusal).toContain('AUTH-001');
  await expectSilence(program);
});

test('not an APS that answers what nobody expects, over stdio', async () => {
  const odd = {
    access_token: 'a-very-secret-token',
    token_type: 'Bearer',
    expires_in: 'soon',
    items: [wrong],
    next: wrong,
  };
  for (const answer of [always(odd), always({ ...odd, expires_in: 3599 })]) {
    const aps = await startLocalServer(answer);
    onTestFinished(() => aps.close());
    const env = { APS_BASE_URL: aps.url, APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: wrong };
    const program = await run(stdioCommand('2lo'), { env });
    program.write(`${JSON.stringify(toolCall('list_buckets'))}\n`);
    await expect.poll(() => program.output.stdout, { timeout: 20_000 }).toContain('"isError":true');
    await expectSilence(program);
  }
});

test('not a start that fails, wherever the secret was put by mistake', async () => {
  const env = {
    APS_CLIENT_SECRET: wrong,
    APS_BASE_URL: `https://user:${wrong}@aps.example/${wrong}`,
    MCP_PORT: wrong,
    MCP_ALLOWED_HOSTS: `${wrong}/`,
    MCP_ALLOWED_ORIGINS: wrong,
    APS_SANDBOX: wrong,
  };
  const program = await run(['scripts/aps-mcp.ts', '2lo'], { env });
  expect((await program.ended).code).toBe(1);
  for (const name of [
    'APS_CLIENT_ID',
    'APS_BASE_URL',
    'MCP_PORT',
    'MCP_ALLOWED_HOSTS',
    'MCP_ALLOWED_ORIGINS',
  ])
    expect(program.output.stderr).toContain(name);
  await expectSilence(program);
});
