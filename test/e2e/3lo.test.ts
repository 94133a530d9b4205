// The 3LO server as a program: in a person's steps over HTTP and over stdio, and where it refuses to start.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Client, ClientOptions, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, onTestFinished, test } from 'vitest';
import { signIn } from '../../sandbox/unattended-sign-in.ts';
import { connect, connectOver, eras } from '../support/clients.ts';
import { newFolder } from '../support/folder.ts';
import { alice, benji, chien } from '../support/people.ts';
import { cleanEnvironment, nodeArguments, run, runHttpServer, runToEnd } from '../support/programs.ts';
import { send } from '../support/raw-http.ts';
import { askedAddress, attend, open, takesAddresses } from '../support/sign-in.ts';
import { hubsOf, said } from '../support/tool-results.ts';

const http = ['scripts/run.ts', '3lo', '--sandbox'] as const;

/** A client of a server over HTTP, closed with the test. */
async function clientOf(url: string, mode: VersionNegotiationMode = 'legacy'): Promise<Client> {
  const client = await connect(url, mode);
  onTestFinished(() => client.close());
  return client;
}

describe('over HTTP', () => {
  test('a person calls, opens the address, signs in, and calls again, whatever their client', async () => {
    const { url, output, signal, ended } = await runHttpServer(http);
    for (const part of [
      'APS 3LO Demo',
      'list_hubs',
      'sign_out',
      'as each user who signs in',
      'the built-in sandbox',
    ])
      expect(output.stderr).toContain(part);
    for (const [, mode] of eras) {
      const client = await clientOf(url, mode);
      const page = await open(await signIn(await askedAddress(client), benji));
      expect(page).toMatchObject({ status: 200, heading: 'You are signed in' });
      expect(page.text).toContain('Benji Builder (benji@sandbox.example)');
      expect(await hubsOf(client)).toEqual(benji.hubs);
      expect((await said(client, 'sign_out')).text).toContain('Signed out');
      await open(await signIn(await askedAddress(client), chien));
      expect(await hubsOf(client)).toEqual(chien.hubs);
    }
    signal('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('a .env that says APS_SANDBOX=1 is enough', async () => {
    const { url } = await runHttpServer(['scripts/run.ts', '3lo'], { files: { '.env': 'APS_SANDBOX=1\n' } });
    const client = await clientOf(url);
    await open(await signIn(await askedAddress(client), alice));
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });
});

describe('an address that others can reach', () => {
  test.each([
    ['0.0.0.0', []],
    ['::', []],
    ['127.0.0.1.example.com', []],
    ['0.0.0.0', ['--insecure-no-client-auth']],
  ] as const)('%s %j is refused at the start, with the reason and the way out', async (host, flags) => {
    const { code, stdout, stderr } = await runToEnd([...http, '--host', host, '--port', '0', ...flags]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^3lo cannot start\. Its tokens belong to users, [^\n]+\n$/);
    expect(stderr).toContain(`whoever can reach ${host} would act as whoever signed in to Autodesk last`);
    expect(stderr).toContain('Choose --client-auth autodesk or oidc');
    expect(stderr).toContain('leave --host out');
  });

  test('does not keep a server over stdio from starting: nobody else can reach it', async () => {
    const { says } = await run(['servers/3lo.ts', '--sandbox', '--host', '0.0.0.0']);
    await says(/Transport +stdio/);
  });

  test.each(['127.0.0.1', '::1'])('is not %s: there people can sign in', async (host) => {
    const { says } = await run([...http, '--host', host, '--port', '0']);
    const [, origin = ''] = await says(/Address +(http:\S+)\/mcp/);
    const client = await clientOf(origin);
    const back = await signIn(await askedAddress(client), alice);
    // Whatever the name localhost means on this machine, the server is found at the address it was given.
    expect((await open(new URL(back.pathname + back.search, origin))).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });
});

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const { port, close } = await holdPort(0);
  await close();
  return port;
}

/** Takes a port until it is closed. */
async function holdPort(port: number) {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It has no port');
  const close = async () => {
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  onTestFinished(close);
  return { port: address.port, close };
}

/** A client of a server over stdio that it starts by itself. */
async function overStdio(
  args: string[],
  mode: VersionNegotiationMode,
  { env, options }: { env?: Record<string, string>; options?: ClientOptions } = {},
): Promise<Client> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: nodeArguments('servers/3lo.ts', '--sandbox', ...args),
    cwd: await newFolder(),
    env: cleanEnvironment(env),
    stderr: 'ignore',
  });
  const client = await connectOver(transport, mode, options);
  onTestFinished(() => client.close());
  return client;
}

