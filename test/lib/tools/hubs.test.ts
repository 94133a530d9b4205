// list_hubs: whose hubs there are, and what is said of those that are missing.
import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { apsAt } from '../../support/aps-calls.ts';
import { applicationToken } from '../../support/authentication.ts';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { demoHubs, startSandbox } from '../../support/sandbox.ts';
import { serveSsa } from '../../support/service-accounts.ts';
import { serveDataManagementTools } from '../../support/serving.ts';
import { callListing, listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox({ regionWarnings: true }));
const { url } = keep(await serveSsa(sandbox));
const client = keep(await connect(url, 'legacy'));

describe('list_hubs', () => {
  const hubsResult = z.object({
    result: z.array(z.unknown()),
    warnings: z.array(z.record(z.string(), z.string())).optional(),
  });
  const hubs = async (from: Client) =>
    hubsResult.parse((await from.callTool({ name: 'list_hubs' })).structuredContent);

  test('returns the hubs of the service account with the fields of the sample, and the list as JSON', async () => {
    const { items, texts, nextCursor } = await callListing(client, 'list_hubs');
    expect(items).toEqual([
      { id: demoHubs.construction, name: 'Sandbox Construction', region: 'US' },
      { id: demoHubs.europe, name: 'Sandbox Europe', region: 'EMEA' },
    ]);
    expect(JSON.parse(texts[0] ?? '')).toEqual(items);
    expect(nextCursor).toBeUndefined();
  });

  test('says which regions had nothing, which of that is harmless, and what to do about a missing hub', async () => {
    const { warnings } = await hubs(client);
    expect(warnings).toEqual([
      {
        title: 'Unable to get hubs from BIM360DM AUS.',
        detail: expect.any(String),
        status: '403',
        code: 'BIM360DM_ERROR',
        meaning: expect.stringMatching(/no account has approved/),
      },
      expect.objectContaining({
        title: 'Unable to get hubs from BIM360DM CAN.',
        status: '401',
        meaning: expect.stringMatching(/is approved, but .* no access/),
      }),
    ]);
    const { texts } = await callListing(client, 'list_hubs');
    expect(texts).toHaveLength(2);
    for (const part of [
      'AUS. In this region no account',
      'CAN. In this region the application is approved',
      'Account Admin, Settings, Custom Integrations',
    ])
      expect(texts[1]).toContain(part);
  });

  test('has the hub of an account as soon as its admin approves the application, and its projects', async () => {
    const own = keep(await startSandbox({ regionWarnings: true }));
    const visitor = keep(await connect(keep(await serveSsa(own)).url, 'auto'));
    const awaiting = { hub_id: demoHubs.awaitingApproval };
    expect((await hubs(visitor)).result).toHaveLength(2);
    expect(await listingsOf(visitor).refusal('list_projects', awaiting)).toMatch(
      /HTTP 403.*Custom Integrations/,
    );

    own.approveIntegration(demoHubs.awaitingApproval);
    const { result, warnings } = await hubs(visitor);
    expect(result).toContainEqual({
      id: demoHubs.awaitingApproval,
      name: 'Sandbox Pacific',
      region: 'AUS',
    });
    expect(warnings?.map(({ title }) => title)).toEqual(['Unable to get hubs from BIM360DM CAN.']);
    const { items } = await callListing(visitor, 'list_projects', awaiting);
    expect(items.map(({ name }) => name)).toEqual(['Sydney Metro Tunnels', 'Perth Rail Depot']);
  });

  test('that finds none at all says so, and how to have the application approved', async () => {
    const account = {
      APS_CLIENT_ID: 'sandbox-other-client-id',
      APS_CLIENT_SECRET: 'sandbox-other-client-secret',
    };
    const tokens = { get: () => applicationToken(sandbox, 'data:read', account), drop() {} };
    const { url } = keep(await serveDataManagementTools(apsAt(sandbox.url, { tokens })));
    const visitor = keep(await connect(url, 'auto'));
    const { items, texts, isError } = await callListing(visitor, 'list_hubs');
    expect([isError, items]).toEqual([false, []]);
    expect(texts[0]).toBe('[]');
    expect(texts[1]).toMatch(/no hubs.*Custom Integrations/);
  });
});
