// The tokens of users at two instances with one store: renewed once, and never lost, whichever instance is faster or fails.
import { EventEmitter } from 'node:events';
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apsOAuth } from '../../../lib/aps-sign-in/oauth.ts';
import { userTokenStore } from '../../../lib/aps-sign-in/user-tokens.ts';
import { StoreUnavailable } from '../../../lib/store/store.ts';
import { later, minutes, now } from '../../support/clock.ts';
import { closing } from '../../support/closing.ts';
import { always, type LocalServer, startLocalServer } from '../../support/local-server.ts';
import { hasty } from '../../support/serving.ts';
import { until } from '../../support/until.ts';
import { kindOf, outage, type WatchedStore, watchedStore } from '../../support/watched-store.ts';

const keep = closing();
const caller = { id: 'somebody' };
const notSignedIn = new Error('not signed in');
const first = { access_token: 'access-1', expires_in: 3599, refresh_token: 'refresh-1' };
const renewed = { ...first, token_type: 'Bearer', access_token: 'access-2', refresh_token: 'refresh-2' };
const refused = always({ error: 'invalid_grant' }, 400);

let aps: LocalServer;
/** The requests for renewal, and the answers that wait for the test to give them. */
let asked: string[] = [];
const held = new EventEmitter();
beforeAll(async () => {
  aps = keep(
    await startLocalServer(async (request, response) => {
      const body = new URLSearchParams(await text(request));
      if (request.url?.endsWith('/revoke')) return response.end();
      const count = asked.push(body.get('refresh_token') ?? '');
      held.once(`answer ${count}`, (listener: RequestListener) => listener(request, response));
    }),
  );
});
beforeEach(() => {
  later(0);
  asked = [];
  held.removeAllListeners();
});

/** Answers a request for renewal, as soon as it is there. */
async function answer(count: number, listener: RequestListener): Promise<void> {
  await until(() => asked.length >= count);
  held.emit(`answer ${count}`, listener);
}

/** An instance. It waits as long as it takes for another to renew, unless the test has no patience. */
function instance(store: WatchedStore, patience = 60_000) {
  const users = userTokenStore({
    aps: apsOAuth({ clientId: 'an-id', baseUrl: aps.url, retryPolicy: hasty }),
    ...{ store, now, patience },
    notSignedIn: async () => notSignedIn,
  });
  /** An access token; undefined if the person must sign in. */
  const fresh = () =>
    users.get(caller).catch((error: unknown) => {
      if (error !== notSignedIn) throw error;
    });
  return { ...users, fresh };
}

/** Two instances, at which somebody's access token has expired. */
async function expired(patience?: number) {
  const store = watchedStore();
  const [one, other] = [instance(store, patience), instance(store, patience)];
  await one.keep(caller, first, now());
  later(60 * minutes);
  return { store, one, other };
}

const keysOf = (store: WatchedStore, kind: string) =>
  store.given.map(({ key }) => key).filter((key) => kindOf(key) === kind);

/** Loses the lease, as a store does that was restored from a copy. */
async function loseLease(store: WatchedStore): Promise<void> {
  const [key = ''] = keysOf(store, 'lease');
  expect(await store.delete(key)).toBe(true);
}

