// Signing out: what was given is revoked at APS, and forgotten here.
import { setImmediate } from 'node:timers/promises';
import { MemoryTokenStorage } from 'fastmcp/auth';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { localUser } from '../../../lib/auth/token-source.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/index.ts';
import { postForm } from '../../support/authentication.ts';
import { connect, eras, newest } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { alice, benji } from '../../support/people.ts';
import { askedAddress, attended, signedIn, signInAt } from '../../support/sign-in.ts';
import { servePatiently, threeLegged } from '../../support/three-legged.ts';
import { hubsOf, said } from '../../support/tool-results.ts';

const keep = closing();
const hour = 3_600_000;
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
});
afterEach(() => sandbox.trouble.reset());

const tokens = z.object({ access: z.string(), refresh: z.string() });

/** A storage that keeps what it was ever given, so that a test can look at tokens. */
class Watched extends MemoryTokenStorage {
  readonly given: z.infer<typeof tokens>[] = [];
  override async save(key: string, value: unknown, ttl?: number): Promise<void> {
    const { data } = tokens.safeParse(value);
    if (data) this.given.push(data);
    await super.save(key, value, ttl);
  }
}

function watchedStorage(): Watched {
  const storage = new Watched();
  onTestFinished(() => storage.destroy());
  return storage;
}

/** Whether APS still takes a token. */
async function isLive(token: string, at = sandbox): Promise<boolean> {
  const answer = await postForm(at, 'introspect', { token });
  return z.object({ active: z.boolean() }).parse(await answer.json()).active;
}

describe('sign_out', () => {
  test.each(eras)('for %s: APS takes neither token any more, and the next call asks', async (_name, mode) => {
    const storage = watchedStorage();
    const client = keep(await connect(keep(await servePatiently(sandbox, { storage })).url, mode));
    await signInAt(sandbox, await askedAddress(client), alice);
    expect(await hubsOf(client)).toEqual(alice.hubs);
    const [{ access, refresh } = { access: '', refresh: '' }] = storage.given;
    expect([await isLive(access), await isLive(refresh)]).toEqual([true, true]);

    expect(await client.callTool({ name: 'sign_out' })).toMatchObject({
      content: [{ text: expect.stringMatching(/^Signed out\. The access to Autodesk was revoked/) }],
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

  test('of one session leaves the others signed in, also those of the same person', async () => {
    const served = keep(await servePatiently(sandbox));
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
        content: [{ text: expect.stringMatching(/^Signed out here\. Autodesk could not be told/) }],
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

  test('twice is one sign-out', async () => {
    const client = keep(await signedIn(sandbox, keep(await servePatiently(sandbox)), alice));
    const sentences = await Promise.all([said(client, 'sign_out'), said(client, 'sign_out')]);
    expect(sentences.map(({ text }) => text.split('.')[0]).sort()).toEqual([
      'Nobody was signed in',
      'Signed out',
    ]);
  });

  test('asks nothing of a client that could be asked', async () => {
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

  test('says of itself that it takes something away', async () => {
    const client = keep(await connect(keep(await servePatiently(sandbox)).url, 'legacy'));
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === 'sign_out')).toMatchObject({
      annotations: { title: 'Sign out', destructiveHint: true },
    });
  });
});

test('a sign-out in the middle of a renewal holds: the renewed tokens do not bring the sign-in back', async () => {
  let clock = Date.now();
  const ahead = keep(await startSandbox({ now: () => clock }));
  const storage = watchedStorage();
  const callback = 'http://localhost:5002/callback';
  const { signIn } = threeLegged(ahead, { storage, now: () => clock, callbackUrl: async () => callback });
  keep(signIn);
  const address = await signIn.get(localUser).then(
    () => expect.unreachable(),
    (error: { address: string }) => error.address,
  );
  await signIn.finish((await ahead.signIn(address, alice)).searchParams);
  clock += hour;
  ahead.requests.length = 0;
  const renewal = signIn.get(localUser);
  while (!ahead.requests.some(({ grant }) => grant === 'refresh_token')) await setImmediate();
  const outcome = signIn.signOut(localUser);
  await Promise.allSettled([renewal, outcome]);
  expect(await outcome).toBe('signed out');
  expect(storage.given).toHaveLength(2);
  for (const token of storage.given.flatMap(({ access, refresh }) => [access, refresh]))
    expect(await isLive(token, ahead)).toBe(false);
  expect(await signIn.get(localUser).catch((error: Error) => error.name)).toBe('SignInRequired');
});
