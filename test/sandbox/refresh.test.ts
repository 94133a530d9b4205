// The refresh token grant: rotation, scopes and lifetime; and the revocation of refresh tokens.
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { accessToken, basic, demo, get, json, other, post } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { alice, refresh, tokensOf, userTokens } from './sign-in-calls.ts';

const { sandbox, clock } = await startClockedSandbox();

const day = 24 * 3_600_000;
const errorOf = async (answer: Response) => [answer.status, (await json(answer)).error];
const scopeOf = async (token: string) => (await json(await post(sandbox, 'introspect', { token }))).scope;
const userinfo = async (token: string) => (await get(sandbox, '/userinfo', token)).status;

describe('a refresh token', () => {
  test('gives a new access token and a new refresh token, for the same user and scopes', async () => {
    const first = await userTokens(sandbox, { scope: 'data:read data:write' });
    const answer = await refresh(sandbox, { refresh_token: first.refresh });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const body = await json(answer.clone());
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3599,
      refresh_token: expect.any(String),
    });
    const second = await tokensOf(answer);
    expect(second.access).not.toBe(first.access);
    expect(second.refresh).not.toBe(first.refresh);
    expect(decodeJwt(second.access)).toMatchObject({ userid: alice, scope: ['data:read', 'data:write'] });
    expect(await userinfo(first.access)).toBe(200);
  });

  test('works once; its successor stays valid if it is used again', async () => {
    const first = await userTokens(sandbox);
    const second = await tokensOf(await refresh(sandbox, { refresh_token: first.refresh }));
    const again = await refresh(sandbox, { refresh_token: first.refresh });
    expect(await errorOf(again)).toEqual([400, 'invalid_grant']);
    expect(await userinfo(second.access)).toBe(200);
    expect((await refresh(sandbox, { refresh_token: second.refresh })).status).toBe(200);
  });

  test('works once, even if several requests arrive together', async () => {
    const { refresh: refresh_token } = await userTokens(sandbox);
    const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(sandbox, { refresh_token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  });

  test('is valid for fifteen days, and not a millisecond longer', async () => {
    const [timely, late] = [await userTokens(sandbox), await userTokens(sandbox)];
    clock.now += 15 * day - 1;
    const renewed = await tokensOf(await refresh(sandbox, { refresh_token: timely.refresh }));
    clock.now += 1;
    const refused = await refresh(sandbox, { refresh_token: late.refresh });
    expect(await errorOf(refused)).toEqual([400, 'invalid_grant']);
    clock.now += 15 * day - 2;
    expect((await refresh(sandbox, { refresh_token: renewed.refresh })).status).toBe(200);
  });

  test('outlives its access token', async () => {
    const first = await userTokens(sandbox);
    clock.now += 3_600_000;
    expect(await userinfo(first.access)).toBe(401);
    const second = await tokensOf(await refresh(sandbox, { refresh_token: first.refresh }));
    expect(await userinfo(second.access)).toBe(200);
  });

  test('stays valid when all access tokens are revoked', async () => {
    const first = await userTokens(sandbox);
    sandbox.revokeAccessTokens();
    expect(await userinfo(first.access)).toBe(401);
    expect((await refresh(sandbox, { refresh_token: first.refresh })).status).toBe(200);
  });

  test('cannot be used, or used up, by another application', async () => {
    const { refresh: refresh_token } = await userTokens(sandbox);
    const stolen = await refresh(sandbox, { refresh_token }, basic(other));
    expect(await errorOf(stolen)).toEqual([400, 'invalid_grant']);
    expect((await refresh(sandbox, { refresh_token })).status).toBe(200);
  });

  test('requires client authentication', async () => {
    const { refresh: refresh_token } = await userTokens(sandbox);
    const answer = await refresh(sandbox, { refresh_token, client_id: demo.id }, {});
    expect(await errorOf(answer)).toEqual([401, 'invalid_client']);
  });

  test('is refused if missing or unknown', async () => {
    expect(await errorOf(await refresh(sandbox, {}))).toEqual([400, 'invalid_request']);
    expect(await errorOf(await refresh(sandbox, { refresh_token: 'guess' }))).toEqual([400, 'invalid_grant']);
  });

  test('is used up if the connection drops before the client reads the response', async () => {
    const { refresh: refresh_token } = await userTokens(sandbox);
    sandbox.trouble.set({ sequence: [{ drop: 'midway' }] });
    const answer = await refresh(sandbox, { refresh_token });
    await expect(answer.text()).rejects.toThrow('terminated');
    expect(await errorOf(await refresh(sandbox, { refresh_token }))).toEqual([400, 'invalid_grant']);
    sandbox.trouble.reset();
  });
});