describe('a renewal at two instances', () => {
  test('is asked for once: the other waits, and goes on with what the first one got', async () => {
    const { store, one, other } = await expired();
    const both = [one.fresh(), other.fresh()];
    await until(() => keysOf(store, 'lease').length >= 2);
    await answer(1, always(renewed));
    expect(await Promise.all(both)).toEqual(['access-2', 'access-2']);
    expect(asked).toEqual(['refresh-1']);
    expect((await store.left()).map(kindOf)).toEqual(['tokens']);
  });

  test('that fails for a transient reason is tried by the other one next', async () => {
    const { one, other } = await expired();
    const both = Promise.allSettled([one.fresh(), other.fresh()]);
    await answer(1, always({ developerMessage: 'No.' }, 400));
    await answer(2, always(renewed));
    expect((await both).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await other.fresh()).toBe('access-2');
  });

  test.each([
    ['before the winner has its answer', [2, 1]],
    ['after it', [1, 2]],
  ])(
    'goes on with the winner’s tokens if the lease is lost and APS refuses the loser %s',
    async (_when, order) => {
      const { store, one, other } = await expired();
      const winner = one.fresh();
      await until(() => asked.length === 1);
      await loseLease(store);
      const loser = other.fresh();
      await until(() => asked.length === 2);
      for (const count of order) {
        await answer(count, count === 1 ? always(renewed) : refused);
        await (count === 1 ? winner : loser);
      }
      expect(await winner).toBe('access-2');
      expect([await one.fresh(), await other.fresh()]).toEqual(['access-2', 'access-2']);
      expect(store.apsTokens()).toEqual({ accessToken: 'access-2', refreshToken: 'refresh-2' });
    },
  );

  test('of which one has run out of patience leaves both with the winner’s tokens', async () => {
    const { one, other } = await expired(1);
    const winner = one.fresh();
    await until(() => asked.length === 1);
    const loser = other.fresh();
    await until(() => asked.length === 2);
    await answer(1, always(renewed));
    await winner;
    await answer(2, refused);
    expect([await winner, await loser]).toEqual(['access-2', 'access-2']);
  });

  test('goes on after an instance has died with the lease', async () => {
    const { store, one, other } = await expired(1);
    const dead = one.fresh();
    await until(() => asked.length === 1);
    const alive = other.fresh();
    await answer(2, always(renewed));
    expect(await alive).toBe('access-2');
    await answer(1, refused);
    expect(await dead).toBe('access-2');
    expect(store.apsTokens().accessToken).toBe('access-2');
  });

  test('that APS refuses for good asks the person at both', async () => {
    const { one, other, store } = await expired();
    const both = [one.fresh(), other.fresh()];
    await answer(1, refused);
    expect(await Promise.all(both)).toEqual([undefined, undefined]);
    expect(await store.left()).toEqual([]);
  });

  test('does not displace a sign-in that has finished at the other in the meantime', async () => {
    const { one, other } = await expired();
    const renewal = one.fresh();
    await until(() => asked.length === 1);
    await other.keep(caller, { ...first, access_token: 'anew' }, now());
    await answer(1, always(renewed));
    expect([await renewal, await other.fresh()]).toEqual(['anew', 'anew']);
  });
});

describe('while the store is down', () => {
  test('a call says so, and the next one is answered as soon as it is up again', async () => {
    const { store, one } = await expired();
    store.pause = outage;
    await expect(one.fresh()).rejects.toThrow(StoreUnavailable);
    store.pause = async () => {};
    const next = one.fresh();
    await answer(1, always(renewed));
    expect(await next).toBe('access-2');
  });

  /** Two instances after an outage, during which APS has answered the renewal of one. */
  async function renewedMeanwhile() {
    const { store, one, other } = await expired();
    const renewal = one.fresh();
    await until(() => asked.length === 1);
    store.pause = outage;
    await answer(1, always(renewed));
    await expect(renewal).rejects.toThrow(StoreUnavailable);
    store.pause = async () => {};
    return { one, other };
  }

  test('what APS has issued is kept by the instance, and saved later: it is not asked for twice', async () => {
    const { one, other } = await renewedMeanwhile();
    expect([await one.fresh(), await other.fresh()]).toEqual(['access-2', 'access-2']);
    expect(asked).toEqual(['refresh-1']);
  });

  test('what APS has issued is saved as soon as the store is back, though nobody asks the instance again', async () => {
    const { other } = await renewedMeanwhile();
    expect(await other.fresh()).toBe('access-2');
    expect(asked).toEqual(['refresh-1']);
  });
});
