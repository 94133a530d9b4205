// Programs and their stores: killed and started again with one outside the process, nobody has to sign in a second time.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/clients.ts';
import { closing } from '../support/closing.ts';
import { newFolder } from '../support/folder.ts';
import { call, newTokens, refreshForm, tokensFor } from '../support/oauth-requests.ts';
import { alice } from '../support/people.ts';
import { isWindows } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { type Program, run, stdioCommand } from '../support/programs.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { type OnAnswer, startSandbox } from '../support/sandbox.ts';
import { askedAddress, open, signInAt } from '../support/sign-in.ts';
import { connectToProgram } from '../support/stdio.ts';
import { hubsOf, said } from '../support/tool-results.ts';
import { describeWith } from '../support/with-programs.ts';

const keep = closing();
/** What happens before APS answers. */
let beforeAnswer: OnAnswer = async () => {};
const sandbox = keep(await startSandbox({ onAnswer: (...answer) => beforeAnswer(...answer) }));

/** Starts 3lo on a port; what it returns kills it, and starts it again there. */
async function startThreeLegged(env: Record<string, string>, ...args: string[]) {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  sandbox.registerRedirectUri(`${url}/callback`);
  const start = async () => {
    const program = await run(['scripts/aps-mcp.ts', '3lo', '--port', String(port), ...args], {
      env: { ...sandbox.env, ...env },
    });
    await program.says(/Ctrl-C/);
    return program;
  };
  let program = await start();
  return {
    url,
    /** @param meanwhile - what happens between the signal and the end */
    async restart(signal: NodeJS.Signals = 'SIGKILL', meanwhile?: (program: Program) => Promise<void>) {
      program.signal(signal);
      await meanwhile?.(program);
      const { code } = await program.ended;
      program = await start();
      return code;
    },
  };
}

/** The settings of a store that is somewhere else than in the process. */
const stores = {
  'a file': async () => ({ STORE_URL: `file:${join(await newFolder(), 'store.db')}` }),
  Redis: async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    return { STORE_URL: redis.url, STORE_SECRET: 'a-secret-that-the-instances-share-0815' };
  },
};

describeWith('after kill -9 and another start', [noRedis], () => {
  test.each(Object.entries(stores))('a person stays signed in, with %s', async (_where, settings) => {
    const { url, restart } = await startThreeLegged(await settings());
    await signInAt(sandbox, await askedAddress(await connect(url, 'legacy')), alice);
    await restart();
    expect(await hubsOf(await connect(url, 'legacy'))).toEqual(alice.hubs);
  });

  test.each(Object.entries(stores))(
    'a client behind autodesk stays signed in, and registered, with %s and without SESSION_SECRET',
    async (_where, settings) => {
      const at = await startThreeLegged(await settings(), '--client-auth', 'autodesk');
      const tokens = await newTokens(at);
      await at.restart();
      expect((await call(at, tokens.access)).status).toBe(200);
      expect((await call(at, (await tokensFor(at, refreshForm(tokens))).access)).status).toBe(200);
    },
  );
});

describeWith('a server that is told to end while Redis is down', [noRedis], () => {
  test('first saves the tokens that APS has issued meanwhile', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const settings = { STORE_URL: redis.url, STORE_SECRET: 'a-secret-that-the-instances-share-0815' };
    const { url, restart } = await startThreeLegged(settings);
    const client = keep(await connect(url, 'legacy'));
    await signInAt(sandbox, await askedAddress(client), alice);
    sandbox.revokeAccessTokens();
    beforeAnswer = async ({ path }) => {
      if (path.endsWith('/token')) await redis.kill();
    };
    onTestFinished(() => {
      beforeAnswer = async () => {};
    });
    expect(await said(client, 'list_hubs')).toMatchObject({ isError: true });
    const code = await restart('SIGTERM', async ({ says }) => {
      await says(/Waiting for the store/);
      await redis.start();
    });
    expect(code).toBe(0);
    beforeAnswer = async () => {};
    expect(await hubsOf(keep(await connect(url, 'legacy')))).toEqual(alice.hubs);
  });
});

test('a desktop user of pkce stays signed in, by default', async () => {
  const home = await newFolder();
  const env = {
    ...{ APS_BASE_URL: sandbox.url, APS_CLIENT_ID: sandbox.publicClientId, STORE_URL: '' },
    ...{ HOME: home, XDG_DATA_HOME: home, LOCALAPPDATA: home, DBUS_SESSION_BUS_ADDRESS: '' },
  };
  const connectTo = () => connectToProgram([...stdioCommand('pkce'), '--port', '0'], 'legacy', { env });
  const client = await connectTo();
  const address = await askedAddress(client);
  sandbox.registerRedirectUri(new URL(address).searchParams.get('redirect_uri') ?? '');
  expect((await open(await sandbox.signIn(address, alice))).status).toBe(200);
  // Killed, as when the machine of its client is switched off.
  const { transport } = client;
  if (!(transport instanceof StdioClientTransport) || transport.pid === null)
    throw new Error('It is a process');
  process.kill(transport.pid, 'SIGKILL');
  expect(await hubsOf(await connectTo())).toEqual(alice.hubs);
});

test('a server that keeps nothing starts and answers although its store cannot be reached', async () => {
  const program = await run(['scripts/aps-mcp.ts', '2lo', '--port', '0'], {
    env: {
      ...sandbox.env,
      STORE_URL: 'redis://127.0.0.1:1',
      STORE_SECRET: 'a-secret-that-the-instances-share-0815',
    },
  });
  const [, url = ''] = await program.says(/Address +(http:\/\/localhost:\d+)\/mcp.*Ctrl-C/s);
  expect((await fetch(`${url}/ready`)).status).toBe(200);
});

test.skipIf(isWindows)('a server whose file is deleted is not ready, and says what to do', async () => {
  const folder = join(await newFolder(), 'store');
  const program = await run(['scripts/aps-mcp.ts', '3lo', '--port', '0'], {
    env: { ...sandbox.env, STORE_URL: `file:${join(folder, 'store.db')}` },
  });
  const [, url = ''] = await program.says(/Address +(http:\/\/localhost:\d+)\/mcp.*Ctrl-C/s);
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  await rm(folder, { recursive: true });
  for (let asked = 0; asked < 2; asked += 1) expect((await fetch(`${url}/ready`)).status).toBe(503);
  await program.says(/its file was deleted or replaced. Restart the server/);
  expect(program.output.stderr.match(/Restart the server/g)).toHaveLength(1);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});
