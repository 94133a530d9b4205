// Sign-ins under way: they rest with who carries the link, and every instance that shares a secret can finish them.
import { describe, expect, test, vi } from 'vitest';
import type { BrowserAccess } from '../../../lib/aps-sign-in/authorization-code.ts';
import { createKeys, randomKeys } from '../../../lib/sealed.ts';
import { SignInRequired } from '../../../lib/sign-in-required.ts';
import { later, minutes, now, seconds } from '../../support/clock.ts';
import { closing } from '../../support/closing.ts';
import { always, startLocalServer } from '../../support/local-server.ts';
import { alice, profileOf } from '../../support/people.ts';
import { startSandbox } from '../../support/sandbox.ts';
import { threeLegged } from '../../support/three-legged.ts';
import { kindOf, watchedStore } from '../../support/watched-store.ts';

const keep = closing();
const sandbox = keep(await startSandbox({ now }));
const caller = { id: 'somebody' };
const secret = 'a secret that all instances of a deployment share';
const owner = { server: '3lo', origin: 'https://mcp.example.com' };
const keys = createKeys([secret], owner);
const confirmationUrl = 'https://mcp.example.com/signin';

type Instance = ReturnType<typeof instance>;

/** An instance of a server, as far as sign-ins are concerned. */
function instance(browser: Partial<BrowserAccess> = {}, at = sandbox) {
  const store = watchedStore();
  const { users } = threeLegged(at, {
    now,
    browser: {
      callbackUrl: async () => 'http://localhost:5002/callback',
      ...{ keys: randomKeys(), store },
      ...browser,
    },
  });
  return { users, store };
}

/** The link that a caller is given, who is not signed in. */
async function linkOf({ users }: Pick<Instance, 'users'>): Promise<string> {
  const required = await users.get(caller).catch((error: unknown) => error);
  if (required instanceof SignInRequired) return required.url;
  throw new Error('No sign-in is required');
}

/** What a browser brings back that has followed a link to Autodesk. */
const broughtBack = async (link: string) => (await sandbox.signIn(link, alice)).searchParams;
const stateIn = (link: string) => new URL(link).searchParams.get('state') ?? '';

const invalidLink = { name: 'SignInFailed', problem: 'invalid-link' };

/** Whose account it is, as the page says it. */
const signedIn = { account: { name: profileOf(alice).name } };

describe('while a sign-in is under way', () => {
  test('nothing of it is in the store, however many there are', async () => {
    const server = instance();
    const links = await Promise.all(Array.from({ length: 20 }, () => linkOf(server)));
    expect(new Set(links).size).toBe(20);
    await sandbox.signIn(links[0] ?? '', alice);
    expect(server.store.given).toEqual([]);
  });

  test('its link says nothing of who it is for, nor of the verifier', async () => {
    const state = stateIn(await linkOf(instance()));
    expect(state).toMatch(/^[\w.-]{43,}$/);
    const parts = state.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(JSON.parse(parts[0] ?? '')).toEqual({ alg: 'dir', enc: 'A256GCM' });
    expect(parts.join()).not.toContain(caller.id);
  });
});

describe('after ten minutes', () => {
  test('a link leads nowhere, and nothing is left', async () => {
    later(0);
    const server = instance();
    const query = await broughtBack(await linkOf(server));
    later(10 * minutes + seconds);
    await expect(server.users.finish(query)).rejects.toMatchObject(invalidLink);
    await expect(server.users.get(caller)).rejects.toBeInstanceOf(SignInRequired);
    expect(server.store.given).toEqual([]);
  });

  test('nor does one that was confirmed at the last moment: that does not prolong it', async () => {
    later(0);
    const server = instance({ confirmationUrl });
    const state = stateIn(await linkOf(server));
    later(10 * minutes - 2 * seconds);
    const query = await broughtBack((await server.users.confirm(state, 'a browser')) ?? '');
    later(4 * seconds);
    await expect(server.users.finish(query, ['a browser'])).rejects.toMatchObject(invalidLink);
    expect(await server.users.confirm(state, 'a browser')).toBeUndefined();
    expect(await server.users.callerOf(state)).toBeUndefined();
  });

  test('of a link that was used there is nothing left but the tokens', async () => {
    later(0);
    const server = instance();
    await server.users.finish(await broughtBack(await linkOf(server)));
    const kinds = async () => (await server.store.left()).map(kindOf).sort();
    expect(await kinds()).toEqual(['tokens', 'used']);
    later(10 * minutes + seconds);
    expect(await kinds()).toEqual(['tokens']);
    expect(await server.users.get(caller)).toMatch(/^eyJ/);
  });
});

