// The token endpoint of the OpenID provider: codes, refresh tokens and errors.
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { basic } from '../calls.ts';
import { startClockedSandbox } from '../clock.ts';
import { challenge, verifier } from '../sign-in-calls.ts';
import {
  ada,
  clientId,
  codeFor,
  errorOf,
  exchange,
  json,
  redirectUri,
  refresh,
  resource,
  signedIn,
  token,
  tokensOf,
} from './calls.ts';

const { sandbox, clock } = await startClockedSandbox();

const seconds = () => Math.floor(clock.now / 1000);
const day = 24 * 3_600_000;

/** A new client, with the code after an employee pressed Allow. */
const started = async (changes = {}) => {
  const client_id = await clientId(sandbox);
  return { client_id, code: await codeFor(sandbox, client_id, changes) };
};

describe('a code', () => {
  test('is exchanged for tokens, with no-store', async () => {
    const answer = await exchange(sandbox, await started());
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await json(answer)).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3599,
      scope: 'openid offline_access mcp:tools',
      refresh_token: expect.stringMatching(/^[\w-]{20,}$/),
      id_token: expect.any(String),
    });
  });

  test('gives an RFC 9068 access token for the resource, with claims about the employee', async () => {
    const { access, client_id } = await signedIn(sandbox);
    expect(decodeProtectedHeader(access)).toEqual({
      alg: 'RS256',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^[\w-]+$/),
    });
    expect(decodeJwt(access)).toEqual({
      iss: sandbox.openIdIssuer,
      sub: ada,
      aud: resource,
      iat: seconds(),
      exp: seconds() + 3599,
      jti: expect.any(String),
      client_id,
      scope: 'openid offline_access mcp:tools',
      name: 'Ada Admin',
      email: 'ada@works.example',
      preferred_username: 'ada.admin',
    });
  });

  test('gives an access token for userinfo if the request had no resource', async () => {
    const { access } = await signedIn(sandbox, { resource: undefined });
    expect(decodeJwt(access).aud).toBe(`${sandbox.openIdIssuer}/userinfo`);
  });

  test('gives an access token with the current lifetime of the sandbox', async () => {
    sandbox.trouble.set({ tokenLifetimeSeconds: 7 });
    const body = await json(await exchange(sandbox, await started()));
    sandbox.trouble.reset();
    expect(body.expires_in).toBe(7);
    expect(decodeJwt(body.access_token ?? '').exp).toBe(seconds() + 7);
  });

  test('is valid for five minutes, and not a millisecond longer', async () => {
    const [timely, late] = [await started(), await started()];
    clock.now += 299_999;
    expect((await exchange(sandbox, timely)).status).toBe(200);
    clock.now += 1;
    expect(await errorOf(await exchange(sandbox, late))).toEqual([400, 'invalid_grant']);
  });

  test('works once: a second exchange is refused and ends the refresh token of the first', async () => {
    const form = await started();
    const { client_id } = form;
    const { refresh: refresh_token } = await tokensOf(await exchange(sandbox, form));
    expect(await errorOf(await exchange(sandbox, form))).toEqual([400, 'invalid_grant']);
    const renewal = await refresh(sandbox, { client_id, refresh_token });
    expect(await errorOf(renewal)).toEqual([400, 'invalid_grant']);
  });

  test('works once, even if several exchanges arrive together', async () => {
    const form = await started();
    const answers = await Promise.all([1, 2, 3, 4].map(() => exchange(sandbox, form)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  });

  test.each([
    ['another verifier', { code_verifier: `${verifier}x` }, 'invalid_grant'],
    ['the challenge as verifier', { code_verifier: challenge }, 'invalid_grant'],
    ['no verifier', { code_verifier: undefined }, 'invalid_request'],
    ['another redirect_uri', { redirect_uri: `${redirectUri}/` }, 'invalid_grant'],
    ['another port in redirect_uri', { redirect_uri: redirectUri.replace('6274', '6275') }, 'invalid_grant'],
    ['no redirect_uri', { redirect_uri: undefined }, 'invalid_request'],
    ['another resource', { resource: 'http://localhost:5001/mcp' }, 'invalid_target'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['an unknown code', { code: 'guess' }, 'invalid_grant'],
  ])('is refused with %s, and stays valid', async (_case, changes, error) => {
    const form = await started();
    const answer = await exchange(sandbox, { ...form, ...changes });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await errorOf(answer)).toEqual([400, error]);
    expect((await exchange(sandbox, form)).status).toBe(200);
  });

  test('cannot be used, or used up, by another client', async () => {
    const form = await started();
    const stolen = await exchange(sandbox, { ...form, client_id: await clientId(sandbox) });
    expect(await errorOf(stolen)).toEqual([400, 'invalid_grant']);
    expect((await exchange(sandbox, { ...form, resource })).status).toBe(200);
  });
});

