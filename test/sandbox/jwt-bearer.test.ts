// The JWT bearer grant: valid and invalid assertions.
import { createHmac, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { decodeJwt, importPKCS8, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { assertion, demoAccount, exchange, jwtBearer } from './assertion-calls.ts';
import { accessToken, basic, demo, get, json, other, post, withoutApis } from './calls.ts';
import { startClockedSandbox } from './clock.ts';

const { sandbox, clock } = await startClockedSandbox();

const seconds = () => Math.floor(clock.now / 1000);

describe('an assertion', () => {
  test('is exchanged for a token of the service account, without a refresh token', async () => {
    const answer = await exchange(
      sandbox,
      await assertion(sandbox, clock.now, { scope: ['data:read', 'account:read'] }),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const body = await json(answer);
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 3599 });
    expect(decodeJwt(body.access_token ?? '')).toMatchObject({
      userid: sandbox.env.APS_SSA_ID,
      client_id: demo.id,
      scope: ['data:read', 'account:read'],
    });
  });

  test('can be signed with a PKCS#8 key, and sent with the credentials in the body', async () => {
    const { id, kid, privateKey } = demoAccount(sandbox);
    const pkcs8 = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
    const signed = await new SignJWT({ scope: ['data:read'] })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer(demo.id)
      .setSubject(id)
      .setAudience(`${sandbox.url}/authentication/v2/token`)
      .setExpirationTime(seconds() + 60)
      .sign(await importPKCS8(pkcs8, 'RS256'));
    const form = { grant_type: jwtBearer, assertion: signed, client_id: demo.id, client_secret: demo.secret };
    expect((await post(sandbox, 'token', form, {})).status).toBe(200);
  });

  test('can be narrowed, but not widened, by the scope of the request', async () => {
    const scope = ['data:read', 'data:write'];
    const narrowed = await json(
      await exchange(sandbox, await assertion(sandbox, clock.now, { scope }), { scope: 'data:read' }),
    );
    expect(decodeJwt(narrowed.access_token ?? '').scope).toEqual(['data:read']);
    const widened = await exchange(sandbox, await assertion(sandbox, clock.now, { scope }), {
      scope: 'data:read data:create',
    });
    expect(widened.status).toBe(400);
    expect(await json(widened)).toMatchObject({ error: 'invalid_scope' });
  });

  test('that claims data:read gives no viewables:read', async () => {
    const answer = await exchange(sandbox, await assertion(sandbox, clock.now), { scope: 'viewables:read' });
    expect([answer.status, (await json(answer)).error]).toEqual([400, 'invalid_scope']);
  });

  test('is valid for the address at which the sandbox was called', async () => {
    const { port } = new URL(sandbox.url);
    const named = `http://localhost:${port}/authentication/v2/token`;
    const signed = await assertion(sandbox, clock.now, { aud: named });
    expect((await exchange(sandbox, signed)).status).toBe(400);
    const body = new URLSearchParams({ grant_type: jwtBearer, assertion: signed });
    expect((await fetch(named, { method: 'POST', body, headers: basic(demo) })).status).toBe(200);
  });

  test('works once, and so does its jti', async () => {
    const signed = await assertion(sandbox, clock.now, { jti: 'once' });
    expect((await exchange(sandbox, signed)).status).toBe(200);
    const again = await exchange(sandbox, signed);
    expect(again.status).toBe(400);
    expect(await json(again)).toEqual({
      error: 'invalid_grant',
      error_description: expect.stringContaining('already used'),
    });
    const twin = await assertion(sandbox, clock.now, { jti: 'once', exp: seconds() + 100 });
    expect((await exchange(sandbox, twin)).status).toBe(400);
  });

  test('without jti also works once', async () => {
    const signed = await assertion(sandbox, clock.now, { jti: undefined });
    expect((await exchange(sandbox, signed)).status).toBe(200);
    expect((await exchange(sandbox, signed)).status).toBe(400);
  });

  test('that was refused can be sent again after the cause is fixed', async () => {
    const signed = await assertion(sandbox, clock.now, { nbf: seconds() + 60 });
    expect((await exchange(sandbox, signed)).status).toBe(400);
    clock.now += 60_000;
    expect((await exchange(sandbox, signed)).status).toBe(200);
  });

  test('is valid until exp', async () => {
    const [early, late] = await Promise.all([assertion(sandbox, clock.now), assertion(sandbox, clock.now)]);
    clock.now += 299_000;
    expect((await exchange(sandbox, early)).status).toBe(200);
    clock.now += 1_000;
    expect((await exchange(sandbox, late)).status).toBe(400);
  });

  test('gives a token with the configured lifetime', async () => {
    sandbox.trouble.set({ tokenLifetimeSeconds: 5 });
    const body = await json(await exchange(sandbox, await assertion(sandbox, clock.now)));
    sandbox.trouble.reset();
    expect(body.expires_in).toBe(5);
    expect((await get(sandbox, '/project/v1/hubs', body.access_token)).status).toBe(200);
    clock.now += 5_000;
    expect((await get(sandbox, '/project/v1/hubs', body.access_token)).status).toBe(401);
  });
});

describe('an assertion is refused as an invalid grant', () => {
  test.each<[string, () => Record<string, unknown>]>([
    ['from another issuer', () => ({ iss: other.id })],
    ['without issuer', () => ({ iss: undefined })],
    ['for another subject', () => ({ sub: 'SBXUSERALICE' })],
    ['without subject', () => ({ sub: undefined })],
    ['for APS itself', () => ({ aud: 'https://developer.api.autodesk.com/authentication/v2/token' })],
    ['for the sandbox, but not its token endpoint', () => ({ aud: sandbox.url })],
    ['without audience', () => ({ aud: undefined })],
    ['that has expired', () => ({ exp: seconds() })],
    ['that lasts 301 seconds', () => ({ exp: seconds() + 301 })],
    ['that never expires', () => ({ exp: undefined })],
    ['whose exp is in milliseconds', () => ({ exp: clock.now + 60_000 })],
    ['issued in the future', () => ({ iat: seconds() + 1 })],
    ['not valid yet', () => ({ nbf: seconds() + 1 })],
    ['without scope', () => ({ scope: undefined })],
    ['whose scope is a string', () => ({ scope: 'data:read' })],
    ['whose scope is empty', () => ({ scope: [] })],
  ])('%s', async (_case, claims) => {
    const answer = await exchange(sandbox, await assertion(sandbox, clock.now, claims()));
    expect(answer.status).toBe(400);
    expect(await json(answer)).toEqual({ error: 'invalid_grant', error_description: expect.any(String) });
  });

  test.each([
    ['without kid', { kid: undefined }],
    ['with an unknown kid', { kid: '00000000-0000-4000-8000-000000000000' }],
    ['with PS256', { alg: 'PS256' }],
    ['with RS512', { alg: 'RS512' }],
  ])('%s', async (_case, header) => {
    const answer = await exchange(sandbox, await assertion(sandbox, clock.now, {}, header));
    expect(answer.status).toBe(400);
    expect((await json(answer)).error).toBe('invalid_grant');
  });

  test('signed by another key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const account = {
      ...demoAccount(sandbox),
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    const answer = await exchange(sandbox, await assertion(sandbox, clock.now, {}, {}, account));
    expect(await json(answer)).toMatchObject({ error: 'invalid_grant' });
  });

  test('unsigned, signed with a shared secret, changed, or no JWT at all', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = demoAccount(sandbox);
    const signed = await assertion(sandbox, clock.now);
    const [head = '', claims = '', signature = ''] = signed.split('.');
    const shared = `${part({ alg: 'HS256', kid })}.${claims}`;
    for (const forged of [
      `${part({ alg: 'none', kid })}.${claims}.`,
      `${shared}.${createHmac('sha256', demo.secret).update(shared).digest('base64url')}`,
      `${head}.${part({ ...decodeJwt(signed), sub: 'SBXUSERALICE' })}.${signature}`,
      'not-a-jwt',
      '',
    ]) {
      const answer = await exchange(sandbox, forged);
      expect(answer.status).toBe(400);
      expect((await json(answer)).error).toBe('invalid_grant');
    }
  });

  test('sent by another application', async () => {
    const signed = await assertion(sandbox, clock.now, { iss: other.id });
    const answer = await exchange(sandbox, signed, {}, other);
    expect(answer.status).toBe(400);
    expect((await json(answer)).error).toBe('invalid_grant');
  });

  test('of a disabled service account', async () => {
    const token = await accessToken(sandbox, 'application:service_account:write');
    const setStatus = (status: string) =>
      fetch(`${sandbox.url}/authentication/v2/service-accounts/${sandbox.env.APS_SSA_ID}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ status }),
      });
    expect((await setStatus('DISABLED')).status).toBe(200);
    const answer = await exchange(sandbox, await assertion(sandbox, clock.now));
    expect((await json(answer)).error).toBe('invalid_grant');
    expect((await setStatus('ENABLED')).status).toBe(200);
    expect((await exchange(sandbox, await assertion(sandbox, clock.now))).status).toBe(200);
  });
});

describe('the request is refused', () => {
  test('400 without assertion', async () => {
    const answer = await post(sandbox, 'token', { grant_type: jwtBearer });
    expect(answer.status).toBe(400);
    expect((await json(answer)).error).toBe('invalid_request');
  });

  test('400 with a scope that is not published, in the assertion or the request', async () => {
    const inside = await exchange(
      sandbox,
      await assertion(sandbox, clock.now, { scope: ['data:everything'] }),
    );
    expect((await json(inside)).error).toBe('invalid_scope');
    const beside = await exchange(sandbox, await assertion(sandbox, clock.now), { scope: 'data:everything' });
    expect((await json(beside)).error).toBe('invalid_scope');
  });

  test('401 with wrong client credentials', async () => {
    const signed = await assertion(sandbox, clock.now);
    const answer = await exchange(sandbox, signed, {}, { id: demo.id, secret: 'guess' });
    expect(answer.status).toBe(401);
    expect((await json(answer)).error).toBe('invalid_client');
  });

  test('403 for an application that is not server-to-server', async () => {
    const answer = await exchange(
      sandbox,
      await assertion(sandbox, clock.now, { iss: withoutApis.id }),
      {},
      withoutApis,
    );
    expect(answer.status).toBe(403);
    expect((await json(answer)).error).toBe('unauthorized_client');
  });
});

test('the date of every response, including errors, follows the clock of the sandbox', async () => {
  const refused = await exchange(sandbox, await assertion(sandbox, clock.now, { exp: seconds() - 1 }));
  expect(refused.headers.get('date')).toBe(new Date(clock.now).toUTCString());
  expect((await get(sandbox, '/nothing')).headers.get('date')).toBe(new Date(clock.now).toUTCString());
});

test('the request log contains neither the assertion nor the key', async () => {
  const signed = await assertion(sandbox, clock.now);
  await exchange(sandbox, signed);
  expect(sandbox.requests.at(-1)).toMatchObject({ status: 200, grant: jwtBearer });
  const everything = JSON.stringify(sandbox.requests);
  expect(everything).not.toContain(signed);
  expect(everything).not.toContain(sandbox.env.APS_SSA_KEY_BASE64);
});
