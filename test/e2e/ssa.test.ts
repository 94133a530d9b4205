// The SSA server as a real program: over both transports, in every client mode, and not starting.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, modes } from '../support/clients.ts';
import { refusalOf, runHttpServer, stdioCommand } from '../support/programs.ts';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { connectToProgram } from '../support/stdio.ts';
import { callListing } from '../support/tool-results.ts';

const everything = { hub_id: demoHubs.construction, limit: 10_000 };

async function ownSandbox() {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  return sandbox;
}

test('over HTTP it serves clients of every mode, who share one sign-in', async () => {
  const sandbox = await ownSandbox();
  const server = await runHttpServer(['scripts/aps-mcp.ts', 'ssa'], { env: sandbox.env });
  for (const part of [
    'APS SSA Demo',
    'list_hubs, list_projects, list_contents, list_versions',
    'secure service account',
    sandbox.url,
  ])
    expect(server.output.stderr).toContain(part);
  for (const [, mode, era] of modes) {
    const client = await connect(server.url, mode);
    expect(client.getProtocolEra()).toBe(era);
    expect((await callListing(client, 'list_hubs')).items).toHaveLength(2);
    expect((await callListing(client, 'list_projects', everything)).items).toHaveLength(1203);
    await client.close();
  }
  expect(sandbox.requests.filter(({ path }) => path.endsWith('/token'))).toHaveLength(1);
  server.signal('SIGTERM');
  const { code, stdout, stderr } = await server.ended;
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).not.toMatch(/eyJ|PRIVATE KEY|Basic /);
});

test('over stdio its own file serves whoever started it', async () => {
  const client = await connectToProgram(['servers/ssa.ts', '--sandbox'], 'legacy');
  expect(client.getServerVersion()).toMatchObject({ name: 'APS SSA Demo' });
  expect((await callListing(client, 'list_projects', everything)).items).toHaveLength(1203);
  expect((await callListing(client, 'list_projects', { hub_id: demoHubs.strangers })).isError).toBe(true);
});

describe('it does not start', () => {
  test('without variables, and names all five, each with what it is and where to find it', async () => {
    const said = await refusalOf(['scripts/aps-mcp.ts', 'ssa']);
    for (const name of [
      'APS_CLIENT_ID',
      'APS_CLIENT_SECRET',
      'APS_SSA_ID',
      'APS_SSA_KEY_ID',
      'APS_SSA_KEY_BASE64',
    ])
      expect(said).toMatch(new RegExp(`  ${name} is missing\\.\\n    Meaning: .+\\n    How to set it: .+`));
    expect(said).toContain('npm run ssa:setup');
  });

  test('with a key that cannot be used, and does not print it', async () => {
    const { env } = await ownSandbox();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const key = privateKey.export({ type: 'pkcs1', format: 'der' }).toString('base64');
    const pem = `-----BEGIN RSA PRIVATE KEY-----\n${key}\n-----END RSA PRIVATE KEY-----\n`;
    const value = Buffer.from(pem).toString('base64');
    const said = await refusalOf(stdioCommand('ssa'), { env: { ...env, APS_SSA_KEY_BASE64: value } });
    expect(said).toMatch(/APS_SSA_KEY_BASE64 .+2,048 bits/);
    for (const name of ['APS_CLIENT_ID', 'APS_CLIENT_SECRET', 'APS_SSA_ID', 'APS_SSA_KEY_ID'])
      expect(said).not.toMatch(new RegExp(`${name}\\b`));
    for (const piece of [key, value].flatMap((text) => text.match(/.{12}/g) ?? []))
      expect(said).not.toContain(piece);
  });
});

test('a service account that APS refuses is a tool error over HTTP, which shows no secret', async () => {
  const sandbox = await ownSandbox();
  const env: Record<string, string> = { ...sandbox.env, APS_SSA_KEY_ID: 'no-such-key' };
  const server = await runHttpServer(['scripts/aps-mcp.ts', 'ssa'], { env });
  const client = await connect(server.url, 'auto');
  onTestFinished(() => client.close());
  const { isError, texts } = await callListing(client, 'list_hubs');
  expect([isError, texts[0]]).toEqual([true, expect.stringContaining('npm run ssa:setup -- --list')]);
  server.signal('SIGTERM');
  const shown = [...texts, (await server.ended).stderr].join('\n');
  expect(shown).not.toMatch(/eyJ|PRIVATE KEY|Basic /);
  for (const secret of [env.APS_CLIENT_SECRET, env.APS_SSA_KEY_BASE64?.slice(60, 90)]) {
    expect(secret).toMatch(/\w/);
    expect(shown).not.toContain(secret);
  }
});
