// How a client of the newest era asks its user to sign in: the call waits for them.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connect, newest } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { alice, benji } from '../../../support/people.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import type { Served } from '../../../support/serving.ts';
import { askedAddress, attended, open, signInAt, takesAddresses } from '../../../support/sign-in.ts';
import { serveThreeLegged } from '../../../support/three-legged.ts';
import { hubIdsIn, hubsOf, said } from '../../../support/tool-results.ts';
import { until } from '../../../support/until.ts';

const keep = closing();
const second = 1000;
const sandbox = keep(await startSandbox());
let served: Served;

/** Each test has a server of its own: in the newest era all of its clients are one person. */
async function startServer(): Promise<Served> {
  served = keep(await serveThreeLegged(sandbox));
  return served;
}

/** A person who accepts, at once or after what they do `first`, and signs in whenever the test wants them to. */
async function slowPerson(first = () => {}) {
  const shown: string[] = [];
  const client = keep(
    await attended(await startServer(), { pin: newest }, (address) => {
      if (shown.push(address) === 1) first();
      return 'accept';
    }),
  );
  /** Resolves when the call waits for the person, who has seen `count` addresses. */
  const waited = (count = 1) => until(() => shown.length === count && served.service.running === 1);
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
        message: expect.stringMatching(/Autodesk.*list_hubs/),
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/authentication\/v2\/authorize\?/),
      },
    ]);
  });

  test.each(['decline', 'cancel'] as const)(
    'whose person answers %s is told in plain words, is asked once, and may try again',
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
            text: expect.stringMatching(/did not sign in.*list_hubs.*not ask again/),
          },
        ],
      });
      expect(questions).toBe(1);
      willing = true;
      expect(await hubsOf(client)).toEqual(alice.hubs);
    },
  );

  test('stops waiting as soon as its person denies access on the page, is not asked again, and may try again', async () => {
    const { client, shown, waited } = await slowPerson();
    const call = client.callTool({ name: 'list_hubs' });
    await waited();
    expect((await signInAt(sandbox, shown[0] ?? '', { allow: false })).status).toBe(403);
    expect(await call).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/did not sign in.*list_hubs/) }],
    });
    expect([shown.length, served.service.running]).toEqual([1, 0]);
    const next = hubsOf(client);
    await waited(2);
    await signInAt(sandbox, shown[1] ?? '', alice);
    expect(await next).toEqual(alice.hubs);
  });

  test('does not wait for a person who denies access before they say yes to the client, who may try again', async () => {
    const shown: string[] = [];
    let allow = false;
    const client = keep(
      await attended(await startServer(), { pin: newest }, async (address): Promise<'accept'> => {
        shown.push(address);
        expect((await signInAt(sandbox, address, { ...alice, allow })).status).toBe(allow ? 200 : 403);
        return 'accept';
      }),
    );
    expect(await said(client, 'list_hubs')).toEqual({
      isError: true,
      text: expect.stringMatching(/did not sign in.*list_hubs/),
    });
    expect([shown.length, served.service.running]).toEqual([1, 0]);
    allow = true;
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(shown).toHaveLength(2);
  });

  test('waits for a person who denied access to an earlier question: that was the answer to another', async () => {
    const { client, shown, waited } = await slowPerson();
    const earlier = keep(await connect(served.url, { pin: newest }));
    await signInAt(sandbox, await askedAddress(earlier), { allow: false });
    const call = hubsOf(client);
    await waited();
    await signInAt(sandbox, shown[0] ?? '', alice);
    expect(await call).toEqual(alice.hubs);
    expect(shown).toHaveLength(1);
  });

  test('makes several calls that wait: one denial ends them all', async () => {
    const { client, shown } = await slowPerson();
    const calls = Array.from({ length: 3 }, () => said(client, 'list_hubs'));
    await until(() => shown.length === 3 && served.service.running === 3);
    await signInAt(sandbox, shown[1] ?? '', { allow: false });
    for (const { isError, text } of await Promise.all(calls))
      expect([isError, text]).toEqual([true, expect.stringContaining('did not sign in')]);
    expect(served.service.running).toBe(0);
  });

  test.each([
    ['a code that Autodesk does not know', (state: string) => ({ state, code: 'a-made-up-code' })],
    ['a denial of another sign-in', () => ({ state: 'made-up', error: 'access_denied' })],
  ])('goes on waiting when a browser brings %s: the person may yet sign in', async (_what, query) => {
    const { client, shown, waited } = await slowPerson();
    const call = hubsOf(client);
    await waited();
    const state = new URL(shown[0] ?? '').searchParams.get('state') ?? '';
    const back = new URL(`/callback?${new URLSearchParams(query(state))}`, served.url);
    expect((await open(back)).status).toBe(400);
    expect(served.service.running).toBe(1);
    const other = keep(await connect(served.url, { pin: newest }));
    await signInAt(sandbox, await askedAddress(other), alice);
    expect(await call).toEqual(alice.hubs);
    expect(shown).toHaveLength(1);
  });

  test('makes several calls that wait: one sign-in answers them all', async () => {
    const { client, shown } = await slowPerson();
    const calls = Array.from({ length: 5 }, () => hubsOf(client));
    await until(() => shown.length === 5 && served.service.running === 5);
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
    await until(() => served.service.running === 0);
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
    await until(() => served.service.running === 0);
    expect((await client.listTools()).tools).not.toHaveLength(0);
  });
});

describe('a person who never finishes', () => {
  afterEach(() => void vi.useRealTimers());

  test('is asked again after 45 seconds, before the client gives up, with the same link', async () => {
    const { client, shown, waited } = await slowPerson();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    const call = client.callTool({ name: 'list_hubs' }, { timeout: 3600 * second });
    await waited();
    vi.advanceTimersByTime(45 * second - 1);
    await client.listTools();
    expect(shown).toHaveLength(1);
    vi.advanceTimersByTime(1);
    await waited(2);
    expect(shown[1]).toBe(shown[0]);
    await signInAt(sandbox, shown[0] ?? '', alice);
    expect(hubIdsIn(await call)).toEqual(alice.hubs);
  });

  test('gets another link once the first is about to expire', async () => {
    const { client, shown, waited } = await slowPerson(() => vi.advanceTimersByTime(541 * second));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    const call = client.callTool({ name: 'list_hubs' }, { timeout: 3600 * second });
    await waited();
    vi.advanceTimersByTime(45 * second);
    await waited(2);
    expect(shown[1]).not.toBe(shown[0]);
    await signInAt(sandbox, shown[1] ?? '', alice);
    expect(hubIdsIn(await call)).toEqual(alice.hubs);
  });

  test('gives a client that listens signs of life, each with more progress than the last', async () => {
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
