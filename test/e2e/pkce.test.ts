// The PKCE server as a program: in a person's steps over HTTP and over stdio, without a secret.
import { describe, expect, onTestFinished, test } from 'vitest';
import { signIn } from '../../sandbox/unattended-sign-in.ts';
import { connect, eras, newest } from '../support/clients.ts';
import { alice, benji, chien } from '../support/people.ts';
import { freePort } from '../support/ports.ts';
import { type Program, pathOf, refusalOf, run, runHttpServer, stdioCommand } from '../support/programs.ts';
import { toolCall } from '../support/raw-http.ts';
import { startSandbox } from '../support/sandbox.ts';
import { askedAddress, attend, open, takesAddresses } from '../support/sign-in.ts';
import { connectStdio, connectToProgram } from '../support/stdio.ts';
import { hubsOf, said } from '../support/tool-results.ts';

describe('npm run pkce', () => {
  test('a person calls, opens the address, signs in, and signs out, whatever their client', async () => {
    const { url, output, signal, ended } = await runHttpServer(['scripts/aps-mcp.ts', 'pkce', '--sandbox']);
    for (const part of [
      'APS PKCE Demo',
      'list_hubs',
      'sign_out',
      'without a secret',
      'programs on this machine',
    ])
      expect(output.stderr).toContain(part);
    for (const [, mode] of eras) {
      const client = await connect(url, mode);
      onTestFinished(() => client.close());
      expect((await open(await signIn(await askedAddress(client), benji))).status).toBe(200);
      expect(await hubsOf(client)).toEqual(benji.hubs);
      expect((await said(client, 'sign_out')).text).toContain('revoked');
      await open(await signIn(await askedAddress(client), chien));
      expect(await hubsOf(client)).toEqual(chien.hubs);
      // All clients are one person here: the next one begins anew.
      await said(client, 'sign_out');
    }
    signal('SIGINT');
    expect(await ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('needs a client id and nothing else, and says so', async () => {
    const refusal = await refusalOf(['scripts/aps-mcp.ts', 'pkce']);
    expect(refusal).toContain('APS_CLIENT_ID');
    expect(refusal).not.toContain('SECRET');
  });
});

/** Calls a tool of a program that speaks MCP over stdio: what it answers. */
async function callOf({ write, output }: Program): Promise<string> {
  const before = output.stdout.length;
  write(`${JSON.stringify(toolCall('list_hubs'))}\n`);
  await expect.poll(() => output.stdout.slice(before), { timeout: 20_000, interval: 20 }).toContain('\n');
  return output.stdout.slice(before);
}

const linkIn = (answer: string) => /"auth_url":"([^"]+)"/.exec(answer)?.[1] ?? '';

describe('pkce over stdio', () => {
  test('started by two clients of one machine, signs in one after the other on the port that both have', async () => {
    const command = [...stdioCommand('pkce'), '--sandbox', '--port', String(await freePort())] as const;
    const [one, other] = await Promise.all([run(command), run(command)]);
    const link = linkIn(await callOf(one));
    const answer = callOf(other);
    await other.says(/another server.*Waiting/);
    expect((await open(await signIn(link, alice))).status).toBe(200);
    expect((await open(await signIn(linkIn(await answer), benji))).status).toBe(200);
    expect(await callOf(one)).toContain(alice.hubs[0]);
    expect(await callOf(other)).toContain(benji.hubs[0]);
  });

  test(`a client of ${newest} that can take its user to an address gets the data in the call that asked`, async () => {
    const client = await connectToProgram(
      [...stdioCommand('pkce'), '--sandbox', '--port', '0'],
      { pin: newest },
      { options: takesAddresses },
    );
    const shown: string[] = [];
    attend(client, async (address): Promise<'accept'> => {
      shown.push(address);
      expect((await open(await signIn(address, benji))).status).toBe(200);
      return 'accept';
    });
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(shown).toHaveLength(1);
    expect((await said(client, 'sign_out')).text).toContain('revoked');
  });

  test('a client of the handshake era that starts it with npx tsx is served: a client id is enough, and what is for other servers is passed over', async () => {
    const sandbox = await startSandbox();
    onTestFinished(() => sandbox.close());
    const others = { MCP_CLIENT_AUTH: 'autodesk', APS_PKCE: 'off', APS_CLIENT_SECRET: 'of-another-server' };
    const own = { APS_BASE_URL: sandbox.url, APS_CLIENT_ID: sandbox.publicClientId };
    const args = [pathOf('node_modules/tsx/dist/cli.mjs'), pathOf('servers/pkce.ts'), '--port', '0'];
    const client = await connectStdio(args, 'legacy', { env: { ...own, ...others } });
    const address = new URL(await askedAddress(client));
    expect(address.searchParams.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    sandbox.registerRedirectUri(address.searchParams.get('redirect_uri') ?? '');
    await open(await sandbox.signIn(address, alice));
    expect(await hubsOf(client)).toEqual(alice.hubs);
    sandbox.revokeAccessTokens();
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(await said(client, 'sign_out')).toMatchObject({ isError: false });
    expect(await askedAddress(client)).toContain('/authorize?');
    // The code, the renewal, and both tokens that were revoked.
    const asked = sandbox.requests.filter(({ path }) => /\/(token|revoke)$/.test(path));
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});
