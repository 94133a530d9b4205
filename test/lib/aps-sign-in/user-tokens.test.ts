// APS tokens of users, against an APS of the test's own, which gives answers that the sandbox does not.
import { EventEmitter } from 'node:events';
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apsOAuth } from '../../../lib/aps-sign-in/oauth.ts';
import { userTokenStore } from '../../../lib/aps-sign-in/user-tokens.ts';
import type { Caller } from '../../../lib/caller.ts';
import { later, minutes, now, seconds } from '../../support/clock.ts';
import { closing } from '../../support/closing.ts';
import { always, type LocalServer, startLocalServer } from '../../support/local-server.ts';
import { hasty } from '../../support/serving.ts';
import { until } from '../../support/until.ts';
import { watchedStore } from '../../support/watched-store.ts';

const keep = closing();
const hour = 60 * minutes;
const caller = { id: 'somebody' };
const another = { id: 'another' };
const notSignedIn = new Error('not signed in');
const answer = (changes: Record<string, unknown> = {}) => ({
  ...{ access_token: 'access-2', token_type: 'Bearer', expires_in: 3599, refresh_token: 'refresh-2' },
  ...changes,
});
const first = { access_token: 'access-1', expires_in: 3599, refresh_token: 'refresh-1' };

let aps: LocalServer;
let asked: Record<string, string>[] = [];
let renewal: RequestListener;
beforeAll(async () => {
  aps = keep(
    await startLocalServer(async (request, response) => {
      asked.push(Object.fromEntries(new URLSearchParams(await text(request))));
      if (request.url?.endsWith('/revoke')) response.end();
      else renewal(request, response);
    }),
  );
});
beforeEach(() => {
  later(0);
  asked = [];
  renewal = always(answer());
});

function usersWith(store = watchedStore()) {
  const users = userTokenStore({
    aps: apsOAuth({ clientId: 'an-id', baseUrl: aps.url, retryPolicy: hasty }),
    ...{ store, now },
    notSignedIn: async () => notSignedIn,
  });
  /** An access token of a caller; undefined if they are not signed in. */
  const fresh = (caller: Caller) =>
    users.get(caller).catch((error: unknown) => {
      if (error !== notSignedIn) throw error;
    });
  return { users: { ...users, fresh }, store };
}

/** A users in which somebody's access token has expired. */
async function expired() {
  const { users, store } = usersWith();
  await users.keep(caller, first, now());
  later(hour);
  return { users, store };
}

/** Lets a renewal wait until the test gives it its answer. */
function heldRenewal() {
  const held = new EventEmitter();
  renewal = (...question) => held.once('answer', (listener: RequestListener) => listener(...question));
  return (listener: RequestListener) => held.emit('answer', listener);
}
const isAsked = () => until(() => asked.length > 0);

describe('a renewal', () => {
  test('that gives no new refresh token leaves the one that there is', async () => {
    const { users } = await expired();
    renewal = always(answer({ refresh_token: undefined }));
    expect(await users.fresh(caller)).toBe('access-2');
    later(hour);
    renewal = always(answer({ access_token: 'access-3' }));
    expect(await users.fresh(caller)).toBe('access-3');
    expect(asked.map(({ refresh_token }) => refresh_token)).toEqual(['refresh-1', 'refresh-1']);
  });

  test('that does not say how long its token lives counts as APS documents it: an hour', async () => {
    const { users } = await expired();
    renewal = always(answer({ expires_in: undefined }));
    await users.fresh(caller);
    later(59 * minutes - seconds);
    expect(await users.fresh(caller)).toBe('access-2');
    expect(asked).toHaveLength(1);
    later(seconds);
    await users.fresh(caller);
    expect(asked).toHaveLength(2);
  });

  test('counts the life of a token from when it was asked for', async () => {
    const { users } = await expired();
    const letGo = heldRenewal();
    const waiting = users.fresh(caller);
    await isAsked();
    later(30 * minutes);
    letGo(always(answer()));
    await waiting;
    later(29 * minutes);
    renewal = always(answer());
    await users.fresh(caller);
    expect(asked).toHaveLength(2);
  });

  test.each<[what: string, listener: RequestListener]>([
    ['invalid_client', always({ error: 'invalid_client' }, 401)],
    ['invalid_scope', always({ error: 'invalid_scope' }, 400)],
    ['server_error', always({ error: 'server_error' }, 500)],
    ['invalid_request, which a gateway may say', always({ developerMessage: 'no' }, 400)],
    ['what is no token', always('hello')],
    ['a page', (_request, response) => response.end('<html></html>')],
  ])('that is answered with %s ends no sign-in', async (_what, listener) => {
    const { users } = await expired();
    renewal = listener;
    const before = await users.signInIdOf(caller);
    await expect(users.fresh(caller)).rejects.toMatchObject({ name: 'ApsError' });
    expect(await users.signInIdOf(caller)).toBe(before);
    renewal = always(answer());
    expect(await users.fresh(caller)).toBe('access-2');
  });

  test('that APS refuses for good because another instance was faster goes on with what that one got', async () => {
    const { users, store } = await expired();
    const letGo = heldRenewal();
    const waiting = users.fresh(caller);
    await isAsked();
    await usersWith(store).users.keep(caller, answer(), now());
    letGo(always({ error: 'invalid_grant' }, 400));
    expect(await waiting).toBe('access-2');
    expect(await users.signInIdOf(caller)).toBeDefined();
  });

  test('that APS refuses for good tells who asks, and not whoever is signed in besides', async () => {
    const { users } = await expired();
    await users.keep(another, { ...first, refresh_token: 'theirs' }, now());
    renewal = always({ error: 'invalid_grant' }, 400);
    expect(await users.fresh(caller)).toBeUndefined();
    expect([await users.signInIdOf(caller), await users.fresh(another)]).toEqual([undefined, 'access-1']);
  });

  test('in the middle of which somebody signs in anew leaves them with the new sign-in', async () => {
    const { users, store } = await expired();
    const letGo = heldRenewal();
    const waiting = users.fresh(caller);
    await isAsked();
    await users.keep(caller, { ...first, access_token: 'anew', refresh_token: 'anew too' }, now());
    letGo(always(answer()));
    await waiting;
    expect(store.apsTokens()).toEqual({ accessToken: 'anew', refreshToken: 'anew too' });
  });
});

