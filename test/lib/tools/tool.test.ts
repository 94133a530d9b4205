// A tool of your own, made with addApsTool: what comes with it, in each era and behind each client sign-in.
import { EventEmitter, once } from 'node:events';
import {
  type Client,
  type ClientOptions,
  UrlElicitationRequiredError,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { FastMCP } from 'fastmcp';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createApsClient } from '../../../lib/aps/client.ts';
import { ApsError } from '../../../lib/aps/errors.ts';
import { authorizationCode } from '../../../lib/aps-sign-in/authorization-code.ts';
import type { Caller } from '../../../lib/caller.ts';
import { apsUserSignIn } from '../../../lib/config/aps-variables.ts';
import type { ServerDefinition } from '../../../lib/serve/launch/definition.ts';
import { defineServer } from '../../../lib/serve/launch/start.ts';
import { addDataManagementTools } from '../../../lib/tools/data-management.ts';
import { listOf } from '../../../lib/tools/list-output.ts';
import { addSignOutTool } from '../../../lib/tools/sign-out.ts';
import { addApsTool, type ToolCall, type ToolServer } from '../../../lib/tools/tool.ts';
import { apsAt } from '../../support/aps-calls.ts';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect, eras } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { tokenOfSomebody } from '../../support/confirm-page.ts';
import { always, startLocalServer } from '../../support/local-server.ts';
import { connectSigningIn } from '../../support/oauth-client.ts';
import { connectBearing, serveOidc, signInThrough } from '../../support/oidc.ts';
import { startOpenIdProvider } from '../../support/openid-provider.ts';
import { alice, benji } from '../../support/people.ts';
import { serve } from '../../support/serving.ts';
import { attend, signInAt, takesAddresses } from '../../support/sign-in.ts';
import { atAutodesk, type ServedHttp, serveWith } from '../../support/signing-in.ts';
import { hubsOf } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());
const provider = keep(await startOpenIdProvider());

const hubSchema = z.object({ data: z.object({ attributes: z.object({ name: z.string() }) }) });

/** Tools of one's own: one whose result is an object, and one whose object has a `result` that is no list. */
function addOwnTools(server: ToolServer, aps: ReturnType<typeof createApsClient>): void {
  const parameters = z.strictObject({ hub_id: z.string() });
  const nameOf = async (hub_id: string, { session }: ToolCall) =>
    (await session.get(session.url(['project', 'v1', 'hubs', hub_id]), hubSchema)).data.attributes.name;
  addApsTool(server, aps, {
    ...{ name: 'get_hub', title: 'Get hub', description: 'Get a hub.', parameters },
    output: z.object({ hub: z.object({ id: z.string(), name: z.string() }), letters: z.int() }),
    async execute({ hub_id }, call) {
      const name = await nameOf(hub_id, call);
      return { hub: { id: hub_id, name }, letters: name.length };
    },
  });
  addApsTool(server, aps, {
    ...{ name: 'name_hub', title: 'Name hub', description: 'Say the name of a hub.', parameters },
    output: z.object({ result: z.string() }),
    execute: async ({ hub_id }, call) => ({ result: await nameOf(hub_id, call) }),
  });
}

/** A server like 3lo that has them besides its own. */
const definition: ServerDefinition = defineServer({
  ...{ name: 'own', apsSignIn: '3-legged', port: 0, userScopes: ['data:read'], variables: apsUserSignIn },
  create({ APS_CLIENT_ID: clientId, APS_CLIENT_SECRET: clientSecret, APS_BASE_URL: baseUrl }, context) {
    const { browser, accountTokens } = context;
    const application = { clientId, clientSecret, baseUrl, scopes: ['data:read'], browser };
    const users = accountTokens ?? authorizationCode(application);
    const aps = createApsClient({ baseUrl, tokens: users });
    const server = new FastMCP<Caller>({ name: 'Own', version: '1.0.0' });
    addDataManagementTools(server, aps);
    addSignOutTool(server, aps, users);
    addOwnTools(server, aps);
    return { server, users };
  },
});

