// Programs to which MCP clients have to sign in, on the sandbox: how they say it, whom they let in, and how they end.
import { describe, expect, onTestFinished, test } from 'vitest';
import { signIn } from '../../sandbox/unattended-sign-in.ts';
import { connect, modes } from '../support/clients.ts';
import { always, startLocalServer } from '../support/local-server.ts';
import { connectBearing } from '../support/oidc.ts';
import { alice } from '../support/people.ts';
import { type Program, runHttpServer, stdioCommand } from '../support/programs.ts';
import { post, send, toolCall } from '../support/raw-http.ts';
import { employees } from '../support/sandbox.ts';
import { connectToProgram } from '../support/stdio.ts';
import { callListing } from '../support/tool-results.ts';
import { openBrowser } from '../support/web-browser.ts';

const twoLegged = ['scripts/aps-mcp.ts', '2lo', '--sandbox'] as const;
const oidc = ['--client-auth', 'oidc'] as const;

/** What the command that a server has printed gives. */
async function printedToken({ says }: Pick<Program, 'says'>): Promise<string> {
  const [, address = ''] = await says(/^ {2}curl -s "(http:[^"]+)"$/m);
  return (await (await fetch(address)).text()).trim();
}

/** Ends a program as Ctrl-C does: with 0, and without a word. */
async function expectEnd({ signal, ended, output }: Program): Promise<void> {
  const said = output.stderr;
  signal('SIGINT');
  expect(await ended).toEqual({ code: 0, stdout: '', stderr: said });
}

describe('--client-auth oidc', () => {
  test('lets clients of every mode in with the token that the printed command gives, and nobody without', async () => {
    // The command line comes before the variable.
    const program = await runHttpServer([...twoLegged, ...oidc], { env: { MCP_CLIENT_AUTH: 'none' } });
    const { url, output } = program;
    expect(output.stderr).toMatch(/Who can call +[^\n]+ http:\/\/127\.0\.0\.1:\d+\/openid\n/);
    const refused = await post(url, toolCall('list_buckets'));
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(
      /^Bearer resource_metadata="[^"]+", scope="mcp:tools"$/,
    );
    const token = await printedToken(program);
    for (const [, mode, era] of modes) {
      await expect(connect(url, mode)).rejects.toThrow();
      const client = await connectBearing(url, mode, token);
      expect(client.getProtocolEra()).toBe(era);
      expect((await callListing(client, 'list_buckets')).items).toHaveLength(23);
      await client.close();
    }
    await expectEnd(program);
    expect(output.stderr).not.toContain('MCP_AUTH_ISSUER');
  });

  test('is what MCP_CLIENT_AUTH=oidc in a .env asks for, whatever is left over there from a provider that is not used', async () => {
    const lines = ['MCP_CLIENT_AUTH=oidc', 'MCP_AUTH_ISSUER=', 'MCP_AUTH_SCOPES=api://mine/tools'];
    const files = { '.env': [...lines, 'MCP_AUTH_AUDIENCE=api://mine', ''].join('\n') };
    const guarded = await runHttpServer(twoLegged, { files });
    expect((await post(guarded.url, toolCall('list_buckets'))).status).toBe(401);
    const authorization = `Bearer ${await printedToken(guarded)}`;
    expect((await post(guarded.url, toolCall('list_buckets'), { authorization })).status).toBe(200);
  });

  test('is nothing over stdio, where only who starts a server can call it', async () => {
    // Over HTTP it would need an issuer.
    const env = { MCP_CLIENT_AUTH: 'oidc', MCP_AUTH_ISSUER: 'nowhere' };
    const client = await connectToProgram([...stdioCommand('2lo'), '--sandbox'], 'legacy', { env });
    expect((await callListing(client, 'list_buckets')).items).toHaveLength(23);
  });

  test('says at the start that a provider cannot be used, prints no command for tokens it would refuse, and lets nobody in', async () => {
    const provider = await startLocalServer(always({ error: 'nothing here' }, 404));
    onTestFinished(() => provider.close());
    const program = await runHttpServer([...twoLegged, ...oidc], { env: { MCP_AUTH_ISSUER: provider.url } });
    const [said = ''] = await program.says(new RegExp(`.*${provider.url}.+MCP_AUTH_ISSUER.+`));
    expect(said).toContain('MCP_AUTH_ISSUER');
    expect(said).toContain(`${provider.url}/.well-known/openid-configuration`);
    expect(program.output.stderr).toMatch(new RegExp(`Who can call +[^\\n]+ ${provider.url}\\n`));
    expect(program.output.stderr).not.toContain('curl');
    const answer = await post(program.url, toolCall('list_buckets'), { authorization: 'Bearer a.b.c' });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  });
});

// What each server asks for is a table of test/lib/serve/client-sign-in/create.test.ts.
test('--client-auth autodesk: a server starts, sends clients to sign in, and ends', async () => {
  const program = await runHttpServer([...twoLegged, '--client-auth', 'autodesk'], {
    // Of the real APS: the sandbox has only its own applications.
    env: { MCP_AUTH_CLIENT_ID: 'another-id' },
  });
  const { url, output } = program;
  expect(output.stderr).toMatch(/Who can call +[^\n]+Autodesk account/);
  expect(output.stderr).not.toContain('curl');
  const metadataUrl = `${url}/.well-known/oauth-protected-resource/mcp`;
  for (const authorization of [undefined, 'Bearer made-up', `Basic ${btoa('a:b')}`]) {
    const { status, headers } = await post(
      url,
      toolCall('list_buckets'),
      authorization ? { authorization } : {},
    );
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain(`resource_metadata="${metadataUrl}"`);
    expect(headers['www-authenticate']).toContain('scope="user-profile:read"');
  }
  expect(JSON.parse((await send(metadataUrl)).body)).toMatchObject({ authorization_servers: [url] });
  await expectEnd(program);
});

test('Ctrl-C ends a server in the middle of a sign-in, with open connections', async () => {
  const program = await runHttpServer(['scripts/aps-mcp.ts', '3lo', '--sandbox', ...oidc]);
  const client = await connectBearing(program.url, 'legacy', await printedToken(program));
  onTestFinished(() => client.close());
  const { content } = await client.callTool({ name: 'list_hubs' });
  const [address = ''] = /http:[^"\s\\]+\/signin\?state=[\w.-]+/.exec(JSON.stringify(content)) ?? [];
  const browser = openBrowser();
  const company = await browser.submit(await browser.open(address), {});
  const apsPage = await browser.submit(company, { user: employees[0].sub, decision: 'allow' });
  expect(apsPage.url.pathname).toBe('/authentication/v2/authorize');
  await signIn(apsPage.url, alice);
  await expectEnd(program);
});
