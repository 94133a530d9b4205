// The authorization code grant: tokens, reuse, ownership, redirect URI and PKCE.
import { describe, expect, test } from 'vitest';
import { basic, demo, get, json, other, post } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import {
  alice,
  authorizeUrl,
  benji,
  callback,
  codeFor,
  exchange,
  pkce,
  publicCallback,
  refresh,
  tokensOf,
  userTokens,
  verifier,
} from './sign-in-calls.ts';

const { sandbox, clock } = await startClockedSandbox();

const errorOf = async (answer: Response) => [answer.status, (await json(answer)).error];
const userinfo = async (token: string) => (await get(sandbox, '/userinfo', token)).status;

describe('a code', () => {
  test('is exchanged for tokens of the user, with no-store', async () => {
    const answer = await exchange(sandbox, { code: await codeFor(sandbox) });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const body = await json(answer);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 3599,
      refresh_token: expect.stringMatching(/^[\w-]{20,}$/),
    });
    const token = body.access_token ?? '';
    expect(await json(await post(sandbox, 'introspect', { token }))).toEqual({
      active: true,
      scope: 'data:read',
      client_id: demo.id,
      exp: Math.floor(clock.now / 1000) + 3599,
      userid: alice,
    });
  });

  test('gives a token that OSS refuses, because OSS accepts only two-legged tokens', async () => {
    const { access } = await userTokens(sandbox, { scope: 'bucket:read' });
    expect((await get(sandbox, '/oss/v2/buckets', access)).status).toBe(403);
  });

  test('is valid for five minutes, and not a millisecond longer', async () => {
    const [timely, late] = [await codeFor(sandbox), await codeFor(sandbox)];
    clock.now += 299_999;
    expect((await exchange(sandbox, { code: timely })).status).toBe(200);
    clock.now += 1;
    expect(await errorOf(await exchange(sandbox, { code: late }))).toEqual([400, 'invalid_grant']);
  });

  test('works once: a second exchange is refused and revokes every token of the first', async () => {
    const code = await codeFor(sandbox);
    const first = await tokensOf(await exchange(sandbox, { code }));
    const second = await tokensOf(await refresh(sandbox, { refresh_token: first.refresh }));
    const unrelated = await userTokens(sandbox);
    expect(await errorOf(await exchange(sandbox, { code }))).toEqual([400, 'invalid_grant']);
    expect([await userinfo(first.access), await userinfo(second.access)]).toEqual([401, 401]);
    const answer = await refresh(sandbox, { refresh_token: second.refresh });
    expect(await errorOf(answer)).toEqual([400, 'invalid_grant']);
    expect(await userinfo(unrelated.access)).toBe(200);
  });

  test('works once, even if several exchanges arrive together', async () => {
    const code = await codeFor(sandbox);
    const answers = await Promise.all([1, 2, 3, 4].map(() => exchange(sandbox, { code })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers.filter(({ ok }) => ok)) {
      expect(await userinfo((await tokensOf(answer)).access)).toBe(401);
    }
  });

  test('cannot be used, or used up, by another application', async () => {
    const code = await codeFor(sandbox);
    const stolen = await exchange(sandbox, { code }, basic(other));
    expect(await errorOf(stolen)).toEqual([400, 'invalid_grant']);
    expect((await exchange(sandbox, { code })).status).toBe(200);
  });

  test('requires client authentication', async () => {
    const code = await codeFor(sandbox);
    for (const [form, headers] of [
      [{ code }, {}],
      [{ code, client_id: demo.id }, {}],
      [{ code }, basic({ id: demo.id, secret: 'guess' })],
    ] as const) {
      expect(await errorOf(await exchange(sandbox, form, headers))).toEqual([401, 'invalid_client']);
    }
  });

  test.each([
    ['of another address', `${callback}/`, 'invalid_grant'],
    ['of another registered address', publicCallback, 'invalid_grant'],
  ])('is refused with redirect_uri %s', async (_case, redirect_uri, error) => {
    const code = await codeFor(sandbox);
    expect(await errorOf(await exchange(sandbox, { code, redirect_uri }))).toEqual([400, error]);
    expect((await exchange(sandbox, { code })).status).toBe(200);
  });

  test('is refused if it or the redirect_uri is missing', async () => {
    expect(await errorOf(await exchange(sandbox, {}))).toEqual([400, 'invalid_request']);
    const form = { grant_type: 'authorization_code', code: await codeFor(sandbox) };
    expect(await errorOf(await post(sandbox, 'token', form))).toEqual([400, 'invalid_request']);
  });

  test('is refused if unknown', async () => {
    expect(await errorOf(await exchange(sandbox, { code: 'guess' }))).toEqual([400, 'invalid_grant']);
  });
});

