// The APS tokens of people who signed in on the way to an MCP client: renewed once for any number of calls.
import { afterEach, describe, expect, test } from 'vitest';
import { startAccounts } from '../../support/accounts.ts';
import { later, minutes, seconds } from '../../support/clock.ts';
import { alice, benji, chien, profileOf } from '../../support/people.ts';

const hour = 60 * minutes;
const { sandbox, signedIn, isLive, renewals } = await startAccounts();
afterEach(() => sandbox.trouble.reset());

const ended = /Autodesk account has ended.*Sign in again/;
const trouble = /APS .*again in (a minute|3600 seconds)/;
const unreachable = /^APS did not answer: .+Check the network.+try again/;
const twenty = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: 20 }, work));

describe('a token', () => {
  test('is the one that APS gave, until a minute before it expires', async () => {
    const { accounts, caller, store } = await signedIn();
    const { accessToken } = store.apsTokens();
    expect(await accounts.get(caller)).toBe(accessToken);
    later(3599 * seconds - 60 * seconds - 1);
    expect(await accounts.get(caller)).toBe(accessToken);
    expect(renewals()).toEqual([]);
    later(1);
    expect(await accounts.get(caller)).toBe(store.apsTokens().accessToken);
    expect(await accounts.get(caller)).not.toBe(accessToken);
    expect(renewals()).toEqual([200]);
  });

  test('that has expired is renewed once for twenty calls', async () => {
    const { accounts, caller, store } = await signedIn();
    later(hour);
    const tokens = await twenty(() => accounts.get(caller));
    expect(new Set(tokens)).toEqual(new Set([store.apsTokens().accessToken]));
    expect(renewals()).toEqual([200]);
  });

  test('that APS refused is renewed once for twenty calls, and not given out again', async () => {
    const { accounts, caller, store } = await signedIn();
    const { accessToken } = store.apsTokens();
    accounts.drop(caller, accessToken);
    const tokens = await twenty(() => accounts.get(caller));
    expect(tokens).not.toContain(accessToken);
    accounts.drop(caller, accessToken);
    expect(await accounts.get(caller)).toBe(tokens[0]);
    expect(renewals()).toEqual([200]);
  });

  test('is renewed again and again, with the refresh token that came last', async () => {
    const { accounts, caller } = await signedIn();
    for (let round = 0; round < 4; round += 1) {
      later(hour);
      expect(await isLive(await accounts.get(caller))).toBe(true);
    }
    expect(renewals()).toEqual([200, 200, 200, 200]);
  });

  test('of one person is never that of another', async () => {
    const { accounts, caller } = await signedIn();
    const his = { id: benji.userId };
    await expect(accounts.get(his)).rejects.toThrow(ended);
    expect(await accounts.signInIdOf(his)).toBeUndefined();
    expect(await accounts.signInIdOf(caller)).toBeDefined();
  });

  test('after a second sign-in is that of the second', async () => {
    const { accounts, caller, store, signIn } = await signedIn();
    accounts.drop(caller, store.apsTokens().accessToken);
    await signIn();
    expect(await accounts.get(caller)).toBe(store.apsTokens().accessToken);
    expect(renewals()).toEqual([]);
  });
});

describe('a sign-in', () => {
  test('is the same over renewals and further sign-ins, and another one after a sign-out', async () => {
    const { accounts, caller, signIn } = await signedIn();
    const first = await accounts.signInIdOf(caller);
    later(hour);
    await accounts.get(caller);
    await signIn();
    expect(await accounts.signInIdOf(caller)).toBe(first);
    await accounts.signOut(caller);
    expect(await accounts.signInIdOf(caller)).toBeUndefined();
    await signIn();
    expect([first, undefined]).not.toContain(await accounts.signInIdOf(caller));
  });
});

test.each([benji, chien])(
  'APS says whose account it is, and whether its address is verified',
  async (person) => {
    const { accounts, tokens } = await signedIn(person);
    const { userId, name, email, emailVerified } = profileOf(person);
    expect(await accounts.accountOf(tokens)).toEqual({
      ...{ sub: userId, name, email },
      verifiedEmail: emailVerified ? email : undefined,
    });
  },
);

test.each([{ status: 503 }, { drop: 'before' }] as const)(
  'while APS is in trouble (%j) it does not say whose account it is, and nothing else is believed',
  async (failAll) => {
    const { accounts, tokens } = await signedIn();
    sandbox.trouble.set({ failAll });
    await expect(accounts.accountOf(tokens)).rejects.toThrow(/APS .*whose account .*Sign in again/);
  },
);

describe('who cannot be renewed', () => {
  test('because they withdrew their consent is signed out, once for all calls, and told what to do', async () => {
    const { accounts, caller } = await signedIn();
    later(hour);
    sandbox.revokeUserTokens(alice.userId);
    for (const outcome of await Promise.allSettled(Array.from({ length: 20 }, () => accounts.get(caller))))
      expect(outcome).toMatchObject({ reason: { message: expect.stringMatching(ended) } });
    expect(renewals()).toEqual([400]);
    expect(await accounts.signInIdOf(caller)).toBeUndefined();
  });

  test('because APS drops connections stays signed in, and is told to try again', async () => {
    const { accounts, caller } = await signedIn();
    later(hour);
    sandbox.trouble.set({ failAll: { drop: 'before' } });
    await expect(accounts.get(caller)).rejects.toThrow(unreachable);
    expect(await accounts.signInIdOf(caller)).toBeDefined();
    sandbox.trouble.reset();
    expect(await isLive(await accounts.get(caller))).toBe(true);
  });

  test.each([{ status: 503 }, { status: 500 }, { status: 429, retryAfter: '3600' }] as const)(
    'because APS is in trouble (%j) stays signed in, and is told to try again',
    async (failAll) => {
      const { accounts, caller } = await signedIn();
      later(hour);
      sandbox.trouble.set({ failAll });
      await expect(accounts.get(caller)).rejects.toThrow(trouble);
      expect(await accounts.signInIdOf(caller)).toBeDefined();
      sandbox.trouble.reset();
      expect(await isLive(await accounts.get(caller))).toBe(true);
    },
  );

  test('at once, because APS answers 503 twice, is renewed at the third attempt', async () => {
    const { accounts, caller } = await signedIn();
    later(hour);
    sandbox.trouble.set({ sequence: [{ status: 503 }, { status: 503 }] });
    const token = await accounts.get(caller);
    expect(sandbox.requests.map(({ status }) => status)).toEqual([503, 503, 200]);
    sandbox.trouble.reset();
    expect(await isLive(token)).toBe(true);
  });
});
