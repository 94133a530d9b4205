// Sign-ins at two instances with one store: whichever of them the browser comes back to, the one that waits learns of it.
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKeys } from '../../../lib/sealed.ts';
import { SignInRequired } from '../../../lib/sign-in-required.ts';
import { type Store, StoreUnavailable } from '../../../lib/store/store.ts';
import { closing } from '../../support/closing.ts';
import { alice, benji } from '../../support/people.ts';
import { startSandbox } from '../../support/sandbox.ts';
import { threeLegged } from '../../support/three-legged.ts';
import { until } from '../../support/until.ts';
import { kindOf, outage, watchedStore } from '../../support/watched-store.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const caller = { id: 'somebody' };
const callbackUrl = async () => 'http://localhost:5002/callback';
const keys = createKeys(['a secret that all instances of a deployment share'], {
  server: '3lo',
  origin: 'https://mcp.example.com',
});

const instanceWith = (store: Store) => threeLegged(sandbox, { browser: { callbackUrl, keys, store } }).users;

function instances() {
  const store = watchedStore();
  return { store, one: instanceWith(store), other: instanceWith(store) };
}

/** The link that a caller is given, who is not signed in. */
async function linkOf(users: ReturnType<typeof instanceWith>): Promise<string> {
  const required = await users.get(caller).catch((error: unknown) => error);
  if (required instanceof SignInRequired) return required.url;
  throw new Error('No sign-in is required');
}

const broughtBack = async (link: string, choices?: Parameters<typeof sandbox.signIn>[1]) =>
  (await sandbox.signIn(link, choices)).searchParams;

/** Resolves when nothing more can happen without the test. */
const untilQuiet = async () => {
  for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** For a wait that goes on until the test ends it. */
function untilTheEnd(): AbortSignal {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  return controller.signal;
}

describe('a call that waits for its person', () => {
  test('goes on when they have signed in at another instance', async () => {
    const { one, other } = instances();
    const query = await broughtBack(await linkOf(one), alice);
    const waiting = one.signedIn(caller, untilTheEnd());
    await untilQuiet();
    await other.finish(query);
    await waiting;
    expect(await one.get(caller)).toBe(await other.get(caller));
  });

  test('ends when they have declined at another instance, until they ask again', async () => {
    const { one, other } = instances();
    const query = await broughtBack(await linkOf(one), { allow: false });
    const waiting = one.signedIn(caller, untilTheEnd());
    await untilQuiet();
    await expect(other.finish(query)).rejects.toMatchObject({ problem: 'denied' });
    await expect(waiting).rejects.toMatchObject({ name: 'SignInFailed', problem: 'denied' });
    await expect(one.signedIn(caller, untilTheEnd())).rejects.toMatchObject({ problem: 'denied' });
    const again = await broughtBack(await linkOf(other), alice);
    const waitingAgain = one.signedIn(caller, untilTheEnd());
    await other.finish(again);
    await waitingAgain;
  });

  test('goes on although the announcement was lost, and the store was away for a look', async () => {
    const store = watchedStore();
    let poll = () => {};
    const deaf: Store = {
      ...store,
      announce: async () => {},
      watch(_key, listener) {
        poll = listener;
        return () => {};
      },
    };
    const [one, other] = [instanceWith(deaf), instanceWith(deaf)];
    const query = await broughtBack(await linkOf(one), alice);
    const waiting = one.signedIn(caller, untilTheEnd());
    await untilQuiet();
    await other.finish(query);
    store.pause = outage;
    poll();
    await untilQuiet();
    store.pause = async () => {};
    poll();
    await waiting;
  });

  test('of somebody else goes on waiting', async () => {
    const { one, other } = instances();
    const query = await broughtBack(await linkOf(one), alice);
    let isOver = false;
    const end = new AbortController();
    const waiting = one.signedIn({ id: 'somebody else' }, end.signal).finally(() => {
      isOver = true;
    });
    await other.finish(query);
    await untilQuiet();
    expect(isOver).toBe(false);
    end.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

test('of two browsers that come back with one link, to two instances at once, one signs in', async () => {
  const { store, one, other } = instances();
  const link = await linkOf(one);
  const queries = [await broughtBack(link, alice), await broughtBack(link, benji)] as const;
  let arrived = 0;
  store.pause = async (operation, key) => {
    if (operation !== 'write' || kindOf(key) !== 'used') return;
    arrived += 1;
    await until(() => arrived === 2);
  };
  const both = Promise.allSettled([one.finish(queries[0]), other.finish(queries[1])]);
  expect((await both).map((each) => each.status === 'rejected' && each.reason.problem).sort()).toEqual([
    false,
    'invalid-link',
  ]);
});

describe('a store', () => {
  test('keeps apart what applications, addresses of APS and scopes have in common', async () => {
    const store = watchedStore();
    const browser = { callbackUrl, keys, store };
    const users = threeLegged(sandbox, { browser }).users;
    await users.finish(await broughtBack(await linkOf(users), alice));
    for (const changes of [
      { clientId: 'another-client' },
      { baseUrl: 'http://localhost:1' },
      { scopes: ['data:read', 'data:write'] },
    ])
      await expect(threeLegged(sandbox, { browser, ...changes }).users.get(caller)).rejects.toBeInstanceOf(
        SignInRequired,
      );
    expect(await threeLegged(sandbox, { browser }).users.get(caller)).toBe(await users.get(caller));
  });

  test('that is down uses up no link: it works when the store is up again', async () => {
    const { store, one } = instances();
    const query = await broughtBack(await linkOf(one), alice);
    store.pause = outage;
    await expect(one.finish(query)).rejects.toThrow(StoreUnavailable);
    store.pause = async () => {};
    expect(await one.finish(query)).toMatchObject({ caller });
  });
});
