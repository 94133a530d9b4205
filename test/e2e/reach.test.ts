// Programs on an address that others can reach: which start, and what the others say.
import { describe, expect, test } from 'vitest';
import { oneLine, refusalOf, run } from '../support/programs.ts';
import { send } from '../support/raw-http.ts';

// Which combinations start is a table of test/lib/serve/http/exposure.test.ts: here are some of them as programs.
const everywhere = ['--sandbox', '--host', '0.0.0.0', '--port', '0'] as const;
const publicUrl = 'https://mcp.example.com';

describe('without a sign-in of clients', () => {
  test.each([
    ['2lo', [], ['--client-auth key, autodesk or oidc', '--insecure-no-client-auth']],
    ['3lo', ['--insecure-no-client-auth'], ['belong to its users', '--client-auth autodesk or oidc']],
  ] as const)('%s %j does not start, and names the ways out', async (name, flags, parts) => {
    const said = await refusalOf(['scripts/aps-mcp.ts', name, ...everywhere, ...flags]);
    expect(said).toMatch(oneLine);
    for (const part of ['0.0.0.0', 'leave out --host', ...parts]) expect(said).toContain(part);
  });

  test('2lo starts when it is told that everybody may call, and repeats it', async () => {
    const program = await run(['scripts/aps-mcp.ts', '2lo', ...everywhere, '--insecure-no-client-auth']);
    await program.says(/Who can call +EVERYBODY.+--insecure-no-client-auth/);
    program.signal('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });
});

test.each([
  [['MCP_ALLOWED_HOSTS=mcp.example.com'], 'leave out MCP_ALLOWED_HOSTS'],
  [['MCP_ALLOWED_USERS=ada@works.example'], 'MCP_ALLOWED_USERS'],
  [['MCP_CLIENT_AUTH=autodesk', `MCP_PUBLIC_URL=${publicUrl}`], '--insecure-any-account'],
])('2lo with %j does not start on this machine either', async (settings, words) => {
  const files = { '.env': settings.join('\n') };
  const said = await refusalOf(['scripts/aps-mcp.ts', '2lo', '--sandbox', '--port', '0'], { files });
  expect(said).toMatch(oneLine);
  expect(said).toContain(words);
});

test('2lo behind autodesk starts when it is told that everybody may use it, and repeats it', async () => {
  const command = ['scripts/aps-mcp.ts', '2lo', ...everywhere, '--client-auth', 'autodesk'] as const;
  const program = await run([...command, '--insecure-any-account'], { env: { MCP_PUBLIC_URL: publicUrl } });
  await program.says(/Who can call +EVERYBODY with an Autodesk account.+--insecure-any-account/);
});

test('with a sign-in of clients and a public address, both in a .env, 3lo starts, and ends', async () => {
  const files = {
    '.env': `MCP_CLIENT_AUTH=autodesk\nMCP_PUBLIC_URL=${publicUrl}/\nMCP_ALLOWED_USERS=@works.example,SBXUSERALICE\n`,
  };
  const program = await run(['scripts/aps-mcp.ts', '3lo', ...everywhere], { files });
  await program.says(/Address +https:\/\/mcp\.example\.com\/mcp\b/);
  await program.says(
    /Who can call +those in MCP_ALLOWED_USERS \(1 user, 1 domain\) with an Autodesk account/,
  );
  program.signal('SIGTERM');
  expect((await program.ended).code).toBe(0);
});

test('all settings that are wrong are named at once, before anything else', async () => {
  const said = await refusalOf(['scripts/aps-mcp.ts', '2lo', '--host', '0.0.0.0', '--client-auth', 'oidc'], {
    env: {
      MCP_PUBLIC_URL: 'http://mcp.example.com/mcp',
      MCP_AUTH_ISSUER: 'nowhere',
      MCP_CLIENT_AUTH: 'perhaps',
    },
  });
  for (const part of [
    'APS_CLIENT_ID',
    'APS_CLIENT_SECRET',
    'MCP_CLIENT_AUTH',
    'none, key, oidc or autodesk',
    'MCP_PUBLIC_URL',
    'MCP_AUTH_ISSUER',
  ])
    expect(said).toContain(part);
});

test('a server is reached under its public address, besides the names of this machine', async () => {
  const { says } = await run(
    ['scripts/aps-mcp.ts', '2lo', '--sandbox', '--port', '0', '--insecure-no-client-auth'],
    { env: { MCP_PUBLIC_URL: publicUrl, MCP_ALLOWED_HOSTS: 'other.example.com' } },
  );
  const [, url = ''] = await says(/Listens on +(http:\/\/localhost:\d+)\n/);
  for (const host of ['mcp.example.com', 'mcp.example.com:443', 'other.example.com', 'localhost'])
    expect((await send(url, { headers: { host } })).status).toBe(200);
  for (const host of ['evil.example', 'example.com'])
    expect((await send(url, { headers: { host } })).status).toBe(403);
});
