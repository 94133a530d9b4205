// `npm run sandbox`, as a real program.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { decodeJwt } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isWindows } from '../support/platform.ts';
import { nodeArguments } from '../support/programs.ts';
import { authorizeUrl, open } from './sign-in-calls.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function run(...options: string[]) {
  const child = spawn(process.execPath, nodeArguments('scripts/aps-mcp.ts', 'sandbox', ...options));
  started.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const exit = once(child, 'close').then(([code]) => ({ code, ...output }));
  return { child, output, exit };
}

describe('started', () => {
  test('it prints how to use it, follows its options, and Ctrl-C stops it with 0', async () => {
    const { child, output, exit } = run('--port', '0', '--token-lifetime', '90');
    await expect.poll(() => output.stdout, { timeout: 20_000 }).toContain('without a browser');
    expect(output.stdout).toMatch(/APS_CLIENT_ID=sandbox-client-id\n/);
    expect(output.stdout).toMatch(/APS_CLIENT_ID=sandbox-public-client-id +# for pkce/);
    const url = /APS_BASE_URL=(http:\/\/127\.0\.0\.1:\d+)\n/.exec(output.stdout)?.[1];
    const state = await (await fetch(`${url}/_sandbox`)).json();
    expect(state).toMatchObject({ trouble: { tokenLifetimeSeconds: 90, latencyMs: 0 } });
    const [, command = ''] = /curl -s "(\S+openid-token\S+)" +# a token/.exec(output.stdout) ?? [];
    const claims = decodeJwt(await (await fetch(command)).text());
    expect(claims).toMatchObject({ iss: `${url}/openid`, aud: 'http://localhost:5000/mcp' });
    expect(output.stdout).toContain(`\n  issuer ${claims.iss}\n`);

    // A client that gives up in the middle of a body leaves no trace on stderr.
    await giveUp(`${url}/authentication/v2/token`, { 'content-length': '1000' });
    await giveUp(`${url}/authentication/v2/token`, { 'transfer-encoding': 'chunked' });
    const recorded = async () =>
      z.array(z.unknown()).parse(await (await fetch(`${url}/_sandbox/requests`)).json());
    await expect.poll(recorded).toHaveLength(2);
    child.kill('SIGINT');
    expect(await exit).toMatchObject({ code: isWindows ? null : 0, stderr: '' });
  });

  test('it has the callback URLs and the rate limits of its options, and invites for another start', async () => {
    const callbacks = ['http://localhost:43212/callback', 'https://app.example.com/back?a=b'];
    const options = callbacks.flatMap((uri) => ['--callback-url', uri]);
    const { output } = run('--port', '0', '--no-rate-limits', ...options);
    await expect.poll(() => output.stdout, { timeout: 20_000 }).toContain('without a browser');
    const url = /APS_BASE_URL=(http:\/\/127\.0\.0\.1:\d+)\n/.exec(output.stdout)?.[1] ?? '';
    for (const redirect_uri of callbacks)
      expect((await open(authorizeUrl({ url }, { redirect_uri }))).status).toBe(200);
    expect(await (await fetch(`${url}/_sandbox`)).json()).toMatchObject({ rateLimits: { enforced: false } });

    const { port } = new URL(url);
    const account = /APS_SSA_ID=(\w+)\n/.exec(output.stdout)?.[1] ?? '';
    const [invited, unknown] = await Promise.all([
      run('--port', port, '--invite', account).exit,
      run('--port', port, '--invite', 'nobody@example.com').exit,
    ]);
    expect(invited).toEqual({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Invited sandbox-service@\S+ to Sandbox Construction, Sandbox Europe/),
    });
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/^[^\n]*no service account nobody@example\.com[^\n]*\n$/);
  });
});

/** Sends the beginning of a form, and closes the connection. */
async function giveUp(url: string, headers: Record<string, string>): Promise<void> {
  const type = 'application/x-www-form-urlencoded';
  const sent = request(url, { method: 'POST', headers: { ...headers, 'content-type': type }, agent: false });
  sent.on('error', () => {});
  sent.write('grant_type=client_');
  const [socket] = await once(sent, 'socket');
  if (socket.connecting) await once(socket, 'connect');
  await new Promise((resolve) => socket.write('', resolve));
  sent.destroy();
}

test('with --openid-like, it prints the settings of a server that takes the tokens of the provider', async () => {
  const { child, output, exit } = run('--port', '0', '--openid-like', 'entra');
  await expect.poll(() => output.stdout, { timeout: 20_000 }).toContain('without a browser');
  const setting = (name: string) => new RegExp(`^  ${name}=(.+)$`, 'm').exec(output.stdout)?.[1];
  const [, command = ''] = /curl -s "(\S+openid-token)" +# a token/.exec(output.stdout) ?? [];
  expect(decodeJwt(await (await fetch(command)).text())).toMatchObject({
    iss: setting('MCP_AUTH_ISSUER'),
    aud: setting('MCP_AUTH_AUDIENCE'),
    scp: setting('MCP_AUTH_SCOPES'),
  });
  expect(setting('MCP_AUTH_SCOPES_SUPPORTED')).toBe('http://localhost:5000/mcp/mcp:tools');
  child.kill('SIGINT');
  expect(await exit).toMatchObject({ code: isWindows ? null : 0, stderr: '' });
});

describe('not started', () => {
  test('--help shows every option', async () => {
    const { code, stdout } = await run('--help').exit;
    expect(code).toBe(0);
    for (const option of [
      '--port',
      '--host',
      '--latency',
      '--token-lifetime',
      '--openid-like',
      '--callback-url',
      '--no-rate-limits',
      '--invite',
    ])
      expect(stdout).toContain(option);
  });

  test.each([
    [['--prot', '1'], '--prot'],
    [['--port', 'http'], '--port: must be a whole number'],
    [['--port', '70000'], '--port'],
    [['--token-lifetime', '0'], '--token-lifetime'],
    [['--callback-url', 'localhost:5002'], '--callback-url: must be an absolute http or https URL'],
    [['--port', '1', '--invite', 'SOMEBODY'], 'No sandbox is running at http://127.0.0.1:1'],
    [['--openid-like', 'google'], '--openid-like: must be entra, okta, auth0 or keycloak'],
  ])('%j gets one line with the reason, and exit code 1', async (options, reason) => {
    const { code, stderr, stdout } = await run(...options).exit;
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(reason);
  });

  test('a taken port gets one line with the solution', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    try {
      const address = holder.address();
      const port = typeof address === 'object' ? String(address?.port) : '';
      const { code, stderr } = await run('--port', port).exit;
      expect(code).toBe(1);
      expect(stderr).toMatch(/^[^\n]*taken[^\n]*--port[^\n]*\n$/);
    } finally {
      holder.close();
    }
  });
});
