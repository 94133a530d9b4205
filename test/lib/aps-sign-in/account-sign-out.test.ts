// Signing out: what APS gave is revoked there and deleted here, whatever else is under way.
import { afterEach, describe, expect, test } from 'vitest';
import { whenWritten } from '../../../lib/store/later.ts';
import { startAccounts } from '../../support/accounts.ts';
import { later, minutes } from '../../support/clock.ts';
import { benji } from '../../support/people.ts';
import { until } from '../../support/until.ts';
import { kindOf, outage, type WatchedStore } from '../../support/watched-store.ts';

const hour = 60 * minutes;
const { sandbox, instance, signedIn, isLive, renewals, revocations } = await startAccounts();
afterEach(() => sandbox.trouble.reset());

const ended = /Autodesk account has ended.*Sign in again/;

describe('a sign-out', () => {
  test('revokes both tokens at APS, and forgets them here', async () => {
    const { accounts, caller, store } = await signedIn();
    const { accessToken, refreshToken } = store.apsTokens();
    expect([await isLive(accessToken), await isLive(refreshToken)]).toEqual([true, true]);
    expect(await accounts.signOut(caller)).toBe('signed out');
    // Both are named to APS: whether one ends the other there is not published.
    expect(revocations()).toEqual([200, 200]);
    expect([await isLive(accessToken), await isLive(refreshToken)]).toEqual([false, false]);
    expect(await accounts.signInIdOf(caller)).toBeUndefined();
    await expect(accounts.get(caller)).rejects.toThrow(ended);
  });

  test.each([{ status: 503 }, { drop: 'before' }] as const)(
    'while APS is in trouble (%j) forgets all the same, and says that APS does not know',
    async (failAll) => {
      const { accounts, caller } = await signedIn();
      sandbox.trouble.set({ failAll });
      expect(await accounts.signOut(caller)).toBe('deleted only');
      expect(await accounts.signInIdOf(caller)).toBeUndefined();
    },
  );

  test('of somebody who is not signed in asks APS for nothing', async () => {
    const { accounts } = await signedIn();
    expect(await accounts.signOut({ id: benji.userId })).toBe('was not signed in');
    expect(sandbox.requests).toEqual([]);
  });

  test('of tokens that nobody gets revokes them at APS, and leaves what is kept alone', async () => {
    const { accounts, caller, tokens, signIn } = await signedIn();
    const kept = await signIn();
    await accounts.discard(tokens);
    expect(revocations()).toEqual([200, 200]);
    expect([await isLive(tokens.access_token), await isLive(kept.access_token)]).toEqual([false, true]);
    expect(await accounts.get(caller)).toBe(kept.access_token);
    sandbox.trouble.set({ failAll: { status: 503 } });
    await accounts.discard(kept);
  });

  /** Nothing that APS ever gave is good any more, and nobody is signed in. */
  async function expectOver({ accounts, caller, store }: Awaited<ReturnType<typeof signedIn>>) {
    const { accessToken, refreshToken } = store.apsTokens();
    expect([await isLive(accessToken), await isLive(refreshToken)]).toEqual([false, false]);
    expect(await accounts.signInIdOf(caller)).toBeUndefined();
  }

  test('in the middle of a renewal holds: the renewed tokens do not bring the sign-in back', async () => {
    const session = await signedIn();
    const { accounts, caller } = session;
    later(hour);
    const renewal = accounts.get(caller);
    await until(() => sandbox.requests.some(({ grant }) => grant === 'refresh_token'));
    const outcome = accounts.signOut(caller);
    await Promise.allSettled([renewal, outcome]);
    expect([await outcome, renewals()]).toEqual(['signed out', [200]]);
    await expectOver(session);
  });

  test('at the beginning of a renewal holds too', async () => {
    const session = await signedIn();
    later(hour);
    const renewal = session.accounts.get(session.caller);
    await Promise.allSettled([renewal, session.accounts.signOut(session.caller)]);
    await expectOver(session);
  });

  /** Holds back the next tokens that are saved, and says when there are any. */
  function holdNextSave(store: WatchedStore) {
    let release = () => {};
    const reached = new Promise<void>((tell) => {
      store.pause = async (operation, key) => {
        if (operation !== 'write' || kindOf(key) !== 'tokens') return;
        store.pause = async () => {};
        tell();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      };
    });
    return { reached, release: () => release() };
  }

  test('in the middle of a renewal at another instance holds', async () => {
    const { accounts, caller, store } = await signedIn();
    later(hour);
    const { reached, release } = holdNextSave(store);
    const renewal = instance(store).get(caller);
    await reached;
    expect(await accounts.signOut(caller)).toBe('signed out');
    release();
    await expect(renewal).rejects.toThrow(ended);
    // The tokens that the renewal got, and the store did not.
    const { accessToken, refreshToken } = store.apsTokens();
    expect([await isLive(accessToken), await isLive(refreshToken)]).toEqual([false, false]);
    expect(await accounts.signInIdOf(caller)).toBeUndefined();
    await expect(accounts.get(caller)).rejects.toThrow(ended);
  });

  test('while the person signs in once more leaves nothing of the sign-in before', async () => {
    const { accounts, caller, store, signIn } = await signedIn();
    const before = await accounts.signInIdOf(caller);
    const { reached, release } = holdNextSave(store);
    const again = signIn();
    await reached;
    expect(await accounts.signOut(caller)).toBe('signed out');
    release();
    await again;
    expect(await accounts.signInIdOf(caller)).not.toBe(before);
  });

  test('can be followed by another sign-in', async () => {
    const { accounts, caller, signIn } = await signedIn();
    await accounts.signOut(caller);
    await signIn();
    expect(await isLive(await accounts.get(caller))).toBe(true);
  });

  /** Holds up every operation of a store once the mark of a sign-out is written. */
  function afterMark(store: WatchedStore, hold: () => Promise<void>): void {
    let isMarked = false;
    store.pause = async (operation, key) => {
      if (isMarked) await hold();
      isMarked ||= operation === 'write' && kindOf(key) === 'signed-out';
    };
  }

  test('during which the store fails revokes both tokens, and forgets them when the store is back', async () => {
    const session = await signedIn();
    const { accounts, caller, store } = session;
    afterMark(store, outage);
    expect(await accounts.signOut(caller)).toBe('signed out');
    expect(revocations()).toEqual([200, 200]);
    store.pause = async () => {};
    await whenWritten();
    expect((await store.left()).map(kindOf)).toEqual(['signed-out']);
    await expectOver(session);
    expect(await accounts.signOut(caller)).toBe('was not signed in');
  });

  test('during which the store fails leaves a sign-in alone that begins after it', async () => {
    const { accounts, caller, store, signIn } = await signedIn();
    afterMark(store, outage);
    await accounts.signOut(caller);
    store.pause = async () => {};
    await signIn();
    await whenWritten();
    expect(await isLive(await accounts.get(caller))).toBe(true);
  });

  test('that an instance did not finish is finished by the next one', async () => {
    const session = await signedIn();
    const { accounts, caller, store } = session;
    let isHeld = false;
    afterMark(store, () => {
      isHeld = true;
      return new Promise(() => {});
    });
    void accounts.signOut(caller);
    await until(() => isHeld);
    store.pause = async () => {};
    expect(await instance(store).signOut(caller)).toBe('signed out');
    expect((await store.left()).map(kindOf)).toEqual(['signed-out']);
    await expectOver(session);
  });

  test('after the access token has expired revokes the refresh token all the same', async () => {
    const { accounts, caller, store } = await signedIn();
    const { refreshToken } = store.apsTokens();
    later(hour);
    expect(await accounts.signOut(caller)).toBe('signed out');
    expect(revocations()).toEqual([200, 200]);
    expect(await isLive(refreshToken)).toBe(false);
  });
});