describe('a refresh token', () => {
  test('gives new tokens for the same employee, resource and scopes', async () => {
    const first = await signedIn(sandbox);
    clock.now += 3_600_000;
    const form = { client_id: first.client_id, refresh_token: first.refresh, resource };
    const second = await tokensOf(await refresh(sandbox, form));
    expect(second.refresh).not.toBe(first.refresh);
    expect(decodeJwt(second.access)).toEqual({
      ...decodeJwt(first.access),
      jti: expect.any(String),
      iat: seconds(),
      exp: seconds() + 3599,
    });
  });

  test('works once: using it again ends its successor too', async () => {
    const { client_id, refresh: refresh_token } = await signedIn(sandbox);
    const other = await signedIn(sandbox);
    const next = await tokensOf(await refresh(sandbox, { client_id, refresh_token }));
    for (const spent of [refresh_token, next.refresh]) {
      const answer = await refresh(sandbox, { client_id, refresh_token: spent });
      expect(await errorOf(answer)).toEqual([400, 'invalid_grant']);
    }
    const unrelated = { client_id: other.client_id, refresh_token: other.refresh };
    expect((await refresh(sandbox, unrelated)).status).toBe(200);
  });

  test('is valid for fifteen days, and not a millisecond longer', async () => {
    const [timely, late] = [await signedIn(sandbox), await signedIn(sandbox)];
    const renew = ({ client_id, refresh: refresh_token }: typeof timely) =>
      refresh(sandbox, { client_id, refresh_token });
    clock.now += 15 * day - 1;
    expect((await renew(timely)).status).toBe(200);
    clock.now += 1;
    expect(await errorOf(await renew(late))).toEqual([400, 'invalid_grant']);
  });

  test('can be used for fewer scopes, without narrowing the next one', async () => {
    const { client_id, refresh: refresh_token } = await signedIn(sandbox);
    const answer = await refresh(sandbox, { client_id, refresh_token, scope: 'mcp:tools' });
    const narrow = await json(answer);
    expect([narrow.scope, narrow.id_token]).toEqual(['mcp:tools', undefined]);
    expect(decodeJwt(narrow.access_token ?? '').scope).toBe('mcp:tools');
    const next = await refresh(sandbox, { client_id, refresh_token: narrow.refresh_token });
    expect((await json(next)).scope).toBe('openid offline_access mcp:tools');
  });

  test.each([
    ['a scope that was not allowed', { scope: 'mcp:tools email' }, 'invalid_scope'],
    ['no scope at all', { scope: '' }, 'invalid_scope'],
    ['another resource', { resource: 'http://localhost:5001/mcp' }, 'invalid_target'],
    ['no refresh token', { refresh_token: undefined }, 'invalid_request'],
    ['an unknown one', { refresh_token: 'guess' }, 'invalid_grant'],
  ])('is refused with %s, and stays valid', async (_case, changes, error) => {
    const { client_id, refresh: refresh_token } = await signedIn(sandbox);
    const answer = await refresh(sandbox, { client_id, refresh_token, ...changes });
    expect(await errorOf(answer)).toEqual([400, error]);
    expect((await refresh(sandbox, { client_id, refresh_token })).status).toBe(200);
  });

  test('cannot be used, or used up, by another client', async () => {
    const { client_id, refresh: refresh_token } = await signedIn(sandbox);
    const stolen = await refresh(sandbox, { client_id: await clientId(sandbox), refresh_token });
    expect(await errorOf(stolen)).toEqual([400, 'invalid_grant']);
    expect((await refresh(sandbox, { client_id, refresh_token })).status).toBe(200);
  });
});

describe('a client is refused', () => {
  test.each([
    ['that sends no client_id', { client_id: undefined }],
    ['that is not registered', { client_id: 'somebody' }],
    ['that sends an assertion', { client_assertion: 'e30.e30.' }],
  ])('%s', async (_case, changes) => {
    const answer = await exchange(sandbox, { ...(await started()), ...changes });
    expect(await errorOf(answer)).toEqual([400, 'invalid_client']);
  });

  test.each(['guess', ''])('that sends a secret, and has none: %j', async (client_secret) => {
    const answer = await exchange(sandbox, { ...(await started()), client_secret });
    expect(await errorOf(answer)).toEqual([401, 'invalid_client']);
  });

  test('that sends a header, with the challenge that RFC 6749 requires', async () => {
    const form = await started();
    const answer = await exchange(sandbox, form, basic({ id: form.client_id, secret: '' }));
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic/);
    expect(await errorOf(answer)).toEqual([401, 'invalid_client']);
  });

  test.each([
    ['that sends no grant_type', undefined, 'invalid_request'],
    ['that requests a token for itself', 'client_credentials', 'unsupported_grant_type'],
    ['that sends the name of an object member as grant_type', 'constructor', 'unsupported_grant_type'],
  ])('%s', async (_case, grant_type, error) => {
    const answer = await token(sandbox, { grant_type, client_id: await clientId(sandbox) });
    expect(await errorOf(answer)).toEqual([400, error]);
  });

  test('that sends JSON, or a repeated parameter', async () => {
    const post = (type: string, body: string) =>
      fetch(`${sandbox.openIdIssuer}/token`, { method: 'POST', headers: { 'content-type': type }, body });
    expect(await errorOf(await post('application/json', '{}'))).toEqual([415, 'invalid_request']);
    const twice = await post('application/x-www-form-urlencoded', 'grant_type=a&grant_type=a');
    expect(await errorOf(twice)).toEqual([400, 'invalid_request']);
  });
});