/** Calls a tool of one's own as a client that knows the tools, and with them the schemas of their results. */
async function callOwn(client: Client, name: string, hub_id: string = alice.hubs[0]) {
  await client.listTools();
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: { hub_id } });
  return { content, structuredContent, isError };
}

/** What both tools say of Alice's hub. */
async function expectHub(client: Client): Promise<void> {
  const { structuredContent } = await callOwn(client, 'get_hub');
  const { hub, letters } = z
    .strictObject({ hub: z.strictObject({ id: z.string(), name: z.string() }), letters: z.int() })
    .parse(structuredContent);
  expect([hub.id, letters]).toEqual([alice.hubs[0], hub.name.length]);
  expect(await callOwn(client, 'name_hub')).toEqual({
    content: [{ type: 'text', text: JSON.stringify({ result: hub.name }) }],
    structuredContent: { result: hub.name },
  });
}

/** The result of the Python sample, at the root: its address. */
async function addressAskedBy(client: Client, name: string): Promise<string> {
  const { content, structuredContent, isError } = await callOwn(client, name);
  const { auth_url } = z.object({ auth_url: z.string() }).parse(structuredContent);
  const message = `Open auth_url in a browser to authenticate, then call ${name} again.`;
  const answer = { auth_required: true, auth_url, message };
  expect({ content, structuredContent }).toEqual({
    content: [{ type: 'text', text: JSON.stringify(answer) }],
    structuredContent: answer,
  });
  expect(isError ?? false).toBe(false);
  return auth_url;
}

type Way = {
  serve(): Promise<ServedHttp>;
  /** A client of somebody who has not signed in to Autodesk yet. */
  connect(at: ServedHttp, mode: VersionNegotiationMode, options?: ClientOptions): Promise<Client>;
  /** Signs in as Alice at the address that a client was given. */
  signIn(address: string): Promise<unknown>;
};

/** The client sign-ins behind which a tool asks for a sign-in to Autodesk. */
const ways: [name: string, way: Way][] = [
  [
    'none',
    {
      serve: async () => keep(await serveWith(sandbox, definition, 'none')),
      connect: ({ url }, mode, options) => connect(url, mode, options),
      signIn: (address) => signInAt(sandbox, address, alice),
    },
  ],
  [
    'oidc',
    {
      serve: async () => keep(await serveOidc(sandbox, definition, provider)),
      connect: (at, mode, options) => connectBearing(at.url, mode, tokenOfSomebody(provider, at), options),
      signIn: (address) => signInThrough(address, alice),
    },
  ],
];

