// The OpenID provider: discovery, keys, userinfo, CORS, trouble and request log.
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { get } from '../calls.ts';
import { startClockedSandbox } from '../clock.ts';
import { challenge, verifier } from '../sign-in-calls.ts';
import {
  authorizeUrl,
  clientId,
  exchange,
  json,
  redirectUri,
  refresh,
  register,
  resource,
  signedIn,
  userinfo,
} from './calls.ts';

const { sandbox, clock } = await startClockedSandbox();
const issuer = sandbox.openIdIssuer;

describe('discovery', () => {
  const places = [
    '/openid/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/openid',
    '/.well-known/openid-configuration/openid',
  ];

  test.each(places)('at %s lists the endpoints', async (path) => {
    expect(await json(await get(sandbox, path))).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      jwks_uri: `${issuer}/jwks`,
      userinfo_endpoint: `${issuer}/userinfo`,
      scopes_supported: ['openid', 'profile', 'email', 'offline_access', 'mcp:tools'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
      request_uri_parameter_supported: false,
    });
  });

  test('and the tokens use the address at which the provider was called', async () => {
    const named = { ...sandbox, openIdIssuer: issuer.replace('127.0.0.1', 'localhost') };
    const answer = await get(sandbox, `${named.openIdIssuer}/.well-known/openid-configuration`);
    expect((await json(answer)).issuer).toBe(named.openIdIssuer);
    const sentTo = await sandbox.openIdSignIn(authorizeUrl(named, await clientId(sandbox)));
    expect(sentTo.searchParams.get('iss')).toBe(named.openIdIssuer);
  });

  test('does not change that of APS', async () => {
    const aps = await json(await get(sandbox, '/.well-known/openid-configuration'));
    expect(aps.issuer).toBe(sandbox.url);
  });
});

