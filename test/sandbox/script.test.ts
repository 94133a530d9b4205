// `npm run sandbox`, as a real program.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { decodeJwt } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function run(...options: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/aps-mcp.ts', 'sandbox', ...options]);
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
    child.kill('SIGINT');
    expect(await exit).toMatchObject({ code: 0, stderr: '' });
  });
});

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
  expect(await exit).toMatchObject({ code: 0, stderr: '' });
});

describe('not started', () => {
  test('--help shows every option', async () => {
    const { code, stdout } = await run('--help').exit;
    expect(code).toBe(0);
    for (const option of ['--port', '--host', '--latency', '--token-lifetime', '--openid-like'])
      expect(stdout).toContain(option);
  });

  test.each([
    [['--prot', '1'], '--prot'],
    [['--port', 'http'], '--port: must be a whole number'],
    [['--port', '70000'], '--port'],
    [['--token-lifetime', '0'], '--token-lifetime'],
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
