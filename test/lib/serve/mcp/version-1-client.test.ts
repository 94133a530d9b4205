// Clients that were written against the Python sample with version 1 of the SDK, which checks results against schemas.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { closing } from '../../../support/closing.ts';
import { alice, benji } from '../../../support/people.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import type { Served } from '../../../support/serving.ts';
import { signInAt } from '../../../support/sign-in.ts';
import { serveThreeLegged } from '../../../support/three-legged.ts';
import { hubIdsIn } from '../../../support/tool-results.ts';

const keep = closing();
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  sandbox = keep(await startSandbox({ regionWarnings: true }));
});
beforeEach(async () => {
  served = keep(await serveThreeLegged(sandbox));
});

/** A client that knows the tools, and with them the schemas of their results. */
async function versionOne(): Promise<Client> {
  const client = new Client({ name: 'sample', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', served.url)));
  keep(client);
  await client.listTools();
  return client;
}

/** Calls list_hubs for somebody who must sign in first: the address to open. */
async function addressFor(client: Client): Promise<string> {
  const { content, structuredContent, isError } = await client.callTool({ name: 'list_hubs' });
  const [, address = ''] = /"auth_url":"([^"]+)"/.exec(JSON.stringify(structuredContent)) ?? [];
  const value = {
    auth_required: true,
    auth_url: address,
    message: 'Open auth_url in a browser to authenticate, then call list_hubs again.',
  };
  expect({ content, structuredContent }).toEqual({
    content: [{ type: 'text', text: JSON.stringify(value) }],
    structuredContent: { result: value },
  });
  expect(isError ?? false).toBe(false);
  return address;
}

test('get the sample’s result, and the hubs after the sign-in', async () => {
  const client = await versionOne();
  expect((await signInAt(sandbox, await addressFor(client), alice)).status).toBe(200);
  expect(hubIdsIn(await client.callTool({ name: 'list_hubs' }))).toEqual(alice.hubs);
});

test('get the fields of the sample and its text, the list as JSON', async () => {
  const client = await versionOne();
  await signInAt(sandbox, await addressFor(client), benji);
  const { structuredContent, content } = await client.callTool({ name: 'list_hubs' });
  const result = [{ id: benji.hubs[0], name: 'Rheinbrücke Bau', region: 'EMEA' }];
  expect(structuredContent).toMatchObject({ result });
  expect(content).toMatchObject([{ type: 'text', text: JSON.stringify(result) }, {}]);
  expect(
    await client.callTool({ name: 'list_projects', arguments: { hub_id: benji.hubs[0] } }),
  ).toMatchObject({
    structuredContent: {
      result: [
        { id: expect.any(String), name: 'Brücke Süd' },
        { id: expect.any(String), name: 'Werkhalle 4' },
      ],
    },
  });
});

test('two of them are one person, the local user', async () => {
  const [one, other] = [await versionOne(), await versionOne()];
  await signInAt(sandbox, await addressFor(one), alice);
  for (const client of [one, other])
    expect(hubIdsIn(await client.callTool({ name: 'list_hubs' }))).toEqual(alice.hubs);
});

test('know the server by the sample’s name', async () => {
  expect((await versionOne()).getServerVersion()).toMatchObject({ name: 'APS 3LO Demo' });
});
