// Tools while APS has trouble: they ride out what passes, say what does not, and come back with it.
import type { Client, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect, modes } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { apsOf, serveOssTools } from '../../support/serving.ts';
import { callListing } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());

const calls: [name: string, args: Record<string, unknown>, items: number][] = [
  ['list_buckets', {}, 23],
  ['list_objects', { bucket_key: 'sandbox-odd-names' }, 23],
];

async function clientWith(
  options: Parameters<typeof apsOf>[1],
  mode: VersionNegotiationMode = 'legacy',
): Promise<Client> {
  const { url } = keep(await serveOssTools(apsOf(sandbox, options)));
  return keep(await connect(url, mode));
}

test.each(calls)(
  '%s answers although each of its calls to APS is limited once and fails once',
  async (...call) => {
    const [name, args, items] = call;
    const client = await clientWith({});
    sandbox.requests.length = 0;
    sandbox.trouble.set({ sequence: [{ status: 429, retryAfter: '0' }, { status: 503 }] });
    const answer = await callListing(client, name, args);
    expect([answer.isError, answer.items.length]).toEqual([false, items]);
    expect(sandbox.requests.map(({ status }) => status)).toEqual([429, 503, 200, 429, 503, 200]);
  },
);

describe.each(modes)('%s', (_name, mode) => {
  test.each(calls)(
    'is told by %s that APS is down, and gets data when it is back',
    async (name, args, items) => {
      const client = await clientWith({}, mode);
      sandbox.trouble.set({ failAll: { status: 503 } });
      const down = await callListing(client, name, args);
      expect(down.isError).toBe(true);
      expect(down.texts[0]).toContain('HTTP 503');
      expect(down.texts[0]).toContain('Try again');
      sandbox.trouble.reset();
      const back = await callListing(client, name, args);
      expect([back.isError, back.items.length]).toEqual([false, items]);
    },
  );

  test('is told that APS cannot be reached when it drops every connection', async () => {
    const client = await clientWith({}, mode);
    sandbox.trouble.set({ failAll: { drop: 'before' } });
    const { isError, texts } = await callListing(client, 'list_buckets');
    expect(isError).toBe(true);
    expect(texts[0]).toContain(sandbox.url);
    expect(texts[0]).not.toMatch(/fetch failed|\.ts:|\n/);
  });
});

test('an APS that takes for ever is reported within the deadline, and asked again by the next call', async () => {
  const client = await clientWith({ deadline: 300 });
  await callListing(client, 'list_buckets');
  sandbox.trouble.set({ latencyMs: 600_000 });
  const slow = await callListing(client, 'list_buckets');
  expect(slow.isError).toBe(true);
  expect(slow.texts[0]).toContain('did not answer within');
  sandbox.trouble.reset();
  expect((await callListing(client, 'list_buckets')).items).toHaveLength(23);
});

test('a token that is revoked between two calls goes unnoticed', async () => {
  const client = await clientWith({});
  for (let round = 0; round < 3; round += 1) {
    expect((await callListing(client, 'list_buckets')).items).toHaveLength(23);
    expect(sandbox.revokeAccessTokens()).toBeGreaterThan(0);
  }
});
