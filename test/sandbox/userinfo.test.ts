// The profile of a user: access and contents.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { assertion, exchange } from './assertion-calls.ts';
import { accessToken, get, json } from './calls.ts';
import { userTokens } from './sign-in-calls.ts';

let clock = Date.UTC(2026, 0, 5, 9);
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => clock });
});
afterAll(() => sandbox.close());

const refusal = async (token?: string) => {
  const answer = await get(sandbox, '/userinfo', token);
  return [answer.status, (await json(answer)).errorCode];
};

test('a user is described for any of their tokens, whatever its scopes', async () => {
  for (const scope of ['data:read', 'openid', 'user-profile:read']) {
    const { access } = await userTokens(sandbox, { scope, nonce: 'n' }, 'SBXUSERCHIEN');
    const answer = await get(sandbox, '/userinfo', access);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await json(answer)).toEqual({
      sub: 'SBXUSERCHIEN',
      name: '陳 Chien',
      given_name: 'Chien',
      family_name: '陳',
      preferred_username: 'chien@sandbox.example',
      email: 'chien@sandbox.example',
      email_verified: false,
      locale: 'zh-TW',
      updated_at: expect.any(Number),
      is_2fa_enabled: false,
      country_code: 'TW',
      language: 'zh',
      eidm_guid: 'SBXUSERCHIEN',
    });
  }
});

test('the address of a user is verified or not', async () => {
  const { access } = await userTokens(sandbox, {}, 'SBXUSERALICE');
  expect(await json(await get(sandbox, '/userinfo', access))).toMatchObject({
    email: 'alice@sandbox.example',
    email_verified: true,
  });
});

test('a service account is described like a user', async () => {
  const answer = await exchange(sandbox, await assertion(sandbox, clock));
  const token = (await json(answer)).access_token;
  expect(await json(await get(sandbox, '/userinfo', token))).toMatchObject({
    sub: sandbox.env.APS_SSA_ID,
    name: 'Sandbox Service',
    email: expect.stringContaining('@'),
  });
});

describe('nobody is described', () => {
  test('without a token', async () => {
    expect(await refusal()).toEqual([401, 'AUTH-012']);
  });

  test('for an unknown token, or one of an application', async () => {
    expect(await refusal('guess')).toEqual([401, 'AUTH-006']);
    expect(await refusal(await accessToken(sandbox))).toEqual([401, 'AUTH-006']);
  });

  test('for a refresh token, or an access token that has expired', async () => {
    const { access, refresh } = await userTokens(sandbox);
    expect(await refusal(refresh)).toEqual([401, 'AUTH-006']);
    clock += 3_599_000;
    expect(await refusal(access)).toEqual([401, 'AUTH-006']);
  });
});

test('the 501st call of an application within a minute gets a 429', async () => {
  const { access } = await userTokens(sandbox);
  clock += 60_000;
  for (let call = 1; call <= 500; call++) {
    expect((await get(sandbox, '/userinfo', access)).status).toBe(200);
  }
  expect(await refusal(access)).toEqual([429, 'ERR-001']);
});
