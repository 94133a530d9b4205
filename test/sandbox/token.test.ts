// The token endpoint: tokens and errors.
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { accessToken, basic, demo, get, json, post } from './calls.ts';
import { startClockedSandbox } from './clock.ts';

const { sandbox, clock } = await startClockedSandbox();

describe('an application with its secret', () => {
  const form = { grant_type: 'client_credentials', scope: 'data:read bucket:read' };

  test('gets a two-legged token, with no-store', async () => {
    const answer = await post(sandbox, 'token', form);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await json(answer)).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 3599,
    });
  });

  test('can send its credentials in the body instead of the header', async () => {
    const body = { ...form, client_id: demo.id, client_secret: demo.secret };
    expect((await post(sandbox, 'token', body, {})).status).toBe(200);
  });

  test('can form-encode id and secret before joining them, as RFC 6749 specifies', async () => {
    const encoded = { id: demo.id.replaceAll('-', '%2D'), secret: demo.secret.replaceAll('-', '%2D') };
    expect((await post(sandbox, 'token', form, basic(encoded))).status).toBe(200);
  });

  test('can request read access to a single resource', async () => {
    const scope = 'data:read:urn:adsk.objects:os.object:bucket/key';
    expect((await post(sandbox, 'token', { ...form, scope })).status).toBe(200);
  });
});

describe('an access token', () => {
  test('is an RS256 JWT with the claims of APS, signed by a published key', async () => {
    const token = await accessToken(sandbox, 'data:read bucket:read');
    const address = new URL('/authentication/v2/keys', sandbox.url);
    const { keys } = await json(await get(sandbox, address.pathname));
    const { payload } = await jwtVerify(token, createRemoteJWKSet(address), {
      issuer: sandbox.url,
      audience: 'https://autodesk.com',
      currentDate: new Date(clock.now),
      algorithms: ['RS256'],
    });
    expect(payload).toEqual({
      scope: ['data:read', 'bucket:read'],
      client_id: demo.id,
      iss: sandbox.url,
      aud: 'https://autodesk.com',
      jti: expect.stringMatching(/^[\w-]{64}$/),
      exp: Math.floor(clock.now / 1000) + 3599,
    });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', kid: keys?.[0]?.kid });
  });

  test('is verified with published keys, which contain no private key', async () => {
    const { keys } = await json(await get(sandbox, '/authentication/v2/keys'));
    expect(keys).toEqual([
      { kid: expect.any(String), kty: 'RSA', use: 'sig', n: expect.any(String), e: 'AQAB' },
    ]);
  });

  test('is never the same twice', async () => {
    expect(await accessToken(sandbox)).not.toBe(await accessToken(sandbox));
  });

  test('is valid until it expires, and not a millisecond longer', async () => {
    const token = await accessToken(sandbox);
    clock.now += 3_598_999;
    expect((await get(sandbox, '/oss/v2/buckets', token)).status).toBe(200);
    clock.now += 1;
    const late = await get(sandbox, '/oss/v2/buckets', token);
    expect(late.status).toBe(401);
    expect((await json(late)).errorCode).toBe('AUTH-006');
  });

  test('has the configured lifetime', async () => {
    const brief = await startSandbox({ now: () => clock.now, tokenLifetimeSeconds: 60 });
    try {
      const answer = await post(brief, 'token', { grant_type: 'client_credentials', scope: 'data:read' });
      expect((await json(answer)).expires_in).toBe(60);
      brief.trouble.set({ tokenLifetimeSeconds: 5 });
      brief.trouble.reset();
      expect(brief.trouble.current.tokenLifetimeSeconds).toBe(60);
    } finally {
      await brief.close();
    }
  });
});

describe('a token request is refused with the OAuth error', () => {
  const scope = 'data:read';
  const grant_type = 'client_credentials';

  test.each([
    ['without grant_type', { scope }, 'invalid_request'],
    ['with an unknown grant_type', { grant_type: 'password', scope }, 'unsupported_grant_type'],
    [
      'with the name of an object member as grant_type',
      { grant_type: 'constructor', scope },
      'unsupported_grant_type',
    ],
    ['without scope', { grant_type }, 'invalid_scope'],
    ['with an empty scope', { grant_type, scope: ' ' }, 'invalid_scope'],
    [
      'with a scope that is not published',
      { grant_type, scope: 'data:read data:everything' },
      'invalid_scope',
    ],
    [
      'with a repeated parameter',
      `grant_type=${grant_type}&scope=data:read&scope=data:write`,
      'invalid_request',
    ],
    [
      'with credentials in header and body',
      { grant_type, scope, client_id: demo.id, client_secret: demo.secret },
      'invalid_request',
    ],
    [
      'with different clients in header and body',
      { grant_type, scope, client_id: 'somebody' },
      'invalid_request',
    ],
  ])('400 %s', async (_case, form, error) => {
    const answer = await post(sandbox, 'token', form);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await json(answer)).toEqual({ error, error_description: expect.any(String) });
  });

  test.each([
    ['without credentials', {}],
    ['with a wrong secret', basic({ id: demo.id, secret: 'guess' })],
    ['with an unknown client', basic({ id: 'somebody', secret: demo.secret })],
    ['with a bearer token instead', { authorization: 'Bearer abc' }],
    ['with Basic credentials that are not base64', { authorization: 'Basic ***' }],
    ['with Basic credentials that have no colon', { authorization: `Basic ${btoa('sandbox')}` }],
    ['with a broken escape in the credentials', basic({ id: demo.id, secret: '%zz' })],
  ])('401 %s', async (_case, headers) => {
    const answer = await post(sandbox, 'token', { grant_type, scope }, headers);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic/);
    expect((await json(answer)).error).toBe('invalid_client');
  });

  test('415 if the body is not a form', async () => {
    const answer = await fetch(`${sandbox.url}/authentication/v2/token`, {
      method: 'POST',
      headers: { ...basic(demo), 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type, scope }),
    });
    expect(answer.status).toBe(415);
    expect((await json(answer)).error).toBe('invalid_request');
  });
});

test('the 501st token call of an application within a minute gets a 429, until a minute has passed', async () => {
  const fresh = await startSandbox({ now: () => clock.now });
  try {
    const form = { grant_type: 'client_credentials', scope: 'data:read' };
    for (let call = 1; call <= 500; call++) {
      expect((await post(fresh, 'token', form)).status).toBe(200);
    }
    clock.now += 12_000;
    const refused = await post(fresh, 'token', form);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('48');
    expect((await json(refused)).errorCode).toBe('ERR-001');
    clock.now += 48_000;
    expect((await post(fresh, 'token', form)).status).toBe(200);
  } finally {
    await fresh.close();
  }
});

test('the request log has the grant, scope and token id of a token request, and no secret', async () => {
  const token = await accessToken(sandbox, 'data:read');
  const record = sandbox.requests.at(-1);
  expect(record).toEqual({
    at: clock.now,
    method: 'POST',
    path: '/authentication/v2/token',
    query: {},
    status: 200,
    durationMs: expect.any(Number),
    grant: 'client_credentials',
    scope: 'data:read',
    tokenId: JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti,
  });
  const everything = JSON.stringify(sandbox.requests);
  expect(everything).not.toContain(token);
  expect(everything).not.toContain(demo.secret);
});