describe('a link is spent', () => {
  test('once APS has taken its code, whatever comes back with it again', async () => {
    const server = instance();
    const link = await linkOf(server);
    expect(await server.users.finish(await broughtBack(link))).toMatchObject(signedIn);
    await expect(server.users.finish(await broughtBack(link))).rejects.toMatchObject(invalidLink);
    expect(await server.users.callerOf(stateIn(link))).toBeUndefined();
  });

  test('not by a denial, an error, or trouble of APS; and not twice at once', async () => {
    const server = instance();
    const link = await linkOf(server);
    const { searchParams: denied } = await sandbox.signIn(link, { allow: false });
    await expect(server.users.finish(denied)).rejects.toMatchObject({ problem: 'denied' });
    const refused = new URLSearchParams({ state: stateIn(link), error: 'server_error' });
    await expect(server.users.finish(refused)).rejects.toMatchObject({ problem: 'refused' });
    const query = await broughtBack(link);
    sandbox.trouble.set({ failAll: { status: 503 } });
    await expect(server.users.finish(query)).rejects.toMatchObject({ problem: 'unavailable' });
    sandbox.trouble.reset();
    const outcomes = await Promise.allSettled([server.users.finish(query), server.users.finish(query)]);
    // Whichever of the two comes first.
    expect(outcomes.sort((one, other) => one.status.localeCompare(other.status))).toMatchObject([
      { status: 'fulfilled', value: signedIn },
      { status: 'rejected', reason: invalidLink },
    ]);
  });

  test('and then the callback address is not needed any more, nor after a denial', async () => {
    const release = vi.fn();
    const server = instance({ release });
    const link = await linkOf(server);
    const query = await broughtBack(link);
    sandbox.trouble.set({ failAll: { status: 503 } });
    await expect(server.users.finish(query)).rejects.toMatchObject({
      problem: 'unavailable',
    });
    sandbox.trouble.reset();
    expect(release).not.toHaveBeenCalled();
    const { searchParams: denied } = await sandbox.signIn(link, { allow: false });
    await expect(server.users.finish(denied)).rejects.toMatchObject({ problem: 'denied' });
    expect(release).toHaveBeenCalledTimes(1);
    await server.users.finish(query);
    expect(release).toHaveBeenCalledTimes(2);
  });

  test('for the page that asks, when it has led to a sign-in, and not before', async () => {
    const server = instance({ confirmationUrl });
    const state = stateIn(await linkOf(server));
    expect(await server.users.callerOf(state)).toEqual(caller);
    const link = (await server.users.confirm(state, 'a browser')) ?? '';
    expect(await server.users.callerOf(state)).toEqual(caller);
    expect(await server.users.finish(await broughtBack(link), ['a browser'])).toMatchObject(signedIn);
    expect(await server.users.confirm(state, 'a browser')).toBeUndefined();
    expect(await server.users.callerOf(state)).toBeUndefined();
  });
});

describe('instances', () => {
  test('that share a secret finish each other’s sign-ins', async () => {
    const [one, other] = [instance({ keys }), instance({ keys })];
    expect(await other.users.finish(await broughtBack(await linkOf(one)))).toMatchObject(signedIn);
    expect(await other.users.get(caller)).toMatch(/^eyJ/);
  });

  test('that share a secret confirm each other’s sign-ins', async () => {
    const [one, other] = [instance({ keys, confirmationUrl }), instance({ keys, confirmationUrl })];
    const state = stateIn(await linkOf(one));
    expect(await other.users.callerOf(state)).toEqual(caller);
    const query = await broughtBack((await other.users.confirm(state, 'a browser')) ?? '');
    expect(await one.users.finish(query, ['a browser'])).toMatchObject(signedIn);
  });

  test.each([
    ['another secret', createKeys([`${secret}!`], owner)],
    ['none', randomKeys()],
    ['the same secret, of another server,', createKeys([secret], { ...owner, server: 'pkce' })],
    [
      'the same secret, at another address,',
      createKeys([secret], { ...owner, origin: 'https://other.example' }),
    ],
  ])('with %s do not', async (_what, others) => {
    const [one, other] = [instance({ keys }), instance({ keys: others })];
    const query = await broughtBack(await linkOf(one));
    await expect(other.users.finish(query)).rejects.toMatchObject(invalidLink);
    expect(await other.users.callerOf(query.get('state') ?? '')).toBeUndefined();
    expect(await one.users.finish(query)).toMatchObject(signedIn);
  });
});

test.each([301, 302, 303, 307, 308])(
  'a redirect (%i) of the token endpoint takes neither the code nor the verifier anywhere',
  async (status) => {
    const thief = keep(await startLocalServer(always({ access_token: 'a', token_type: 'Bearer' })));
    const aps = keep(await startLocalServer(always({}, status, { location: `${thief.url}/token` })));
    const server = instance({}, { ...sandbox, env: { ...sandbox.env, APS_BASE_URL: aps.url } });
    const query = new URLSearchParams({ state: stateIn(await linkOf(server)), code: 'a-code' });
    await expect(server.users.finish(query)).rejects.toMatchObject({ name: 'SignInFailed' });
    expect(aps.requests.map(({ target }) => target)).toEqual(['/authentication/v2/token']);
    expect(thief.requests).toEqual([]);
    await expect(server.users.get(caller)).rejects.toBeInstanceOf(SignInRequired);
  },
);