describe('a narrower scope', () => {
  test('applies to the access token, but not to the next refresh', async () => {
    const first = await userTokens(sandbox, { scope: 'data:read data:write' });
    const form = { refresh_token: first.refresh, scope: 'data:read' };
    const second = await tokensOf(await refresh(sandbox, form));
    expect([await scopeOf(second.access), await scopeOf(second.refresh)]).toEqual([
      'data:read',
      'data:read data:write',
    ]);
    const third = await tokensOf(await refresh(sandbox, { refresh_token: second.refresh }));
    expect(await scopeOf(third.access)).toBe('data:read data:write');
  });

  test.each(['data:read bucket:read', 'data:everything', ' '])(
    'is refused for %j, and the token stays valid',
    async (scope) => {
      const { refresh: refresh_token } = await userTokens(sandbox);
      const answer = await refresh(sandbox, { refresh_token, scope });
      expect(await errorOf(answer)).toEqual([400, 'invalid_scope']);
      expect((await refresh(sandbox, { refresh_token })).status).toBe(200);
    },
  );
});

describe('introspection of a refresh token', () => {
  test('returns its expiry to its own application, and nothing to another', async () => {
    const { refresh: token } = await userTokens(sandbox);
    expect(await json(await post(sandbox, 'introspect', { token }))).toEqual({
      active: true,
      scope: 'data:read',
      client_id: demo.id,
      exp: Math.floor((clock.now + 15 * day) / 1000),
      userid: alice,
    });
    expect(await json(await post(sandbox, 'introspect', { token }, basic(other)))).toEqual({ active: false });
  });
});

describe('revocation of a refresh token', () => {
  const token_type_hint = 'refresh_token';

  test('also ends the access tokens of the same sign-in, and no others', async () => {
    const first = await userTokens(sandbox);
    const second = await tokensOf(await refresh(sandbox, { refresh_token: first.refresh }));
    const unrelated = await userTokens(sandbox);
    const twoLegged = await accessToken(sandbox);

    expect((await post(sandbox, 'revoke', { token: second.refresh, token_type_hint })).status).toBe(200);
    const refused = await refresh(sandbox, { refresh_token: second.refresh });
    expect(await errorOf(refused)).toEqual([400, 'invalid_grant']);
    expect([await userinfo(first.access), await userinfo(second.access)]).toEqual([401, 401]);
    for (const token of [second.refresh, second.access]) {
      expect(await json(await post(sandbox, 'introspect', { token }))).toEqual({ active: false });
    }
    expect(await userinfo(unrelated.access)).toBe(200);
    expect((await get(sandbox, '/oss/v2/buckets', twoLegged)).status).toBe(200);
  });

  test('works with the wrong token_type_hint', async () => {
    const { refresh: token } = await userTokens(sandbox);
    await post(sandbox, 'revoke', { token, token_type_hint: 'access_token' });
    expect((await refresh(sandbox, { refresh_token: token })).status).toBe(400);
  });

  test('does not happen when the access token is revoked', async () => {
    const { access, refresh: refresh_token } = await userTokens(sandbox);
    await post(sandbox, 'revoke', { token: access, token_type_hint: 'access_token' });
    expect(await userinfo(access)).toBe(401);
    expect((await refresh(sandbox, { refresh_token })).status).toBe(200);
  });

  test('is refused to another application', async () => {
    const { refresh: token } = await userTokens(sandbox);
    const answer = await post(sandbox, 'revoke', { token, token_type_hint }, basic(other));
    expect(await errorOf(answer)).toEqual([400, 'invalid_grant']);
    expect((await refresh(sandbox, { refresh_token: token })).status).toBe(200);
  });
});
