// `npm run 2lo` over HTTP, as a real program.
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { connect, modes } from '../support/clients.ts';
import { runHttpServer } from '../support/programs.ts';
import { send } from '../support/raw-http.ts';
import { startSandbox } from '../support/sandbox.ts';
import { callListing } from '../support/tool-results.ts';

test('--sandbox is all it needs: it says where it is, and serves clients of every mode', async () => {
  const { url, output, signal, ended } = await runHttpServer(['scripts/aps-mcp.ts', '2lo', '--sandbox']);
  for (const part of [
    'APS 2LO Demo',
    'list_buckets, list_objects',
    'the built-in sandbox',
    'programs on this machine',
  ])
    expect(output.stderr).toContain(part);
  // That is for those whose clients must have a token.
  expect(output.stderr).not.toContain('curl');
  for (const [, mode, era] of modes) {
    const client = await connect(url, mode);
    expect(client.getProtocolEra()).toBe(era);
    expect((await callListing(client, 'list_buckets')).items).toHaveLength(23);
    await client.close();
  }
  expect(await send(`${url}/health`)).toMatchObject({ status: 200 });
  signal('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stdout: '' });
});

test('a .env with APS_SANDBOX=1 does as well; the sandbox is at the address in the message, to be looked into and troubled', async () => {
  const { url, says } = await runHttpServer(['scripts/aps-mcp.ts', '2lo'], {
    files: { '.env': 'APS_SANDBOX=1' },
  });
  const [, sandbox = ''] = await says(/the built-in sandbox, (http:\S+)/);
  const statuses = async () =>
    z
      .array(z.object({ status: z.number() }))
      .parse(await (await fetch(`${sandbox}/_sandbox/requests`)).json())
      .map(({ status }) => status);
  // The token that the start asks for.
  await vi.waitFor(async () => expect(await statuses()).toEqual([200]), { timeout: 10_000 });
  const client = await connect(url, 'legacy');
  await fetch(`${sandbox}/_sandbox/trouble`, {
    method: 'PUT',
    body: JSON.stringify({ failAll: { status: 429, retryAfter: '3600' } }),
  });
  const { isError, texts } = await callListing(client, 'list_buckets');
  expect([isError, texts[0]]).toEqual([true, expect.stringContaining('HTTP 429')]);
  await fetch(`${sandbox}/_sandbox/trouble`, { method: 'DELETE' });
  expect((await callListing(client, 'list_buckets')).isError).toBe(false);
  expect(await statuses()).toEqual([200, 429, 200]);
  await client.close();
});

test('it finds its settings in the .env of its folder', async () => {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  const lines = Object.entries(sandbox.env).map(([name, value]) => `${name}=${value}\n`);
  const { url, output } = await runHttpServer(['scripts/aps-mcp.ts', '2lo'], {
    files: { '.env': lines.join('') },
  });
  expect(output.stderr).toMatch(new RegExp(`APS +${sandbox.url}\\n`));
  const client = await connect(url, 'auto');
  expect((await callListing(client, 'list_buckets')).items).toHaveLength(23);
  expect(sandbox.requests).toHaveLength(2);
  await client.close();
});

test('--port wins over MCP_PORT, and the allowed hosts and origins are let in', async () => {
  const program = await runHttpServer(
    ['scripts/aps-mcp.ts', '2lo', '--sandbox', '--insecure-no-client-auth'],
    {
      env: {
        MCP_PORT: '1',
        MCP_ALLOWED_HOSTS: 'mcp.example.com',
        MCP_ALLOWED_ORIGINS: 'https://app.example.com',
      },
    },
  );
  const statusFor = async (headers: Record<string, string>) => (await send(program.url, { headers })).status;
  expect(await statusFor({ host: 'mcp.example.com', origin: 'https://app.example.com' })).toBe(200);
  expect(await statusFor({ host: 'evil.example' })).toBe(403);
  expect(await statusFor({ origin: 'https://evil.example' })).toBe(403);
});