describe('a refusal of a gateway, which does not say that the sign-in has ended,', () => {
  const refused = always({ developerMessage: 'Not this one.' }, 400);
  const refusals = { name: 'ApsError', message: expect.stringContaining('Not this one') };

  /** A users in which renewals were refused at these times: so many minutes after the first. */
  async function refusedAt(...times: number[]) {
    const { users, store } = await expired();
    renewal = refused;
    let passed = 0;
    for (const time of times) {
      later((time - passed) * minutes);
      passed = time;
      await users.fresh(caller).catch(() => {});
    }
    asked = [];
    return { users, store };
  }

  test.each([[[]], [[0]], [[0, 5]], [[0, 1, 2, 3, 14]], [[0]]])(
    'is an error and nothing more when there were some %j minutes after the first',
    async (times) => {
      const { users } = await refusedAt(...times);
      await expect(users.fresh(caller)).rejects.toMatchObject(refusals);
      expect(await users.signInIdOf(caller)).toBeDefined();
    },
  );

  test('is an error and nothing more when it is the second, however late', async () => {
    const { users } = await refusedAt(0);
    later(60 * minutes);
    await expect(users.fresh(caller)).rejects.toMatchObject(refusals);
    expect(await users.signInIdOf(caller)).toBeDefined();
  });

  test('for the third time in fifteen minutes asks the person, and keeps their tokens', async () => {
    const { users, store } = await refusedAt(0, 5);
    later(10 * minutes);
    expect(await users.fresh(caller)).toBeUndefined();
    expect(await users.signInIdOf(caller)).toBeUndefined();
    expect(store.apsTokens().refreshToken).toBe('refresh-1');
    expect(asked).toHaveLength(1);
  });

  test('is tried again once a minute after that, and a success wins', async () => {
    const { users, store } = await refusedAt(0, 5, 15);
    const before = store.given.at(-1)?.value;
    later(minutes - 1);
    expect([await users.fresh(caller), await users.signInIdOf(caller)]).toEqual([undefined, undefined]);
    expect(asked).toEqual([]);
    later(1);
    expect(await users.fresh(caller)).toBeUndefined();
    expect(asked).toHaveLength(1);
    renewal = always(answer());
    later(minutes);
    expect(await users.fresh(caller)).toBe('access-2');
    expect(before).toMatchObject({ signInId: await users.signInIdOf(caller) });
  });

  test('is tried again also when only the sign-in is asked for', async () => {
    const { users } = await refusedAt(0, 5, 15);
    renewal = always(answer());
    later(minutes);
    expect(await users.signInIdOf(caller)).toBeDefined();
    expect(await users.fresh(caller)).toBe('access-2');
    expect(asked).toHaveLength(1);
  });

  test('that passed asks nobody, and later ones are counted anew', async () => {
    const { users } = await refusedAt(0, 5);
    renewal = always(answer());
    expect(await users.fresh(caller)).toBe('access-2');
    renewal = refused;
    later(hour);
    await expect(users.fresh(caller)).rejects.toMatchObject(refusals);
  });

  test('is counted once for fifty calls at once', async () => {
    const { users } = await refusedAt(0);
    later(15 * minutes);
    await Promise.allSettled(Array.from({ length: 50 }, () => users.fresh(caller)));
    expect(asked).toHaveLength(1);
    await expect(users.fresh(caller)).resolves.toBeUndefined();
  });

  test.each<[what: string, listener: RequestListener]>([
    ['503', always({}, 503)],
    ['429', always({}, 429)],
    ['invalid_client', always({ error: 'invalid_client' }, 401)],
    ['unauthorized_client', always({ error: 'unauthorized_client' }, 400)],
    ['a page', (_request, response) => response.end('<html></html>')],
  ])('is none when it is %s: that asks nobody, however often', async (_what, listener) => {
    const { users } = await refusedAt();
    renewal = listener;
    for (let times = 0; times < 4; times += 1) {
      await expect(users.fresh(caller)).rejects.toMatchObject({ name: 'ApsError' });
      later(10 * minutes);
    }
    expect(await users.signInIdOf(caller)).toBeDefined();
  });

  test('is over with a new sign-in, which keeps its identity', async () => {
    const { users, store } = await refusedAt(0, 5, 15);
    const before = store.given.at(-1)?.value;
    await users.keep(caller, { ...first, refresh_token: 'anew' }, now());
    expect(await users.fresh(caller)).toBe('access-1');
    expect(before).toMatchObject({ signInId: await users.signInIdOf(caller) });
  });

  test('does not keep the person from signing out', async () => {
    const { users } = await refusedAt(0, 5, 15);
    expect(await users.signOut(caller)).toBe('signed out');
    expect(asked.map(({ token }) => token).sort()).toEqual(['access-1', 'refresh-1']);
  });
});

