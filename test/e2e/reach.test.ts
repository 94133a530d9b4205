// Programs on an address that others can reach: which start, and what the others say.
import { describe, expect, test } from 'vitest';
import { run, runToEnd } from '../support/programs.ts';
import { send } from '../support/raw-http.ts';

const everywhere = ['--sandbox', '--host', '0.0.0.0', '--port', '0'] as const;
const publicUrl = 'https://mcp.example.com';

/** Why a program does not start: one line, and no stack. */
async function refusal(name: string, args: readonly string[], env?: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(['scripts/run.ts', name, ...args], { env });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(new RegExp(`^${name} cannot start\\. [^\\n]+\\n$`));
  return stderr;
}

describe('without a sign-in of clients', () => {
  test.each(['2lo', 'ssa'])('%s does not start, and names the ways out', async (name) => {
    const said = await refusal(name, everywhere);
    expect(said).toContain('Everybody who can reach 0.0.0.0 could call it');
    for (const way of ['--client-auth autodesk or oidc', 'leave --host out', '--insecure-no-client-auth'])
      expect(said).toContain(way);
  });

  test('2lo starts when it is told that everybody may call, and repeats it', async () => {
    const program = await run(['scripts/run.ts', '2lo', ...everywhere, '--insecure-no-client-auth']);
    await program.says(/Who may call {2}EVERYBODY who can reach this address: --insecure-no-client-auth/);
    program.signal('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });
});

describe('with a sign-in of clients', () => {
  test.each(['oidc', 'autodesk'])('(%s) a program has to be told its public address', async (mode) => {
    const said = await refusal('3lo', [...everywhere, '--client-auth', mode]);
    expect(said).toContain('MCP_PUBLIC_URL is missing. With --host 0.0.0.0, clients and browsers');
    expect(said).toContain('for example https://mcp.example.com');
  });

  test('3lo starts with both, also from a .env alone, and ends', async () => {
    const files = { '.env': `MCP_CLIENT_AUTH=autodesk\nMCP_PUBLIC_URL=${publicUrl}/\n` };
    const program = await run(['scripts/run.ts', '3lo', ...everywhere], { files });
    await program.says(/Address +https:\/\/mcp\.example\.com\/mcp\b/);
    await program.says(/Who may call {2}whoever signs in with an Autodesk account/);
    program.signal('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });

  test('it contradicts --insecure-no-client-auth', async () => {
    const said = await refusal('2lo', [...everywhere, '--client-auth', 'oidc', '--insecure-no-client-auth']);
    expect(said).toContain('--insecure-no-client-auth contradicts the client sign-in "oidc"');
    expect(said).toContain('--client-auth or MCP_CLIENT_AUTH');
  });
});

test('settings that cannot be are told all at once, before anything else', async () => {
  const { code, stderr } = await runToEnd(
    ['scripts/run.ts', '2lo', '--host', '0.0.0.0', '--client-auth', 'oidc'],
    {
      env: {
        MCP_PUBLIC_URL: 'http://mcp.example.com/mcp',
        MCP_AUTH_ISSUER: 'nowhere',
        MCP_CLIENT_AUTH: 'perhaps',
      },
    },
  );
  expect(code).toBe(1);
  expect(stderr).toContain('2lo cannot start. 5 settings need attention');
  for (const part of [
    'APS_CLIENT_ID is missing',
    'APS_CLIENT_SECRET is missing',
    'MCP_CLIENT_AUTH must be none, oidc or autodesk',
    'MCP_PUBLIC_URL must use https',
    'MCP_AUTH_ISSUER is not an http(s) address',
  ])
    expect(stderr).toContain(part);
});

test('a public address is a name under which a program is reached, besides those of this machine', async () => {
  const { says } = await run(
    ['scripts/run.ts', '2lo', '--sandbox', '--port', '0', '--insecure-no-client-auth'],
    { env: { MCP_PUBLIC_URL: publicUrl, MCP_ALLOWED_HOSTS: 'other.example.com' } },
  );
  const [, url = ''] = await says(/Listens on {4}(http:\/\/localhost:\d+)\n/);
  for (const host of ['mcp.example.com', 'mcp.example.com:443', 'other.example.com', 'localhost'])
    expect((await send(url, { headers: { host } })).status).toBe(200);
  for (const host of ['evil.example', 'example.com'])
    expect((await send(url, { headers: { host } })).status).toBe(403);
});

test('127.0.0.2 is this machine: nobody else can reach it', async () => {
  const { says } = await run(['scripts/run.ts', '2lo', '--sandbox', '--host', '127.0.0.2', '--port', '0']);
  await says(/Address +http:\/\/127\.0\.0\.2:\d+\/mcp.*Who may call {2}programs on this machine/s);
});
