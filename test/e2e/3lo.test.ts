// The 3LO server as a program: in a person's steps over HTTP and over stdio.
import type { Client, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { signIn } from '../../sandbox/unattended-sign-in.ts';
import { connect, eras } from '../support/clients.ts';
import { alice, benji, chien } from '../support/people.ts';
import { freePort, holdPort } from '../support/ports.ts';
import { run, runHttpServer, stdioCommand } from '../support/programs.ts';
import { send, toolCall } from '../support/raw-http.ts';
import { askedAddress, attend, open, takesAddresses } from '../support/sign-in.ts';
import { connectToProgram } from '../support/stdio.ts';
import { hubsOf, said } from '../support/tool-results.ts';

/** A client of a server over HTTP, closed with the test. */
async function clientOf(url: string, mode: VersionNegotiationMode = 'legacy'): Promise<Client> {
  const client = await connect(url, mode);
  onTestFinished(() => client.close());
  return client;
}

describe('over HTTP', () => {
  test('with APS_SANDBOX=1 in a .env a person calls, signs in at the address, and calls again, whatever their client', async () => {
    const files = { '.env': 'APS_SANDBOX=1\n' };
    const { url, output, signal, ended } = await runHttpServer(['scripts/aps-mcp.ts', '3lo'], { files });
    for (const part of [
      'APS 3LO Demo',
      'list_hubs',
      'get_user_info',
      'sign_out',
      'as each user who signs in',
      'the built-in sandbox',
    ])
      expect(output.stderr).toContain(part);
    for (const [, mode] of eras) {
      const client = await clientOf(url, mode);
      const page = await open(await signIn(await askedAddress(client), benji));
      expect(page.status).toBe(200);
      expect(page.text).toContain('Benji Builder (benji@sandbox.example)');
      expect(await hubsOf(client)).toEqual(benji.hubs);
      expect(await said(client, 'sign_out')).toMatchObject({ isError: false });
      await open(await signIn(await askedAddress(client), chien));
      expect(await hubsOf(client)).toEqual(chien.hubs);
      // All clients are one person here: the next one begins anew.
      await said(client, 'sign_out');
    }
    signal('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('on another address of this machine people can sign in', async () => {
    const { says } = await run(['scripts/aps-mcp.ts', '3lo', '--sandbox', '--host', '::1', '--port', '0']);
    const [, origin = ''] = await says(/Address +(http:\S+)\/mcp/);
    const client = await clientOf(origin);
    const back = await signIn(await askedAddress(client), alice);
    // Whatever the name localhost means on this machine, the server is found at the address it was given.
    expect((await open(new URL(back.pathname + back.search, origin))).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });
});

/** A client that has started its server by itself, with these options. */
function overStdio(
  args: readonly string[],
  mode: VersionNegotiationMode,
  options?: Parameters<typeof connectToProgram>[2],
): Promise<Client> {
  return connectToProgram([...stdioCommand('3lo'), '--sandbox', ...args], mode, options);
}

describe('over stdio', () => {
  test.each(eras)(
    '%s that can take its user to an address is told when they decline, and gets the data in the call that asked',
    async (_name, mode) => {
      const shown: string[] = [];
      const client = await overStdio(['--port', '0'], mode, { options: takesAddresses });
      attend(client, (address) => {
        shown.push(address);
        return 'decline';
      });
      const { isError, text } = await said(client, 'list_hubs');
      expect([isError, text]).toEqual([true, expect.stringContaining('did not sign in')]);
      expect(shown).toHaveLength(1);
      attend(client, async (address): Promise<'accept'> => {
        shown.push(address);
        expect((await open(await signIn(address, benji))).status).toBe(200);
        return 'accept';
      });
      expect(await hubsOf(client)).toEqual(benji.hubs);
      expect(await hubsOf(client)).toEqual(benji.hubs);
      expect(shown).toHaveLength(2);
    },
  );

  test('a client that cannot gets the sample’s result, and the data when it calls again', async () => {
    const client = await overStdio(['--port', '0'], 'legacy');
    await open(await signIn(await askedAddress(client), chien));
    expect(await hubsOf(client)).toEqual(chien.hubs);
    expect(await said(client, 'sign_out')).toMatchObject({ isError: false });
    expect(await askedAddress(client)).toContain('/authorize?');
  });
});

describe('over stdio, the callback', () => {
  test('is opened on the port that was named, when somebody must sign in, and answers browsers that come back, and nothing else', async () => {
    const port = await freePort();
    const client = await overStdio([], 'legacy', { env: { MCP_PORT: String(port) } });
    const callback = `http://127.0.0.1:${port}/callback`;
    await client.listTools();
    await said(client, 'sign_out');
    await expect(send(callback)).rejects.toThrow('ECONNREFUSED');

    const address = await askedAddress(client);
    expect(new URL(address).searchParams.get('redirect_uri')).toBe(`http://localhost:${port}/callback`);
    expect((await open(callback)).status).toBe(400);
    const back = await signIn(address, alice);
    for (const path of ['/', '/mcp', '/health', '/callback/'])
      expect((await send(new URL(path, back))).status).toBe(404);
    expect((await send(new URL('/mcp', back), { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await send(back, { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await send(back, { method: 'HEAD' })).status).toBeGreaterThanOrEqual(400);

    expect((await open(back)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('on a port that is taken waits until it is free; other calls do not', async () => {
    const holder = await holdPort();
    const client = await overStdio(['--port', String(holder.port)], 'legacy');
    const address = askedAddress(client);
    expect((await client.listTools()).tools).not.toHaveLength(0);
    await holder.close();
    await open(await signIn(await address, alice));
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('is there whatever --host says, since nobody else can call, and ends with the server: the port is free again', async () => {
    const port = await freePort();
    const { hangUp, ended, write, output } = await run([
      ...([...stdioCommand('3lo'), '--sandbox', '--host', '0.0.0.0'] as const),
      ...['--port', String(port)],
    ]);
    write(`${JSON.stringify(toolCall('list_hubs'))}\n`);
    await expect.poll(() => output.stdout, { timeout: 20_000 }).toContain('auth_url');
    expect((await send(`http://127.0.0.1:${port}/callback`)).status).toBe(400);
    hangUp();
    expect((await ended).code).toBe(0);
    await (await holdPort(port)).close();
  });
});
