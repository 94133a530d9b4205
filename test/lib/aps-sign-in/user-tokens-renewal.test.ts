// Renewing the tokens of users: once for any number of calls, and never at the price of a sign-in.
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closing } from '../../support/closing.ts';
import { alice, benji } from '../../support/people.ts';
import { type Sandbox, startSandbox } from '../../support/sandbox.ts';
import { callersByHeader, type Served } from '../../support/serving.ts';
import { askedAddress, signedIn } from '../../support/sign-in.ts';
import { servePatiently } from '../../support/three-legged.ts';
import { hubIdsIn, hubsOf, said } from '../../support/tool-results.ts';

const keep = closing();
const seconds = 1000;
const hour = 3600 * seconds;
let clock = Date.UTC(2026, 0, 5, 9);
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  // More calls in a minute than APS allows an application.
  sandbox = keep(await startSandbox({ now: () => clock, rateLimits: false }));
  served = keep(await servePatiently(sandbox, { now: () => clock }, { clientSignIn: callersByHeader }));
});
afterEach(() => {
  sandbox.trouble.reset();
  clock += 24 * hour;
});

/** A client of Alice's; requests count from here on. */
async function aliceSignedIn() {
  const client = keep(await signedIn(sandbox, served, alice));
  sandbox.requests.length = 0;
  return client;
}

/** The answers to the renewals since somebody signed in. */
const renewals = () =>
  sandbox.requests
    .filter(({ path, grant }) => path === '/authentication/v2/token' && grant !== 'authorization_code')
    .map(({ status }) => status);

const fiftyCalls = (client: Client) =>
  Promise.all(Array.from({ length: 50 }, () => client.callTool({ name: 'list_hubs' })));

async function fiftyAnswers(client: Client): Promise<string[][]> {
  return (await fiftyCalls(client)).map(hubIdsIn);
}
const fifty = <T>(thing: T): T[] => Array(50).fill(thing);

describe('fifty calls at once, with an access token', () => {
  test('that has expired: one renewal, and all answer', async () => {
    const client = await aliceSignedIn();
    clock += hour;
    expect(await fiftyAnswers(client)).toEqual(fifty(alice.hubs));
    expect(renewals()).toEqual([200]);
  });

  test('that APS refuses with 401: one renewal, and all answer', async () => {
    const client = await aliceSignedIn();
    expect(sandbox.revokeAccessTokens()).toBeGreaterThan(0);
    expect(await fiftyAnswers(client)).toEqual(fifty(alice.hubs));
    expect(renewals()).toEqual([200]);
  });

  test('that has expired, while APS answers 503 twice: nobody notices', async () => {
    const client = await aliceSignedIn();
    clock += hour;
    sandbox.trouble.set({ sequence: [{ status: 503 }, { status: 503 }] });
    expect(await fiftyAnswers(client)).toEqual(fifty(alice.hubs));
    expect(renewals()).toEqual([503, 503, 200]);
  });

  test.each([
    ['answers 503', { status: 503 }, /HTTP 503.+again/],
    ['asks for more patience than there is', { status: 429, retryAfter: '3600' }, /HTTP 429.+again/],
    ['drops connections', { drop: 'before' }, /APS did not answer.+try again/],
  ] as const)(
    'that has expired, while APS %s: all say so, nobody is signed out',
    async (_how, failAll, words) => {
      const client = await aliceSignedIn();
      clock += hour;
      sandbox.trouble.set({ failAll });
      for (const answer of await fiftyCalls(client))
        expect(answer).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(words) }] });
      sandbox.trouble.reset();
      expect(await hubsOf(client)).toEqual(alice.hubs);
      expect(renewals().at(-1)).toBe(200);
      expect(renewals().filter((status) => status === 200)).toHaveLength(1);
    },
  );

  test('that has expired, after the person withdrew their consent: each is asked to sign in', async () => {
    const client = await aliceSignedIn();
    clock += hour;
    sandbox.revokeUserTokens(alice.userId);
    const addresses = await Promise.all(fifty(client).map((it) => askedAddress(it)));
    expect(new Set(addresses).size).toBe(50);
    expect(renewals()).toEqual([400]);
  });

  test('of each of two people that have expired: one renewal for each, and nobody gets the other’s', async () => {
    const [client, other] = [await aliceSignedIn(), keep(await signedIn(sandbox, served, benji))];
    clock += hour;
    const [hers, his] = await Promise.all([fiftyAnswers(client), fiftyAnswers(other)]);
    expect([hers, his]).toEqual([fifty(alice.hubs), fifty(benji.hubs)]);
    expect(renewals()).toEqual([200, 200]);
  });
});

describe('an access token', () => {
  test('is renewed a minute before it expires, and not sooner', async () => {
    const client = await aliceSignedIn();
    clock += 3599 * seconds - 61 * seconds;
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(renewals()).toEqual([]);
    clock += 2 * seconds;
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(renewals()).toEqual([200]);
  });

  test('is renewed again and again, with the refresh token that came last', async () => {
    const client = await aliceSignedIn();
    for (let round = 0; round < 5; round += 1) {
      clock += hour;
      expect(await hubsOf(client)).toEqual(alice.hubs);
    }
    expect(renewals()).toEqual(Array(5).fill(200));
  });

  test('that is revoked while calls go on costs one renewal, not one for each call', async () => {
    const client = await aliceSignedIn();
    for (let round = 0; round < 3; round += 1) {
      const before = Promise.all(Array.from({ length: 5 }, () => hubsOf(client)));
      sandbox.revokeAccessTokens();
      expect(await before).toEqual(Array(5).fill(alice.hubs));
      expect(await hubsOf(client)).toEqual(alice.hubs);
    }
    expect(renewals()).toEqual([200, 200, 200]);
  });

  test('that lives for little more than a minute is renewed when it must be, not at every call', async () => {
    const client = await aliceSignedIn();
    sandbox.trouble.set({ tokenLifetimeSeconds: 61 });
    clock += hour;
    expect(await hubsOf(client)).toEqual(alice.hubs);
    clock += 2 * seconds;
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(renewals()).toEqual([200, 200]);
  });
});

test('who was asked to sign in again because consent was withdrawn gets data after doing so', async () => {
  const client = await aliceSignedIn();
  sandbox.revokeUserTokens(alice.userId);
  const { isError, text } = await said(client, 'list_hubs');
  expect([isError, JSON.parse(text)]).toMatchObject([false, { auth_required: true }]);
  expect(renewals()).toEqual([400]);
  await sandbox.signIn(JSON.parse(text).auth_url, alice).then(fetch);
  expect(await hubsOf(client)).toEqual(alice.hubs);
});
