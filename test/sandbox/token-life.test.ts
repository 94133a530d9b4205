// Introspection, revocation and discovery.
import { allowInsecureRequests, discoveryRequest, processDiscoveryResponse } from 'oauth4webapi';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { accessToken, basic, demo, get, json, other, post } from './calls.ts';
import { startClockedSandbox } from './clock.ts';

const { sandbox, clock } = await startClockedSandbox();

const works = async (token: string) => (await get(sandbox, '/oss/v2/buckets', token)).status === 200;

describe('introspection', () => {
  test('describes a valid token to its own application', async () => {
    const token = await accessToken(sandbox, 'data:read bucket:read');
    expect(await json(await post(sandbox, 'introspect', { token }))).toEqual({
      active: true,
      scope: 'data:read bucket:read',
      client_id: demo.id,
      exp: Math.floor(clock.now / 1000) + 3599,
    });
  });

  test('reports every other token as inactive, without details', async () => {
    const token = await accessToken(sandbox);
    const inactive = { active: false };
    expect(await json(await post(sandbox, 'introspect', { token: 'unknown' }))).toEqual(inactive);
    expect(await json(await post(sandbox, 'introspect', { token }, basic(other)))).toEqual(inactive);
    clock.now += 3_600_000;
    expect(await json(await post(sandbox, 'introspect', { token }))).toEqual(inactive);
  });

  test('requires a token and client authentication', async () => {
    expect((await post(sandbox, 'introspect', {})).status).toBe(400);
    expect((await post(sandbox, 'introspect', { token: 'x' }, {})).status).toBe(401);
  });
});

describe('revocation', () => {
  const token_type_hint = 'access_token';

  test('ends a token at once and returns an empty body', async () => {
    const token = await accessToken(sandbox);
    const answer = await post(sandbox, 'revoke', { token, token_type_hint });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
    const refused = await get(sandbox, '/oss/v2/buckets', token);
    expect(refused.status).toBe(401);
    expect((await json(refused)).errorCode).toBe('AUTH-006');
    expect(await json(await post(sandbox, 'introspect', { token }))).toEqual({ active: false });
  });

  test('of an unknown token succeeds, as RFC 7009 requires', async () => {
    expect((await post(sandbox, 'revoke', { token: 'unknown', token_type_hint })).status).toBe(200);
  });

  test('works with the wrong token_type_hint', async () => {
    const token = await accessToken(sandbox);
    await post(sandbox, 'revoke', { token, token_type_hint: 'refresh_token' });
    expect(await works(token)).toBe(false);
  });

  test("of another application's token is refused, and the token stays valid", async () => {
    const token = await accessToken(sandbox);
    const answer = await post(sandbox, 'revoke', { token, token_type_hint }, basic(other));
    expect(answer.status).toBe(400);
    expect((await json(answer)).error).toBe('invalid_grant');
    expect(await works(token)).toBe(true);
  });

  test.each([
    ['without token', { token_type_hint }],
    ['without hint', { token: 'x' }],
    ['with an unknown hint', { token: 'x', token_type_hint: 'id_token' }],
  ])('%s is an invalid request', async (_case, form) => {
    const answer = await post(sandbox, 'revoke', form);
    expect(answer.status).toBe(400);
    expect((await json(answer)).error).toBe('invalid_request');
  });

  test('is limited to 100 calls a minute', async () => {
    const form = { token: 'x', token_type_hint };
    for (let call = 1; call <= 100; call++) {
      expect((await post(sandbox, 'revoke', form, basic(other))).status).toBe(200);
    }
    expect((await post(sandbox, 'revoke', form, basic(other))).status).toBe(429);
  });

  test('of all tokens returns how many were valid', async () => {
    sandbox.revokeAccessTokens();
    await accessToken(sandbox);
    clock.now += 3_600_000;
    const live = [await accessToken(sandbox), await accessToken(sandbox)];
    expect(sandbox.revokeAccessTokens()).toBe(2);
    expect(await Promise.all(live.map(works))).toEqual([false, false]);
  });
});

describe('discovery', () => {
  test('satisfies a client that compares the issuer with the address', async () => {
    const issuer = new URL(sandbox.url);
    const answer = await discoveryRequest(issuer, { [allowInsecureRequests]: true });
    const metadata = await processDiscoveryResponse(issuer, answer);
    expect(metadata.token_endpoint).toBe(`${sandbox.url}/authentication/v2/token`);
    expect(metadata.jwks_uri).toBe(`${sandbox.url}/authentication/v2/keys`);
  });

  test('uses the address at which the sandbox was called', async () => {
    const { port } = new URL(sandbox.url);
    const named = await fetch(`http://localhost:${port}/.well-known/openid-configuration`);
    expect((await json(named)).issuer).toBe(`http://localhost:${port}`);
  });

  test('promises only what is served', async () => {
    const { served } = z
      .object({ served: z.array(z.string()) })
      .parse(await (await get(sandbox, '/_sandbox')).json());
    const metadata = await json(await get(sandbox, '/.well-known/openid-configuration'));
    const places = Object.entries(metadata).filter(([name]) => /_(endpoint|uri)$/.test(name));
    expect(places.length).toBeGreaterThanOrEqual(6);
    for (const [, address] of places)
      expect(served.map((each) => each.split(' ')[1])).toContain(new URL(String(address)).pathname);
    expect(metadata).toMatchObject({
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
    });
  });

  test('has the members that APS publishes', async () => {
    const metadata = await json(await get(sandbox, '/.well-known/openid-configuration'));
    expect(new Set(Object.keys(metadata))).toEqual(
      new Set([
        'issuer',
        'authorization_endpoint',
        'token_endpoint',
        'userinfo_endpoint',
        'jwks_uri',
        'revocation_endpoint',
        'introspection_endpoint',
        'scopes_supported',
        'response_types_supported',
        'response_modes_supported',
        'grant_types_supported',
        'subject_types_supported',
        'id_token_signing_alg_values_supported',
      ]),
    );
    expect(metadata.scopes_supported).toHaveLength(16);
  });
});