describe('a code for a challenge', () => {
  test.each([
    ['the verifier', { code_verifier: verifier }, undefined],
    ['no verifier', {}, 'invalid_request'],
    ['another verifier', { code_verifier: `${verifier}x` }, 'invalid_grant'],
    ['the challenge as verifier', { code_verifier: pkce.code_challenge }, 'invalid_grant'],
    ['a verifier of 42 characters', { code_verifier: verifier.slice(1) }, 'invalid_request'],
    ['a verifier of 129 characters', { code_verifier: 'x'.repeat(129) }, 'invalid_request'],
    ['a verifier of other characters', { code_verifier: `${verifier.slice(1)}é` }, 'invalid_request'],
  ])('answers %s', async (_case, proof: Record<string, string>, error) => {
    const code = await codeFor(sandbox, pkce);
    const answer = await exchange(sandbox, { code, ...proof });
    expect(await errorOf(answer)).toEqual(error === undefined ? [200, undefined] : [400, error]);
  });

  test('stays valid after a wrong verifier', async () => {
    const code = await codeFor(sandbox, pkce);
    await exchange(sandbox, { code, code_verifier: `${verifier}x` });
    expect((await exchange(sandbox, { code, code_verifier: verifier })).status).toBe(200);
  });
});

test('a verifier without a challenge is refused, as RFC 9700 requires', async () => {
  const code = await codeFor(sandbox);
  const answer = await exchange(sandbox, { code, code_verifier: verifier });
  expect(await errorOf(answer)).toEqual([400, 'invalid_grant']);
});

describe('a user who withdraws consent', () => {
  test('ends their codes, access tokens and refresh tokens for every application, and no other user’s', async () => {
    const theirs = await userTokens(sandbox, {}, benji);
    const pending = await codeFor(sandbox, {}, benji);
    const client_id = sandbox.publicClientId;
    const changes = { client_id, redirect_uri: publicCallback, ...pkce };
    const code = await codeFor(sandbox, changes, benji);
    const form = { client_id, code, redirect_uri: publicCallback, code_verifier: verifier };
    const inPublic = await tokensOf(await exchange(sandbox, form, {}));
    const alices = await userTokens(sandbox);

    expect(sandbox.revokeUserTokens(benji)).toBe(3);
    expect([await userinfo(theirs.access), await userinfo(inPublic.access)]).toEqual([401, 401]);
    const refused = [
      await refresh(sandbox, { refresh_token: theirs.refresh }),
      await refresh(sandbox, { client_id, refresh_token: inPublic.refresh }, {}),
      await exchange(sandbox, { code: pending }),
    ];
    for (const answer of refused) expect(await errorOf(answer)).toEqual([400, 'invalid_grant']);
    expect(await userinfo(alices.access)).toBe(200);
    expect((await refresh(sandbox, { refresh_token: alices.refresh })).status).toBe(200);
  });

  test('can sign in again', async () => {
    await userTokens(sandbox, {}, benji);
    sandbox.revokeUserTokens(benji);
    expect(sandbox.revokeUserTokens(benji)).toBe(0);
    expect(await userinfo((await userTokens(sandbox, {}, benji)).access)).toBe(200);
  });
});

test('a denied sign-in leaves no consent to withdraw', async () => {
  sandbox.revokeUserTokens(alice);
  await sandbox.signIn(authorizeUrl(sandbox), { userId: alice, allow: false });
  expect(sandbox.revokeUserTokens(alice)).toBe(0);
});
