// Signing out: what was given is revoked at APS, and deleted here.
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { localUser } from '../../../lib/caller.ts';
import { randomKeys } from '../../../lib/sealed.ts';
import { postForm } from '../../support/authentication.ts';
import { connect, eras, newest } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { alice, benji } from '../../support/people.ts';
import { type Sandbox, startSandbox } from '../../support/sandbox.ts';
import { callersByHeader } from '../../support/serving.ts';
import { askedAddress, attended, signedIn, signInAt } from '../../support/sign-in.ts';
import { servePatiently, threeLegged } from '../../support/three-legged.ts';
import { hubsOf, said } from '../../support/tool-results.ts';
import { until } from '../../support/until.ts';
import { kindOf, watchedStore } from '../../support/watched-store.ts';

const keep = closing();
const hour = 3_600_000;
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
});
afterEach(() => sandbox.trouble.reset());

/** Whether APS still takes a token. */
async function isLive(token: string): Promise<boolean> {
  const answer = await postForm(sandbox, 'introspect', { token });
  return z.object({ active: z.boolean() }).parse(await answer.json()).active;
}

describe('sign_out', () => {
  test.each(eras)('for %s: APS takes neither token any more, and the next call asks', async (_name, mode) => {
    const store = watchedStore();
    const client = keep(await connect(keep(await servePatiently(sandbox, { store })).url, mode));
    await signInAt(sandbox, await askedAddress(client), alice);
    expect(await hubsOf(client)).toEqual(alice.hubs);
    const { accessToken: access, refreshToken: refresh } = store.apsTokens();
    expect([await isLive(access), await isLive(refresh)]).toEqual([true, true]);

    expect(await client.callTool({ name: 'sign_out' })).toMatchObject({
      content: [{ text: expect.stringMatching(/was revoked/) }],
      structuredContent: { signed_out: true },
    });
    expect([await isLive(access), await isLive(refresh)]).toEqual([false, false]);
    const hubs = await fetch(`${sandbox.url}/project/v1/hubs`, {
      headers: { authorization: `Bearer ${access}` },
    });
    expect(hubs.status).toBe(401);
    expect(await askedAddress(client)).toContain('/authorize?');
  });

  test('can be followed by another sign-in, also of somebody else', async () => {
    const served = keep(await servePatiently(sandbox));
    const client = keep(await signedIn(sandbox, served, alice));
    await said(client, 'sign_out');
    await signInAt(sandbox, await askedAddress(client), benji);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('of one caller leaves the others signed in, also those with the same Autodesk account', async () => {
    const served = keep(await servePatiently(sandbox, {}, { clientSignIn: callersByHeader }));
    const [one, same, other] = [
      keep(await signedIn(sandbox, served, alice)),
      keep(await signedIn(sandbox, served, alice)),
      keep(await signedIn(sandbox, served, benji)),
    ];
    await said(one, 'sign_out');
    expect(await askedAddress(one)).toContain('/authorize?');
    expect(await hubsOf(same)).toEqual(alice.hubs);
    expect(await hubsOf(other)).toEqual(benji.hubs);
  });

  test.each([{ status: 503 }, { drop: 'before' }] as const)(
    'while APS is in trouble (%j) forgets all the same, and says that Autodesk does not know',
    async (failAll) => {
      const client = keep(await signedIn(sandbox, keep(await servePatiently(sandbox)), alice));
      sandbox.trouble.set({ failAll });
      expect(await client.callTool({ name: 'sign_out' })).toMatchObject({
        content: [{ text: expect.stringMatching(/Autodesk.*expires/) }],
        structuredContent: { signed_out: true },
      });
      sandbox.trouble.reset();
      expect(await askedAddress(client)).toContain('/authorize?');
    },
  );

  test('of somebody who has not signed in asks for no sign-in, and APS for nothing', async () => {
    const client = keep(await connect(keep(await servePatiently(sandbox)).url, 'legacy'));
    sandbox.requests.length = 0;
    expect(await client.callTool({ name: 'sign_out' })).toMatchObject({
      content: [{ text: 'Nobody was signed in.' }],
      structuredContent: { signed_out: false, message: 'Nobody was signed in.' },
    });
    expect(sandbox.requests).toEqual([]);
  });

  test('twice at once is one sign-out', async () => {
    const client = keep(await signedIn(sandbox, keep(await servePatiently(sandbox)), alice));
    const answers = await Promise.all([said(client, 'sign_out'), said(client, 'sign_out')]);
    expect(answers.map(({ text }) => text).sort()).toEqual([
      expect.stringMatching(/Nobody was signed in/),
      expect.stringMatching(/was revoked/),
    ]);
  });

  test('does not ask the user, even of a client that could', async () => {
    let questions = 0;
    const client = keep(
      await attended(keep(await servePatiently(sandbox)), { pin: newest }, () => {
        questions += 1;
        return 'accept';
      }),
    );
    expect(await said(client, 'sign_out')).toEqual({ isError: false, text: 'Nobody was signed in.' });
    expect(questions).toBe(0);
  });

  test('declares that it is destructive', async () => {
    const client = keep(await connect(keep(await servePatiently(sandbox)).url, 'legacy'));
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === 'sign_out')).toMatchObject({
      annotations: { title: 'Sign out', destructiveHint: true },
    });
  });
});