describe.each(eras)('%s', (_era, mode) => {
  describe.each(ways)('with the client sign-in %s', (_name, way) => {
    test('that can show nothing gets the sample’s result at the root, and the data after the sign-in', async () => {
      const client = keep(await way.connect(await way.serve(), mode));
      await addressAskedBy(client, 'name_hub');
      await way.signIn(await addressAskedBy(client, 'get_hub'));
      await expectHub(client);
      expect(await hubsOf(client)).toEqual(alice.hubs);
    });

    test('that can show an address is asked', async () => {
      const client = keep(await way.connect(await way.serve(), mode, takesAddresses));
      const shown: string[] = [];
      attend(client, async (address): Promise<'accept'> => {
        shown.push(address);
        await way.signIn(address);
        return 'accept';
      });
      if (mode === 'legacy') {
        const error: unknown = await callOwn(client, 'get_hub').catch((reason: unknown) => reason);
        if (!(error instanceof UrlElicitationRequiredError)) throw error;
        expect(error.code).toBe(-32042);
        for (const { url, message } of error.elicitations) {
          expect(message).toContain('get_hub');
          shown.push(url);
          await way.signIn(url);
        }
      }
      await expectHub(client);
      expect(shown).toHaveLength(1);
    });
  });

  test('with the client sign-in autodesk has the data at once', async () => {
    const { url } = keep(await serveWith(sandbox, definition, 'autodesk'));
    await expectHub(keep(await connectSigningIn(url, mode, atAutodesk(alice))));
    const his = keep(await connectSigningIn(url, mode, atAutodesk(benji)));
    expect(await callOwn(his, 'get_hub')).toMatchObject({ isError: true });
  });

  test('is told by the schema of a result that a sign-in may be asked for, at the root', async () => {
    const client = keep(await connect(keep(await serveWith(sandbox, definition, 'none')).url, mode));
    const { tools } = await client.listTools();
    const asked = { type: 'object', required: ['auth_required', 'auth_url', 'message'] };
    for (const [name, property] of [
      ['get_hub', { letters: { type: 'integer' } }],
      ['name_hub', { result: { type: 'string' } }],
    ] as const) {
      const { title, outputSchema } = tools.find((tool) => tool.name === name) ?? {};
      expect(title).toMatch(/hub$/);
      expect(outputSchema).toMatchObject({ type: 'object', anyOf: [{ properties: property }, asked] });
      expect(outputSchema).not.toHaveProperty('properties');
      expect(outputSchema).not.toHaveProperty('x-fastmcp-wrap-result');
      expect(JSON.stringify(outputSchema)).not.toContain('"auth_url":');
    }
    for (const { name, title, annotations } of tools)
      expect([name, title]).toEqual([name, annotations?.title]);
    const contents = tools.find(({ name }) => name === 'list_contents')?.outputSchema;
    expect(contents).toMatchObject({ 'x-fastmcp-wrap-result': true });
    expect(JSON.stringify(contents)).toMatch(/"size":\{[^{}]*"type":"integer"/);
  });
});

describe('a tool', () => {
  const tool = { title: 'Do it', description: 'Does it.', parameters: z.strictObject({}) };
  const output = z.object({ done: z.boolean() });

  /** A client of a server with the tool `do_it`, which is at an APS that answers as is said. */
  async function clientOf(
    execute: (call: ToolCall) => Promise<{ done: boolean }>,
    { mode = 'legacy', text }: { mode?: VersionNegotiationMode; text?: () => string } = {},
  ): Promise<Client> {
    const aps = keep(await startLocalServer(always({ reason: 'Bucket not found' }, 404)));
    const server = new FastMCP<Caller>({ name: 'Own', version: '1.0.0' });
    addApsTool(server, apsAt(aps.url), {
      ...{ name: 'do_it', ...tool, output, text },
      execute: (_args, call) => execute(call),
    });
    return keep(await connect(keep(await serve(server)).url, mode));
  }
  const textsOf = (result: unknown) =>
    z
      .object({ content: z.array(z.object({ text: z.string() })) })
      .parse(result)
      .content.map(({ text }) => text);

  test.each(eras)('lets %s read what APS refused, and what to do', async (_era, mode) => {
    let refusal: unknown;
    const client = await clientOf(
      async ({ session }) => {
        await session.get(session.url(['thing']), output).catch((error: unknown) => {
          refusal = error;
          throw error;
        });
        return { done: true };
      },
      { mode },
    );
    const result = await client.callTool({ name: 'do_it' });
    if (!(refusal instanceof ApsError)) throw refusal;
    expect(refusal.status).toBe(404);
    expect(result.isError).toBe(true);
    expect(textsOf(result)).toEqual([refusal.message]);
  });

  test.each(eras)('hides from %s what nobody expected, and logs it', async (_era, mode) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const client = await clientOf(() => Promise.reject(new TypeError('S3cr3t of the inside')), { mode });
    const result = await client.callTool({ name: 'do_it' });
    const logged = log.mock.calls.flat().join('\n');
    log.mockRestore();
    expect(result.isError).toBe(true);
    expect(textsOf(result)).toEqual([expect.stringContaining('log')]);
    expect(JSON.stringify(result)).not.toMatch(/S3cr3t|TypeError/);
    expect(logged).toMatch(/TypeError: S3cr3t of the inside\n +at /);
  });

  test.each(eras)('is told when %s cancels its call', async (_era, mode) => {
    const events = new EventEmitter();
    const client = await clientOf(
      async ({ signal }) => {
        const aborted = once(signal, 'abort');
        events.emit('begun');
        await aborted;
        events.emit('stopped');
        throw new Error('stopped');
      },
      { mode },
    );
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const [begun, stopped] = [once(events, 'begun'), once(events, 'stopped')];
    const cancel = new AbortController();
    const call = client.callTool({ name: 'do_it' }, { signal: cancel.signal, onprogress: () => {} });
    const refused = expect(call).rejects.toThrow();
    await begun;
    cancel.abort('no longer wanted');
    await Promise.all([refused, stopped]);
    // It is the client's wish, and no failure.
    expect(log.mock.calls.flat().join()).not.toContain('stopped');
    log.mockRestore();
  });

  test.each(eras)('tells %s how far it is', async (_era, mode) => {
    const client = await clientOf(
      async ({ progress }) => {
        progress(1, '1 of 2 so far');
        progress(2, '2 of 2 so far');
        return { done: true };
      },
      { mode },
    );
    const heard: unknown[] = [];
    const onprogress = ({ progress, message }: { progress: number; message?: string }) =>
      heard.push([progress, message]);
    expect(await client.callTool({ name: 'do_it' }, { onprogress })).toMatchObject({
      structuredContent: { done: true },
    });
    expect(heard).toEqual([
      [1, '1 of 2 so far'],
      [2, '2 of 2 so far'],
    ]);
  });

  test('adds its notes in a block after the data, or after its own text', async () => {
    const noted = async ({ note }: ToolCall) => {
      note('One thing.');
      note('Another.');
      return { done: true };
    };
    for (const [text, first] of [
      [undefined, '{"done":true}'],
      [() => 'It is done.', 'It is done.'],
    ] as const) {
      const result = await (await clientOf(noted, { text })).callTool({ name: 'do_it' });
      expect(textsOf(result)).toEqual([first, 'One thing. Another.']);
      expect(result.structuredContent).toEqual({ done: true });
    }
  });

  test('without notes has a single block', async () => {
    const client = await clientOf(async () => ({ done: false }));
    expect(textsOf(await client.callTool({ name: 'do_it' }))).toEqual(['{"done":false}']);
  });
});

