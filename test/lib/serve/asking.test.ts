// How a user is asked to sign in: in the best way that their client can take it.
import { ProtocolError, type Result, UrlElicitationRequiredError } from '@modelcontextprotocol/client';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Sandbox, startSandbox } from '../../../sandbox/index.ts';
import { connect, modes, newest } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { post } from '../../support/raw-http.ts';
import type { Served } from '../../support/serving.ts';
import { until } from '../../support/until.ts';
import {
  alice,
  askedAddress,
  attended,
  benji,
  hubIdsIn,
  hubsOf,
  serveThreeLegged,
  signInAt,
  takesAddresses,
} from '../../support/users.ts';

const keep = closing();
const second = 1000;
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
});
/** Each test has a server of its own: in the newest era all of its clients are one person. */
async function startServer(): Promise<Served> {
  served = keep(await serveThreeLegged(sandbox));
  return served;
}

/** What the Python sample answers, to the letter. */
function sampleResult(address: string, tool = 'list_hubs') {
  const value = {
    auth_required: true,
    auth_url: address,
    message: `Open auth_url in a browser to authenticate, then call ${tool} again.`,
  };
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: { result: value } };
}

/** The address in a text. */
const addressIn = (text: string) => /http:[^"\s\\]+\/authorize\?[^"\s\\]+/.exec(text)?.[0] ?? '';

/** A person who accepts at once, and signs in whenever the test wants them to. */
async function slowPerson() {
  const shown: string[] = [];
  const client = keep(
    await attended(await startServer(), { pin: newest }, (address) => {
      shown.push(address);
      return 'accept';
    }),
  );
  /** Resolves when the call waits for the person, who has seen `count` addresses. */
  const waited = (count = 1) => until(() => shown.length === count && served.host.running === 1);
  return { client, shown, waited };
}

describe(`a client of ${newest} that can take its user to an address`, () => {
  test('gets the data in the very call that asked, from a person who signs in before they say so', async () => {
    const shown: string[] = [];
    const client = keep(
      await attended(await startServer(), { pin: newest }, async (address): Promise<'accept'> => {
        shown.push(address);
        expect((await signInAt(sandbox, address, benji)).status).toBe(200);
        return 'accept';
      }),
    );
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(shown).toHaveLength(1);
  });

  test('gets it too from a person who says yes first and signs in later: the call waits', async () => {
    const { client, shown, waited } = await slowPerson();
    const call = hubsOf(client);
    await waited();
    await signInAt(sandbox, shown[0] ?? '', alice);
    expect(await call).toEqual(alice.hubs);
    expect(shown).toHaveLength(1);
  });

  test('is told what is to be signed in to, and why', async () => {
    const told: unknown[] = [];
    const client = keep(await connect((await startServer()).url, { pin: newest }, takesAddresses));
    client.setRequestHandler('elicitation/create', ({ params }) => {
      told.push(params);
      return { action: 'decline' };
    });
    await client.callTool({ name: 'list_hubs' });
    expect(told).toEqual([
      {
        mode: 'url',
        message: 'Sign in to Autodesk, so that list_hubs can read your data.',
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/authentication\/v2\/authorize\?/),
      },
    ]);
  });

  test.each(['decline', 'cancel'] as const)(
    'whose person answers %s hears so in plain words, is asked once, and may try again',
    async (action) => {
      let questions = 0;
      let willing = false;
      const client = keep(
        await attended(await startServer(), { pin: newest }, async (address) => {
          questions += 1;
          if (!willing) return action;
          await signInAt(sandbox, address, alice);
          return 'accept';
        }),
      );
      expect(await client.callTool({ name: 'list_hubs' })).toMatchObject({
        isError: true,
        content: [
          {
            text: 'The user did not sign in to Autodesk, so list_hubs cannot read their data. Do not ask again unless they want to.',
          },
        ],
      });
      expect(questions).toBe(1);
      willing = true;
      expect(await hubsOf(client)).toEqual(alice.hubs);
    },
  );

  test('goes on waiting when its person denies access on the page: they may yet sign in elsewhere', async () => {
    const { client, shown, waited } = await slowPerson();
    const call = hubsOf(client);
    await waited();
    expect((await signInAt(sandbox, shown[0] ?? '', { allow: false })).status).toBe(403);
    const other = keep(await connect(served.url, { pin: newest }));
    await signInAt(sandbox, await askedAddress(other), alice);
    expect(await call).toEqual(alice.hubs);
    expect(shown).toHaveLength(1);
  });

  test('makes several calls that wait: one sign-in answers them all', async () => {
    const { client, shown } = await slowPerson();
    const calls = Array.from({ length: 5 }, () => hubsOf(client));
    await until(() => shown.length === 5 && served.host.running === 5);
    await signInAt(sandbox, shown[2] ?? '', alice);
    expect(await Promise.all(calls)).toEqual(Array(5).fill(alice.hubs));
    expect(shown).toHaveLength(5);
  });

  test('disconnects while it waits: the wait ends', async () => {
    const { client, waited } = await slowPerson();
    const refusal = expect(client.callTool({ name: 'list_hubs' })).rejects.toThrow();
    await waited();
    await client.close();
    await refusal;
    await until(() => served.host.running === 0);
  });

  test('cancels the call while it waits: the wait ends, and the client goes on', async () => {
    const { client, waited } = await slowPerson();
    const cancel = new AbortController();
    const refusal = expect(
      client.callTool({ name: 'list_hubs' }, { signal: cancel.signal }),
    ).rejects.toThrow();
    await waited();
    cancel.abort('no longer wanted');
    await refusal;
    await until(() => served.host.running === 0);
    expect((await client.listTools()).tools).not.toHaveLength(0);
  });
});