describe('keys', () => {
  const published = async () => (await json(await get(sandbox, `${issuer}/jwks`))).keys;
  const verify = (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${issuer}/jwks`)), { currentDate: new Date(clock.now) });

  test('are published without private keys', async () => {
    expect(await published()).toEqual([
      {
        kty: 'RSA',
        n: expect.any(String),
        e: 'AQAB',
        kid: expect.any(String),
        use: 'sig',
        alg: 'RS256',
      },
    ]);
  });

  test('are replaced by one with a new kid, which signs from then on', async () => {
    const before = await published();
    const old = await sandbox.openIdToken();
    await verify(old);
    await sandbox.rotateKeys();
    const after = await published();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    await expect(verify(old)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await verify(await sandbox.openIdToken());
    await verify((await signedIn(sandbox)).access);
  });

  test('differ from those of APS', async () => {
    const aps = await json(await get(sandbox, '/authentication/v2/keys'));
    expect(aps.keys).not.toEqual(await published());
  });
});

describe('userinfo', () => {
  const refusal = async (token?: string) => {
    const { headers, status } = await userinfo(sandbox, token);
    return [status, headers.get('www-authenticate')];
  };
  const invalid = [401, 'Bearer error="invalid_token"'];

  test.each([
    ['openid', {}],
    ['openid profile', { name: 'Zoë Zeichner', preferred_username: 'zoe.zeichner' }],
    ['openid email', { email: 'zoe@works.example', email_verified: true }],
  ])('for the scopes %s has their claims', async (scope, claims) => {
    const token = await sandbox.openIdToken({ user: 'emp-1003', scope });
    const answer = await userinfo(sandbox, token);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({ sub: 'emp-1003', ...claims });
  });

  test('accepts the token of a client, whatever its audience, also by POST', async () => {
    const { access } = await signedIn(sandbox);
    const headers = { authorization: `Bearer ${access}` };
    const answer = await fetch(`${issuer}/userinfo`, { method: 'POST', headers });
    expect(await answer.json()).toEqual({ sub: 'emp-1001' });
  });

  test('challenges a request without a token, without an error code', async () => {
    expect(await refusal()).toEqual([401, 'Bearer']);
  });

  test('refuses a token that is invalid, expired or from another issuer', async () => {
    expect(await refusal('guess')).toEqual(invalid);
    expect(await refusal(await sandbox.openIdToken({ claims: { iss: sandbox.url } }))).toEqual(invalid);
    expect(await refusal(await sandbox.openIdToken({ claims: { sub: 'emp-9999' } }))).toEqual(invalid);
    const token = await sandbox.openIdToken({ lifetimeSeconds: 60 });
    clock.now += 60_000;
    expect(await refusal(token)).toEqual(invalid);
  });

  test('refuses an ID token', async () => {
    const client_id = await clientId(sandbox);
    const sentTo = await sandbox.openIdSignIn(authorizeUrl(sandbox, client_id));
    const code = sentTo.searchParams.get('code') ?? '';
    const { id_token } = await json(await exchange(sandbox, { client_id, code }));
    expect(await refusal(id_token)).toEqual(invalid);
  });

  test('refuses a token without the scope openid', async () => {
    const token = await sandbox.openIdToken({ scope: 'profile mcp:tools' });
    expect(await refusal(token)).toEqual([403, 'Bearer error="insufficient_scope", scope="openid"']);
  });
});

describe('a client in a web page', () => {
  const origin = 'https://client.example';

  test.each(['/.well-known/openid-configuration', '/jwks', '/register', '/token', '/userinfo'])(
    'may call %s',
    async (path) => {
      const headers = { origin, 'access-control-request-headers': 'authorization, content-type' };
      const preflight = await fetch(`${issuer}${path}`, { method: 'OPTIONS', headers });
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
      expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization, ?content-type/);
      const answer = await fetch(`${issuer}${path}`, { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    },
  );

  test('cannot read the sign-in page', async () => {
    const url = authorizeUrl(sandbox, await clientId(sandbox));
    const { headers, status } = await fetch(url, { headers: { origin } });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });
});

test('an unknown path is 404, an unsupported method 405', async () => {
  expect((await get(sandbox, `${issuer}/nothing`)).status).toBe(404);
  const answer = await get(sandbox, `${issuer}/token`);
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
});

test('people can sign in while APS has trouble', async () => {
  sandbox.trouble.set({ failAll: { status: 503 }, latencyMs: 600_000 });
  try {
    expect((await signedIn(sandbox)).access).toEqual(expect.any(String));
  } finally {
    sandbox.trouble.reset();
  }
});

test('its tokens do not work at APS, and stay valid when those of APS are revoked', async () => {
  const token = await sandbox.openIdToken();
  expect((await get(sandbox, '/userinfo', token)).status).toBe(401);
  sandbox.revokeAccessTokens();
  expect((await userinfo(sandbox, token)).status).toBe(200);
});

test('the request log has every request, and no secret of a sign-in', async () => {
  const before = sandbox.requests.length;
  const client_id = await clientId(sandbox);
  const state = 'state-to-keep-secret';
  const nonce = 'nonce-to-keep-secret';
  const hint = 'id-token-to-keep-secret';
  const url = authorizeUrl(sandbox, client_id, { state, nonce, id_token_hint: hint });
  const code = (await sandbox.openIdSignIn(url)).searchParams.get('code') ?? '';
  const tokens = await json(await exchange(sandbox, { client_id, code, scope: 'openid' }));
  const { access_token = '', refresh_token = '', id_token = '' } = tokens;
  await refresh(sandbox, { client_id, refresh_token });
  await userinfo(sandbox, access_token);
  await register(sandbox, {});

  const records = sandbox.requests.slice(before);
  expect(records.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([
    'POST /openid/register 201',
    'GET /openid/authorize 200',
    'POST /openid/authorize/decision 303',
    'POST /openid/token 200',
    'POST /openid/token 200',
    'GET /openid/userinfo 200',
    'POST /openid/register 400',
  ]);
  expect(records[1]?.query).toEqual({
    client_id,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid offline_access mcp:tools',
    resource,
    code_challenge_method: 'S256',
    state: 'redacted',
    nonce: 'redacted',
    code_challenge: 'redacted',
    id_token_hint: 'redacted',
  });
  const tokenId = decodeJwt(access_token).jti;
  expect(records[3]).toMatchObject({ grant: 'authorization_code', scope: 'openid', tokenId });
  expect(records[4]).toMatchObject({ grant: 'refresh_token' });
  expect(records[5]).toMatchObject({ tokenId });
  const everything = JSON.stringify(records);
  for (const secret of [
    state,
    nonce,
    hint,
    code,
    verifier,
    challenge,
    access_token,
    refresh_token,
    id_token,
  ]) {
    expect(everything).not.toContain(secret);
  }
});
