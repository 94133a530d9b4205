// Credentials that APS refuses: the start says so, and nobody has to call a tool to learn it.
import { expect, test } from 'vitest';
import { closing } from '../support/closing.ts';
import { run, runHttpServer } from '../support/programs.ts';
import { startSandbox } from '../support/sandbox.ts';

const sandbox = closing()(await startSandbox());
const tokenRequests = () => sandbox.requests.filter(({ path }) => path === '/authentication/v2/token');

test('a server over HTTP says so with what to do, and goes on', async () => {
  const { url, says, signal, ended } = await runHttpServer(['scripts/aps-mcp.ts', '2lo'], {
    env: { ...sandbox.env, APS_CLIENT_SECRET: 'another-secret' },
  });
  const [said] = await says(/^Every call will fail.*$/m);
  for (const part of ['invalid_client', 'Compare APS_CLIENT_ID and APS_CLIENT_SECRET'])
    expect(said).toContain(part);
  expect(said).not.toContain('another-secret');
  expect((await fetch(`${url}/health`)).status).toBe(200);
  signal('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
  expect(tokenRequests()).toHaveLength(1);
});

test('a server over stdio says so too, and ends with its client', async () => {
  const { says, hangUp, ended } = await run(['scripts/aps-mcp.ts', 'ssa', '--transport', 'stdio'], {
    env: { ...sandbox.env, APS_SSA_KEY_ID: 'another-key' },
  });
  const [said] = await says(/^Every call will fail.*$/m);
  expect(said).toContain('APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64 belong together');
  hangUp();
  expect(await ended).toMatchObject({ code: 0, stdout: '' });
});