describe('a person who never finishes', () => {
  afterEach(() => void vi.useRealTimers());

  test('is asked again after two minutes, and not sooner; no call waits for ever', async () => {
    const { client, shown, waited } = await slowPerson();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const call = client.callTool({ name: 'list_hubs' }, { timeout: 3600 * second });
    await waited();
    vi.advanceTimersByTime(120 * second - 1);
    await client.listTools();
    expect(shown).toHaveLength(1);
    vi.advanceTimersByTime(1);
    await waited(2);
    expect(new Set(shown).size).toBe(2);
    vi.useRealTimers();
    await signInAt(sandbox, shown[0] ?? '', alice);
    expect(hubIdsIn(await call)).toEqual(alice.hubs);
  });

  test('leaves a client that listens with signs of life, each with more progress than the last', async () => {
    const { client, shown, waited } = await slowPerson();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const heard: { progress: number; message?: string }[] = [];
    const call = client.callTool(
      { name: 'list_hubs' },
      { onprogress: ({ progress, message }) => heard.push({ progress, message }) },
    );
    await waited();
    heard.length = 0;
    vi.advanceTimersByTime(5 * second);
    await until(() => heard.length === 1);
    vi.advanceTimersByTime(10 * second);
    await until(() => heard.length === 3);
    expect(new Set(heard.map(({ message }) => message))).toEqual(
      new Set(['Waiting for the sign-in in the browser']),
    );
    const steps = heard.map(({ progress }) => progress);
    expect(steps).toEqual([...new Set(steps)].sort((one, other) => one - other));
    await signInAt(sandbox, shown[0] ?? '', alice);
    expect(hubIdsIn(await call)).toEqual(alice.hubs);
    vi.advanceTimersByTime(60 * second);
    expect(heard).toHaveLength(3);
  });
});

describe('an answer to a question', () => {
  const question = z.object({
    result: z.object({
      resultType: z.literal('input_required'),
      inputRequests: z.record(z.string(), z.object({ params: z.object({ url: z.string() }) })),
      requestState: z.string(),
    }),
  });

  /** Calls list_hubs as a client of the newest era, with further parameters. */
  async function call(further: Record<string, unknown> = {}, { url }: Pick<Served, 'url'> = served) {
    const { status, body } = await post(
      url,
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'list_hubs',
          arguments: {},
          ...further,
          _meta: {
            'io.modelcontextprotocol/protocolVersion': newest,
            'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': takesAddresses.capabilities,
          },
        },
      },
      { 'mcp-protocol-version': newest, 'mcp-method': 'tools/call', 'mcp-name': 'list_hubs' },
    );
    return { status, body: JSON.parse(body.replace(/^.*?data: /s, '')) };
  }

  /** The answer to the one question that there is. */
  const answer = (action: string) => ({ inputResponses: { sign_in: { action } } });

  test('with the state of the question counts', async () => {
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    expect((await call({ ...answer('decline'), requestState })).body).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining('did not sign in') }] },
    });
  });

  test('without a state is none: the question is put again, at once', async () => {
    await startServer();
    for (const action of ['accept', 'decline', 'cancel'])
      expect(question.safeParse((await call(answer(action))).body).success).toBe(true);
    expect(served.host.running).toBe(0);
  });

  test('with a state that is made up, changed, or of another deployment is refused', async () => {
    const other = keep(await serveThreeLegged(sandbox));
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    const foreign = question.parse((await call({}, other)).body).result.requestState;
    const middle = Math.floor(requestState.length / 2);
    const changed = `${requestState.slice(0, middle)}${requestState[middle] === 'A' ? 'B' : 'A'}${requestState.slice(middle + 1)}`;
    for (const forged of ['made-up', '', changed, foreign])
      for (const action of ['accept', 'decline'])
        expect((await call({ ...answer(action), requestState: forged })).body).toMatchObject({
          error: { code: -32602, message: 'Invalid or expired requestState' },
        });
    expect(served.host.running).toBe(0);
  });

  test('to another question is none', async () => {
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    const other = { inputResponses: { another: { action: 'decline' } }, requestState };
    expect(question.safeParse((await call(other)).body).success).toBe(true);
  });

  test('carries nothing but a state that the client cannot read or change: no address, no token', async () => {
    await startServer();
    const { requestState, inputRequests } = question.parse((await call()).body).result;
    expect(Object.keys(inputRequests)).toEqual(['sign_in']);
    const state = new URL(inputRequests.sign_in?.params.url ?? '').searchParams.get('state') ?? '';
    for (const text of [requestState, Buffer.from(requestState, 'base64url').toString('latin1')])
      expect(text).not.toContain(state);
  });
});