/** Somebody who signed in an hour ago. */
async function signedInAnHourAgo() {
  let clock = Date.now();
  const ahead = keep(await startSandbox({ now: () => clock }));
  const store = watchedStore();
  const callback = 'http://localhost:5002/callback';
  const browser = { callbackUrl: async () => callback, keys: randomKeys(), store };
  const { users: signIn } = threeLegged(ahead, { now: () => clock, browser });
  const address = await signIn.get(localUser).then(
    () => expect.unreachable(),
    (error: { url: string }) => error.url,
  );
  await signIn.finish((await ahead.signIn(address, alice)).searchParams);
  clock += hour;
  ahead.requests.length = 0;

  /** Expects that nothing is left of the sign-in. */
  async function expectSignedOut(outcome: Promise<string>): Promise<void> {
    expect(await outcome).toBe('signed out');
    expect([ahead.revokeAccessTokens(), ahead.revokeUserTokens(alice.userId)]).toEqual([0, 0]);
    expect(await signIn.get(localUser).catch((error: Error) => error.name)).toBe('SignInRequired');
  }
  return { ahead, store, signIn, expectSignedOut };
}

test('a sign-out in the middle of a renewal holds: the renewed tokens do not bring the sign-in back', async () => {
  const { ahead, signIn, expectSignedOut } = await signedInAnHourAgo();
  const renewal = signIn.get(localUser);
  await until(() => ahead.requests.some(({ grant }) => grant === 'refresh_token'));
  const outcome = signIn.signOut(localUser);
  await Promise.allSettled([renewal, outcome]);
  await expectSignedOut(outcome);
});

test.each([1, 2])(
  'a sign-out while a renewal begins holds, too: tokens that were looked up %i times',
  async (times) => {
    const { store, signIn, expectSignedOut } = await signedInAnHourAgo();
    let held = true;
    let lookups = 0;
    store.pause = async (at, key) => {
      if (at !== 'get' || kindOf(key) !== 'tokens') return;
      lookups += 1;
      if (lookups === times) await until(() => !held);
    };
    const renewal = signIn.get(localUser);
    await until(() => lookups >= times);
    const outcome = signIn.signOut(localUser);
    for (let turns = 0; turns < 10; turns += 1) await setImmediate();
    held = false;
    await Promise.allSettled([renewal, outcome]);
    await expectSignedOut(outcome);
  },
);

test.each([
  ['has only just begun when a renewal does', 'signed-out'],
  ['overtakes a renewal that has its answer', 'tokens'],
])('a sign-out that %s holds, too', async (_how, kind) => {
  const { store, signIn, expectSignedOut } = await signedInAnHourAgo();
  let isHeld = false;
  let isReleased = false;
  store.pause = async (at, key) => {
    if (at !== 'write' || kindOf(key) !== kind) return;
    isHeld = true;
    await until(() => isReleased);
  };
  const begin = {
    'signed-out': () => signIn.signOut(localUser),
    tokens: () => signIn.get(localUser),
  }[kind];
  const first = begin?.() ?? expect.unreachable();
  await until(() => isHeld);
  const second = kind === 'tokens' ? signIn.signOut(localUser) : signIn.get(localUser);
  for (let turns = 0; turns < 10; turns += 1) await setImmediate();
  isReleased = true;
  await Promise.allSettled([first, second]);
  await expectSignedOut(kind === 'tokens' ? second : first);
});

test('a sign-out in the same moment as a renewal holds', async () => {
  const { signIn, expectSignedOut } = await signedInAnHourAgo();
  const renewal = signIn.get(localUser);
  const outcome = signIn.signOut(localUser);
  await Promise.allSettled([renewal, outcome]);
  await expectSignedOut(outcome);
});