describe('an access token that no header can carry', () => {
  test('is not kept at a renewal: the refresh token that came with it is, and the next attempt uses it', async () => {
    const { users } = await expired();
    renewal = always(answer({ access_token: 'access\n2' }));
    await expect(users.fresh(caller)).rejects.toThrow('cannot be sent');
    renewal = always(answer({ access_token: 'access-3', refresh_token: 'refresh-3' }));
    expect(await users.fresh(caller)).toBe('access-3');
    expect(asked.map(({ refresh_token }) => refresh_token)).toEqual(['refresh-1', 'refresh-2']);
  });

  test('is not kept at a sign-in either, which leaves the earlier one as it was', async () => {
    const { users } = usersWith();
    await users.keep(caller, first, now());
    await expect(users.keep(caller, { ...first, access_token: 'a b' }, now())).rejects.toThrow(
      'cannot be sent',
    );
    expect(await users.fresh(caller)).toBe('access-1');
  });
});

describe('a sign-out', () => {
  /** What was revoked at APS. */
  const revoked = () =>
    asked.filter((it) => it.token !== undefined).map((it) => [it.token, it.token_type_hint]);

  test('names both tokens to APS, each as what it is', async () => {
    const { users } = usersWith();
    await users.keep(caller, first, now());
    expect(await users.signOut(caller)).toBe('signed out');
    expect(revoked().sort()).toEqual([
      ['access-1', 'access_token'],
      ['refresh-1', 'refresh_token'],
    ]);
  });

  test('during a renewal revokes what that brought, and nothing comes back', async () => {
    const { users } = await expired();
    const letGo = heldRenewal();
    const waiting = users.fresh(caller);
    await isAsked();
    const outcome = users.signOut(caller);
    letGo(always(answer()));
    await waiting;
    expect(await outcome).toBe('signed out');
    expect(
      revoked()
        .map(([token]) => token)
        .sort(),
    ).toEqual(['access-1', 'access-2', 'refresh-1', 'refresh-2']);
    expect(await users.signInIdOf(caller)).toBeUndefined();
  });

  test('during a renewal that fails revokes what there was', async () => {
    const { users } = await expired();
    const letGo = heldRenewal();
    const waiting = users.fresh(caller).catch(() => 'failed');
    await isAsked();
    const outcome = users.signOut(caller);
    letGo(always({ error: 'invalid_client' }, 401));
    expect([await waiting, await outcome]).toEqual(['failed', 'signed out']);
    expect(
      revoked()
        .map(([token]) => token)
        .sort(),
    ).toEqual(['access-1', 'refresh-1']);
  });

  test('that is asked for twice at once is done once', async () => {
    const { users } = usersWith();
    await users.keep(caller, first, now());
    const outcomes = await Promise.all([users.signOut(caller), users.signOut(caller)]);
    expect(outcomes.sort()).toEqual(['signed out', 'was not signed in']);
  });
});

describe('somebody to whom APS gave no refresh token', () => {
  async function without() {
    const { users } = usersWith();
    await users.keep(caller, { ...first, refresh_token: undefined }, now());
    return users;
  }

  test('has an access token, and when it has expired is no longer signed in', async () => {
    const users = await without();
    expect(await users.fresh(caller)).toBe('access-1');
    later(hour);
    expect(await users.fresh(caller)).toBeUndefined();
  });

  test('can sign out', async () => {
    expect(await (await without()).signOut(caller)).toBe('signed out');
    expect(asked.map(({ token }) => token)).toEqual(['access-1']);
  });
});

test('what cannot be read in the store is nobody’s sign-in', async () => {
  const { users, store } = usersWith();
  for (const value of [null, 'x', {}, { access: 'x', refresh: 'x', expiresAt: 0 }]) {
    await store.set(`tokens:${caller.id}`, value, 3600);
    expect([await users.fresh(caller), await users.signInIdOf(caller)]).toEqual([undefined, undefined]);
  }
  expect(await users.signOut(caller)).toBe('was not signed in');
});
