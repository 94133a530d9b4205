// A public application: it sends its client_id in the form of every call, and uses PKCE.
import { describe, expect, test } from 'vitest';
import { basic, demo, get, json, post } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { codeFor, exchange, pkce, publicCallback, refresh, tokensOf, verifier } from './sign-in-calls.ts';

const { sandbox } = await startClockedSandbox();

const client_id = sandbox.publicClientId;
const proof = { redirect_uri: publicCallback, code_verifier: verifier };
const token_type_hint = 'refresh_token';

const errorOf = async (answer: Response) => [answer.status, (await json(answer)).error];
const userinfo = async (token: string) => (await get(sandbox, '/userinfo', token)).status;
const code = () => codeFor(sandbox, { client_id, redirect_uri: publicCallback, ...pkce });
const signedIn = async () =>
  tokensOf(await exchange(sandbox, { ...proof, client_id, code: await code() }, {}));

test('it gets, refreshes, introspects and revokes tokens', async () => {
  const first = await signedIn();
  expect(await userinfo(first.access)).toBe(200);
  const second = await tokensOf(await refresh(sandbox, { client_id, refresh_token: first.refresh }, {}));
  const token = second.refresh;
  const introspected = await post(sandbox, 'introspect', { client_id, token }, {});
  expect(await json(introspected)).toMatchObject({ active: true, client_id });

  const answer = await post(sandbox, 'revoke', { client_id, token, token_type_hint }, {});
  expect([answer.status, await answer.text()]).toEqual([200, '']);
  expect([await userinfo(first.access), await userinfo(second.access)]).toEqual([401, 401]);
  const refused = await refresh(sandbox, { client_id, refresh_token: token }, {});
  expect(await errorOf(refused)).toEqual([400, 'invalid_grant']);
});

test('it revokes a single access token', async () => {
  const { access, refresh: refresh_token } = await signedIn();
  const form = { client_id, token: access, token_type_hint: 'access_token' };
  expect((await post(sandbox, 'revoke', form, {})).status).toBe(200);
  expect(await userinfo(access)).toBe(401);
  expect((await refresh(sandbox, { client_id, refresh_token }, {})).status).toBe(200);
});

describe.each([
  ['no application', {}, {}],
  ['an unknown application', { client_id: 'somebody' }, {}],
  ['a confidential application', { client_id: demo.id }, {}],
  ['itself, with a secret', { client_id, client_secret: 'guess' }, {}],
  ['itself, with an empty secret', { client_id, client_secret: '' }, {}],
  ['itself, with the secret of another one', { client_id, client_secret: demo.secret }, {}],
  ['itself in a Basic header', {}, basic({ id: client_id, secret: '' })],
  ['itself in the form and a Basic header', { client_id }, basic({ id: client_id, secret: 'guess' })],
])('if it names %s, it', (_case, named: Record<string, string>, headers: Record<string, string>) => {
  test('cannot exchange its code, which stays valid', async () => {
    const form = { ...proof, code: await code() };
    expect(await errorOf(await exchange(sandbox, { ...form, ...named }, headers))).toEqual([
      401,
      'invalid_client',
    ]);
    expect((await exchange(sandbox, { ...form, client_id }, {})).status).toBe(200);
  });

  test('cannot refresh, and its token stays valid', async () => {
    const form = { refresh_token: (await signedIn()).refresh };
    expect(await errorOf(await refresh(sandbox, { ...form, ...named }, headers))).toEqual([
      401,
      'invalid_client',
    ]);
    expect((await refresh(sandbox, { ...form, client_id }, {})).status).toBe(200);
  });

  test('cannot revoke a token, which stays valid', async () => {
    const { access, refresh: token } = await signedIn();
    const answer = await post(sandbox, 'revoke', { token, token_type_hint, ...named }, headers);
    expect(await errorOf(answer)).toEqual([401, 'invalid_client']);
    expect(await userinfo(access)).toBe(200);
    expect((await refresh(sandbox, { client_id, refresh_token: token }, {})).status).toBe(200);
  });
});

test('its tokens cannot be refreshed or revoked by another application', async () => {
  const { refresh: token } = await signedIn();
  const refused = [
    await refresh(sandbox, { refresh_token: token }),
    await post(sandbox, 'revoke', { token, token_type_hint }),
  ];
  for (const answer of refused) expect(await errorOf(answer)).toEqual([400, 'invalid_grant']);
  expect((await refresh(sandbox, { client_id, refresh_token: token }, {})).status).toBe(200);
});

test('it cannot use the code of another application', async () => {
  const form = { client_id, code: await codeFor(sandbox, pkce), code_verifier: verifier };
  expect(await errorOf(await exchange(sandbox, form, {}))).toEqual([400, 'invalid_grant']);
});

test.each([
  ['no verifier', {}, 'invalid_request'],
  ['another verifier', { code_verifier: `${verifier}x` }, 'invalid_grant'],
])('its code is refused with %s', async (_case, changes: Record<string, string>, error) => {
  const form = { client_id, redirect_uri: publicCallback, code: await code(), ...changes };
  expect(await errorOf(await exchange(sandbox, form, {}))).toEqual([400, error]);
});

test.each(['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'])(
  'it cannot use the grant %s',
  async (grant_type) => {
    const answer = await post(sandbox, 'token', { grant_type, client_id, scope: 'data:read' }, {});
    expect(await errorOf(answer)).toEqual([400, 'unauthorized_client']);
  },
);