test('a list of one’s own has the sample’s shape, and its notes and what comes next in one block', async () => {
  const server = new FastMCP<Caller>({ name: 'Own', version: '1.0.0' });
  const common = { title: 'Count', description: 'Counts.', parameters: z.strictObject({}) };
  addApsTool(server, apsAt(sandbox.url), {
    ...{ name: 'count', ...common },
    list: { of: z.object({ number: z.int() }), noun: 'numbers', position: z.int() },
    async execute(_args, { note }, { limit, from = 0 }) {
      note('These are numbers.');
      const items = Array.from({ length: Math.min(limit, 5 - from) }, (_it, at) => ({ number: from + at }));
      return { items, after: from + items.length < 5 ? from + items.length : undefined };
    },
  });
  addApsTool(server, apsAt(sandbox.url), {
    ...{ name: 'count_all', ...common, output: listOf(z.int()) },
    execute: async () => ({ result: [0, 1, 2] }),
  });
  const client = keep(await connect(keep(await serve(server)).url, 'legacy'));
  await client.listTools();
  const first = await client.callTool({ name: 'count', arguments: { limit: 3 } });
  const { next_cursor: cursor } = z.object({ next_cursor: z.string() }).parse(first.structuredContent);
  expect(first).toMatchObject({
    structuredContent: { result: [{ number: 0 }, { number: 1 }, { number: 2 }] },
    content: [
      { text: '[{"number":0},{"number":1},{"number":2}]' },
      { text: expect.stringMatching(new RegExp(`^These are numbers\\. .*${cursor}`)) },
    ],
  });
  const { structuredContent } = await client.callTool({ name: 'count', arguments: { limit: 3, cursor } });
  expect(structuredContent).toEqual({ result: [{ number: 3 }, { number: 4 }] });
  expect(await client.callTool({ name: 'count_all' })).toMatchObject({
    structuredContent: { result: [0, 1, 2] },
    content: [{ text: '[0,1,2]' }],
  });
});
