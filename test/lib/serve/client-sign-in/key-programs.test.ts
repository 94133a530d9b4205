// Programs with keys: what they say at the start, where they do not start, and that they print no key.
import { describe, expect, test } from 'vitest';
import { bearer, inHandshakeEra } from '../../../support/oidc.ts';
import { oneLine, refusalOf, run } from '../../../support/programs.ts';
import { expectNone } from '../../../support/secrets.ts';

const [first, second, third] = ['Ab0-_'.repeat(7), 'Cd1-_'.repeat(7), 'Ef2-_'.repeat(7)] as const;
const keys = { MCP_API_KEYS: `ci=${first},ci=${second},editor=${third}` };
const secrets = [first, second, third];
const everywhere = ['--sandbox', '--client-auth', 'key', '--host', '0.0.0.0', '--port', '0'] as const;

test('2lo starts on an address that others can reach, names who can call, and prints no key', async () => {
  const env = { ...keys, MCP_ALLOWED_HOSTS: 'aps-mcp.internal' };
  const program = await run(['scripts/aps-mcp.ts', '2lo', ...everywhere], { env });
  const [, port] = await program.says(/Elsewhere +http:\/\/aps-mcp\.internal:(\d+)\/mcp.*Ctrl-C/s);
  await program.says(/Who can call +programs with a key: ci \(2 keys\), editor\n/);
  await program.says(/ {2}Authorization: Bearer KEY\n/);
  const url = `http://127.0.0.1:${port}`;
  const host = { host: `aps-mcp.internal:${port}` };
  const status = async (key: string) =>
    (await inHandshakeEra(url, 'list_buckets', { ...bearer(key), ...host })).status;
  expect(await Promise.all([first, second, third, `${third}x`].map(status))).toEqual([200, 200, 200, 401]);
  program.signal('SIGTERM');
  const { code, stdout, stderr } = await program.ended;
  expect(code).toBe(0);
  expectNone(secrets, [stdout, stderr]);
});

describe('where tokens belong to users, and others can reach it', () => {
  test.each([
    ['3lo', '--client-auth autodesk or oidc'],
    ['pkce', '--client-auth oidc'],
  ])('%s does not start, and says why, and what to do', async (name, way) => {
    const said = await refusalOf(['scripts/aps-mcp.ts', name, ...everywhere], { env: keys });
    expect(said).toMatch(oneLine);
    for (const part of ['A key identifies a program, not a person', '0.0.0.0', way, 'leave out --host'])
      expect(said).toContain(part);
    expectNone(secrets, [said]);
  });
});

test('a mistake in the keys is named with its place, and no part of a key', async () => {
  const env = { MCP_API_KEYS: `ci=${first},${second}`, MCP_CLIENT_AUTH: 'key' };
  const said = await refusalOf(['scripts/aps-mcp.ts', '2lo', '--sandbox', '--port', '0'], { env });
  for (const part of ['MCP_API_KEYS has a mistake in pair 2', 'npm run key -- NAME'])
    expect(said).toContain(part);
  expectNone(secrets, [said]);
});