describe.each(eras)('over stdio, %s', (_name, mode) => {
  test('that can take its user to an address hears of a no, and gets the data in the call that asked', async () => {
    const shown: string[] = [];
    const client = await overStdio(['--port', '0'], mode, { options: takesAddresses });
    attend(client, (address) => {
      shown.push(address);
      return 'decline';
    });
    const { isError, text } = await said(client, 'list_hubs');
    expect([isError, text]).toEqual([true, expect.stringContaining('did not sign in to Autodesk')]);
    expect(shown).toHaveLength(1);
    attend(client, async (address): Promise<'accept'> => {
      shown.push(address);
      expect((await open(await signIn(address, benji))).status).toBe(200);
      return 'accept';
    });
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(shown).toHaveLength(2);
  });

  test('that cannot gets the sample’s result, and the data when it calls again', async () => {
    const client = await overStdio(['--port', '0'], mode);
    await open(await signIn(await askedAddress(client), chien));
    expect(await hubsOf(client)).toEqual(chien.hubs);
    expect((await said(client, 'sign_out')).text).toContain('Signed out');
    expect(await askedAddress(client)).toContain('/authorize?');
  });
});

describe('over stdio, the callback', () => {
  test('is opened on the port that was named, and only when somebody must sign in', async () => {
    const port = await freePort();
    const client = await overStdio([], 'legacy', { env: { MCP_PORT: String(port) } });
    const callback = `http://127.0.0.1:${port}/callback`;
    await client.listTools();
    await said(client, 'sign_out');
    await expect(send(callback)).rejects.toThrow('ECONNREFUSED');
    const address = await askedAddress(client);
    expect(new URL(address).searchParams.get('redirect_uri')).toBe(`http://localhost:${port}/callback`);
    expect(await open(callback)).toMatchObject({
      status: 400,
      heading: 'This sign-in link is no longer good',
    });
    const back = await signIn(address, alice);
    expect((await open(back)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('answers nothing but browsers that come back: no MCP, no other page, no foreign name, no HEAD', async () => {
    const client = await overStdio(['--port', '0'], 'legacy');
    const address = await askedAddress(client);
    const back = await signIn(address, alice);
    for (const path of ['/', '/mcp', '/health', '/callback/'])
      expect((await send(new URL(path, back))).status).toBe(404);
    expect((await send(new URL('/mcp', back), { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await send(back, { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await send(back, { method: 'HEAD' })).status).toBeGreaterThanOrEqual(400);
    expect((await open(back)).status).toBe(200);
  });

  test('on a port that is taken is an error of the tool with the way out, and works once the port is free', async () => {
    const holder = await holdPort(0);
    const client = await overStdio(['--port', String(holder.port)], 'legacy');
    for (let attempt = 0; attempt < 2; attempt += 1)
      expect(await said(client, 'list_hubs')).toEqual({
        isError: true,
        text: expect.stringMatching(
          new RegExp(
            `^Port ${holder.port} is taken\\. Choose another with --port, .+ or stop what uses it\\.$`,
          ),
        ),
      });
    expect((await client.listTools()).tools).not.toHaveLength(0);
    await holder.close();
    await open(await signIn(await askedAddress(client), alice));
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('ends with the server: the port is free again', async () => {
    const port = await freePort();
    const { hangUp, ended, write, output } = await run([
      'servers/3lo.ts',
      '--sandbox',
      '--port',
      String(port),
    ]);
    write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_hubs' } })}\n`,
    );
    await expect.poll(() => output.stdout, { timeout: 20_000 }).toContain('auth_url');
    expect((await send(`http://127.0.0.1:${port}/callback`)).status).toBe(400);
    hangUp();
    expect((await ended).code).toBe(0);
    await (await holdPort(port)).close();
  });
});