describe('a client of the handshake era that can take its user to an address', () => {
  test('gets the error -32042 with the address, and the data after the sign-in', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy', takesAddresses));
    const error = await client.callTool({ name: 'list_hubs' }).then(
      () => expect.unreachable(),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UrlElicitationRequiredError);
    expect(error).toMatchObject({
      code: -32042,
      data: {
        elicitations: [
          {
            mode: 'url',
            elicitationId: expect.any(String),
            message: 'Sign in to Autodesk, so that list_hubs can read your data.',
            url: expect.stringContaining('/authorize?'),
          },
        ],
      },
    });
    await signInAt(sandbox, addressIn(JSON.stringify(error)), benji);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('gets an ordinary error of a tool as ever', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy', takesAddresses));
    await expect(client.callTool({ name: 'no_such_tool' })).rejects.toBeInstanceOf(ProtocolError);
    expect(await client.callTool({ name: 'list_projects', arguments: {} })).toMatchObject({ isError: true });
  });
});

describe('a client that cannot', () => {
  const mute = [
    ['says nothing of it', {}],
    ['can only fill in forms', { capabilities: { elicitation: { form: {} } } }],
  ] as const;
  const cases = mute.flatMap(([which, options]) =>
    modes.map(([name, mode]) => [`${name}, which ${which},`, mode, options] as const),
  );

  test.each(cases)('(%s) gets exactly the result of the Python sample', async (_name, mode, options) => {
    const client = keep(await connect((await startServer()).url, mode, options));
    const result: Result = await client.callTool({ name: 'list_hubs' });
    const address = addressIn(JSON.stringify(result));
    const { content, structuredContent, isError } = result;
    expect({ content, structuredContent }).toEqual(sampleResult(address));
    expect(isError ?? false).toBe(false);
    await signInAt(sandbox, address, alice);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('is asked by every tool that needs the person, in the name of that tool', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy'));
    const calls = {
      list_projects: { hub_id: 'h' },
      list_contents: { hub_id: 'h', project_id: 'p' },
      list_versions: { project_id: 'p', item_id: 'i' },
    };
    for (const [name, args] of Object.entries(calls)) {
      const { content, structuredContent }: Result = await client.callTool({ name, arguments: args });
      expect({ content, structuredContent }).toEqual(
        sampleResult(addressIn(JSON.stringify(structuredContent)), name),
      );
    }
  });

  test('gets another address at every call, and each of them is good', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy'));
    const [first, later] = [await askedAddress(client), await askedAddress(client)];
    expect(first).not.toBe(later);
    expect((await signInAt(sandbox, first, alice)).status).toBe(200);
    expect((await signInAt(sandbox, later, benji)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });
});

describe('a list of tools', () => {
  test.each(modes)(
    'for %s says of each listing that it may ask for a sign-in instead',
    async (_name, mode) => {
      const client = keep(await connect((await startServer()).url, mode));
      const { tools } = await client.listTools();
      const listings = tools.filter(({ name }) => name.startsWith('list_'));
      expect(listings).toHaveLength(4);
      for (const { outputSchema } of listings)
        expect(outputSchema).toMatchObject({
          type: 'object',
          required: ['result'],
          properties: {
            result: {
              anyOf: [
                { type: 'array', items: { type: 'object' } },
                {
                  type: 'object',
                  properties: { auth_required: { const: true }, auth_url: { type: 'string' } },
                  required: ['auth_required', 'auth_url', 'message'],
                },
              ],
            },
          },
        });
      expect(JSON.stringify(tools.find(({ name }) => name === 'sign_out'))).not.toContain('auth_url');
    },
  );
});
