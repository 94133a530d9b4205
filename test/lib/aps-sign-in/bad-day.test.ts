// Users sign in while APS has a bad day: what it owes them is not waited for, and who is stuck is asked to sign in again.
import { afterEach, describe, expect, test } from 'vitest';
import type { AuthorizationCode } from '../../../lib/aps-sign-in/authorization-code.ts';
import { randomKeys } from '../../../lib/sealed.ts';
import { SignInRequired } from '../../../lib/sign-in-required.ts';
import { memoryStore } from '../../../lib/store/memory.ts';
import { silence, startAnsweringAps } from '../../support/answering-aps.ts';
import { later, minutes, now } from '../../support/clock.ts';
import { startRecordedSandbox } from '../../support/recording-aps.ts';
import { threeLegged } from '../../support/three-legged.ts';

const { sandbox, aps: recording } = await startRecordedSandbox();
const silent = await startAnsweringAps();
const caller = { id: 'somebody' };
afterEach(() => sandbox.trouble.reset());

function usersOf(baseUrl: string, changes: Partial<AuthorizationCode> = {}) {
  const callbackUrl = async () => 'http://localhost:5002/callback';
  const browser = { callbackUrl, keys: randomKeys(), store: memoryStore() };
  const { users } = threeLegged(
    { env: { ...sandbox.env, APS_BASE_URL: baseUrl } },
    { browser, now, ...changes },
  );
  /** The link for a caller who is not signed in. */
  const link = async () => {
    const required = await users.get(caller).catch((error: unknown) => error);
    if (required instanceof SignInRequired) return required.url;
    throw new Error(`No sign-in is required: ${required}`);
  };
  return { users, link };
}
const stateIn = (link: string) => new URL(link).searchParams.get('state') ?? '';

describe('a sign-in', () => {
  test('does not wait until APS says whose account it is: the person is signed in', async () => {
    const { users, link } = usersOf(silent.url, { profilePatience: 100 });
    silent.answer(({ pathname }) =>
      pathname === '/userinfo'
        ? silence
        : { access_token: 'a-token', token_type: 'Bearer', expires_in: 3599 },
    );
    const query = new URLSearchParams({ state: stateIn(await link()), code: 'a-code' });
    expect((await users.finish(query)).account).toEqual({});
    expect(await users.get(caller)).toBe('a-token');
    expect(silent.asked.map(({ pathname }) => pathname)).toEqual(['/authentication/v2/token', '/userinfo']);
    await silent.givenUp();
  });

  test('shows the name of the account without control characters', async () => {
    const { users, link } = usersOf(silent.url);
    silent.answer(({ pathname }) =>
      pathname === '/userinfo'
        ? { sub: 's', name: 'A\u001b[2JB', email: 'a\u0000@b' }
        : { access_token: 'a-token', token_type: 'Bearer', expires_in: 3599 },
    );
    const query = new URLSearchParams({ state: stateIn(await link()), code: 'a-code' });
    expect((await users.finish(query)).account).toMatchObject({ name: 'A\ufffd[2JB', email: 'a\ufffd@b' });
  });

  test('with a token that cannot be sent fails, and none is kept', async () => {
    const { users, link } = usersOf(silent.url);
    silent.answer(() => ({ access_token: 'a\nb', token_type: 'Bearer', expires_in: 3599 }));
    const query = new URLSearchParams({ state: stateIn(await link()), code: 'a-code' });
    await expect(users.finish(query)).rejects.toMatchObject({
      name: 'SignInFailed',
      message: expect.stringContaining('cannot be sent'),
    });
    await link();
  });
});

test('who is stuck, because a gateway refuses their renewals, is asked to sign in, and waited for', async () => {
  later(0);
  const { users, link } = usersOf(recording.url);
  await users.finish((await sandbox.signIn(await link())).searchParams);
  recording.refusesRenewals = true;
  later(60 * minutes);
  for (const wait of [0, 5]) {
    later(wait * minutes);
    await expect(users.get(caller)).rejects.toMatchObject({ name: 'ApsError', status: 400 });
  }
  later(10 * minutes);
  const address = await link();
  let isIn = false;
  const waiting = users.signedIn(caller, AbortSignal.timeout(20_000)).then(() => {
    isIn = true;
  });
  const { searchParams } = await sandbox.signIn(address);
  expect(isIn).toBe(false);
  await users.finish(searchParams);
  await waiting;
  expect(await users.get(caller)).toMatch(/^eyJ/);
});
