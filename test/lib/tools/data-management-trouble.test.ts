// The Data Management tools while APS has trouble, or refuses the service account.
import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import type { TokenSource } from '../../../lib/token-source.ts';
import { apsAt } from '../../support/aps-calls.ts';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { construction, europe, explorerOf } from '../../support/places.ts';
import { serveSsa, serviceAccountSource } from '../../support/service-accounts.ts';
import { serveDataManagementTools } from '../../support/serving.ts';
import { callListing, listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());
const { url } = keep(await serveSsa(sandbox));
const client = keep(await connect(url, 'legacy'));
const { list } = explorerOf(client);

/** A client of the tools with another token source than the server's own. */
async function clientWith(tokens: TokenSource): Promise<Client> {
  const { url } = keep(await serveDataManagementTools(apsAt(sandbox.url, { tokens })));
  return keep(await connect(url, 'auto'));
}

describe('APS', () => {
  test('that limits calls and drops connections now and then is ridden out', async () => {
    const visitor = await clientWith(serviceAccountSource(sandbox));
    sandbox.trouble.set({ sequence: [{ status: 503 }, { drop: 'midway' }] });
    const { items } = await callListing(visitor, 'list_projects', { ...construction, limit: 10_000 });
    expect(new Set(items.map(({ id }) => id)).size).toBe(1203);
  });

  test('that revokes a token between two calls is asked for another', async () => {
    await list('list_hubs');
    expect(sandbox.revokeAccessTokens()).toBeGreaterThan(0);
    expect(await list('list_hubs')).toHaveLength(2);
  });

  test.each([
    ['list_hubs', {}],
    ['list_projects', construction],
    ['list_contents', { ...construction, project_id: 'b.x', folder_id: 'y' }],
    ['list_versions', { project_id: 'b.x', item_id: 'y' }],
  ])('that misses the scope for %s is an error that says so', async (tool, args) => {
    const visitor = await clientWith(serviceAccountSource(sandbox, { scopes: ['bucket:read'] }));
    expect(await listingsOf(visitor).refusal(tool, args)).toMatch(/HTTP 403, AUTH-010.*lacks a scope/);
  });

  test('that refuses the service account is an error that says how to look at it', async () => {
    const visitor = await clientWith(serviceAccountSource(sandbox, { keyId: 'no-such-key' }));
    expect(await listingsOf(visitor).refusal('list_hubs', {})).toContain('npm run ssa:setup -- --list');
  });

  test('is asked for one token by many calls at once', async () => {
    const visitor = await clientWith(serviceAccountSource(sandbox));
    await Promise.all(Array.from({ length: 30 }, () => callListing(visitor, 'list_projects', europe)));
    expect(sandbox.requests.filter(({ path }) => path.endsWith('/token'))).toHaveLength(1);
  });
});
