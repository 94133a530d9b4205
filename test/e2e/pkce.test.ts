// The PKCE server as a program: in a person's steps over HTTP and over stdio, without a secret.
import { pathToFileURL } from 'node:url';
import type { ClientOptions, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../sandbox/index.ts';
import { signIn } from '../../sandbox/unattended-sign-in.ts';
import { connect, connectOver, eras } from '../support/clients.ts';
import { newFolder } from '../support/folder.ts';
import { alice, benji, chien } from '../support/people.ts';
import {
  cleanEnvironment,
  nodeArguments,
  pathOf,
  runHttpServer,
  runNode,
  runToEnd,
} from '../support/programs.ts';
import { askedAddress, attend, open, takesAddresses } from '../support/sign-in.ts';
import { hubsOf, said } from '../support/tool-results.ts';

describe('npm run pkce', () => {
  test('a person calls, opens the address, signs in, and signs out, whatever their client', async () => {
    const { url, output, signal, ended } = await runHttpServer(['scripts/run.ts', 'pkce', '--sandbox']);
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
      expect((await open(await signIn(await askedAddress(client), benji))).heading).toBe('You are signed in');
      expect(await hubsOf(client)).toEqual(benji.hubs);
      expect((await said(client, 'sign_out')).text).toContain('The access to Autodesk was revoked');
      await open(await signIn(await askedAddress(client), chien));
      expect(await hubsOf(client)).toEqual(chien.hubs);
    }
    signal('SIGINT');
    expect(await ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('needs a client id and nothing else, and says so', async () => {
    const { code, stderr } = await runToEnd(['scripts/run.ts', 'pkce']);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'pkce cannot start. One setting needs attention:\n\n  APS_CLIENT_ID is missing.',
    );
    expect(stderr).not.toContain('SECRET');
  });

  test('MCP_CLIENT_AUTH=autodesk is refused like the option: there is no secret for it', async () => {
    const env = { MCP_CLIENT_AUTH: 'autodesk' };
    const { code, stdout, stderr } = await runToEnd(['scripts/run.ts', 'pkce', '--sandbox'], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^pkce cannot start\. With the client sign-in "autodesk" [^\n]+needs a secret [^\n]+Use 3lo [^\n]+\n$/,
    );
  });
});

/** A client of a server over stdio that it starts as `npx tsx servers/pkce.ts` does. */
async function overStdio(
  args: string[],
  mode: VersionNegotiationMode,
  { env, options }: { env?: Record<string, string>; options?: ClientOptions } = {},
) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [pathOf('node_modules/tsx/dist/cli.mjs'), pathOf('servers/pkce.ts'), '--port', '0', ...args],
    cwd: await newFolder(),
    env: cleanEnvironment(env),
    stderr: 'ignore',
  });
  const client = await connectOver(transport, mode, options);
  onTestFinished(() => client.close());
  return client;
}

describe('npx tsx servers/pkce.ts', () => {
  test.each(eras)('%s gets the data in the call that asked', async (_name, mode) => {
    const client = await overStdio(['--sandbox'], mode, { options: takesAddresses });
    const shown: string[] = [];
    attend(client, async (address): Promise<'accept'> => {
      shown.push(address);
      expect((await open(await signIn(address, benji))).status).toBe(200);
      return 'accept';
    });
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(shown).toHaveLength(1);
    expect((await said(client, 'sign_out')).text).toContain('The access to Autodesk was revoked');
  });

  test('needs no more than a client id, and takes no notice of what is for other servers', async () => {
    const sandbox = await startSandbox();
    onTestFinished(() => sandbox.close());
    const others = { MCP_CLIENT_AUTH: 'autodesk', APS_PKCE: 'off', APS_CLIENT_SECRET: 'of-another-server' };
    const own = { APS_BASE_URL: sandbox.url, APS_CLIENT_ID: sandbox.publicClientId };
    const client = await overStdio([], 'legacy', { env: { ...own, ...others } });
    const address = new URL(await askedAddress(client));
    expect(address.searchParams.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    sandbox.registerRedirectUri(address.searchParams.get('redirect_uri') ?? '');
    await open(await sandbox.signIn(address, alice));
    expect(await hubsOf(client)).toEqual(alice.hubs);
    sandbox.revokeAccessTokens();
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect((await said(client, 'sign_out')).text).toContain('Signed out');
    expect(await askedAddress(client)).toContain('/authorize?');
    // The code, the renewal, and both tokens that were revoked.
    const asked = sandbox.requests.filter(({ path }) => /\/(token|revoke)$/.test(path));
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});

test('importing servers/pkce.ts starts nothing and prints nothing', async () => {
  const program = `const { definition } = await import(process.argv[1]);
    process.stdout.write(definition.name);`;
  const [flag, loader, file] = nodeArguments('servers/pkce.ts');
  const { ended } = await runNode([
    ...[flag, loader, '--input-type=module', '--eval', program],
    pathToFileURL(file).href,
  ]);
  expect(await ended).toEqual({ code: 0, stdout: 'pkce', stderr: '' });
});
