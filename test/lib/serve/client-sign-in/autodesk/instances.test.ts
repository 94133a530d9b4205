// Two instances of a deployment with one store: whatever one has taken back, or has seen, the other knows.
import { exportJWK, SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { later, minutes, now, seconds } from '../../../../support/clock.ts';
import { closing } from '../../../../support/closing.ts';
import { newKeyPair } from '../../../../support/key-pairs.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import {
  askToken,
  call,
  codeForm,
  newTokens,
  refreshForm,
  revoke,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { startSandbox } from '../../../../support/sandbox.ts';
import { serveAutodesk } from '../../../../support/serving-autodesk.ts';
import { outage, watchedStore } from '../../../../support/watched-store.ts';

const keep = closing();
const sandbox = keep(await startSandbox({ now }));
const store = watchedStore();
const { privateKey, publicKey } = newKeyPair('ES256');
const jwk = { ...(await exportJWK(publicKey)), kid: '1' };
const published = 'https://client.example/client.json';
const shared = {
  ...{ store, secret: 'a secret that all instances of a deployment share' },
  fetchDocument: async (client_id: string) => ({
    ...{ client_id, client_name: 'Published', redirect_uris: [clientCallback] },
    ...{ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
  }),
};
const one = keep(await serveAutodesk(sandbox, shared));
const other = keep(
  await serveAutodesk(sandbox, { ...shared, publicUrl: one.url, resource: `${one.url}/mcp` }),
);
afterEach(() => {
  store.pause = async () => {};
});

const invalidGrant = { status: 400, json: { error: 'invalid_grant' } };

describe('at another instance', () => {
  test('tokens are valid', async () => {
    const tokens = await newTokens(one);
    expect((await call(other, tokens.access)).status).toBe(200);
    expect((await call(one, (await tokensFor(other, refreshForm(tokens))).access)).status).toBe(200);
  });

  test('a code that comes again ends what was given for it', async () => {
    const form = await codeForm(one);
    const tokens = await tokensFor(one, form);
    expect(await askToken(other, form)).toMatchObject(invalidGrant);
    expect((await call(one, tokens.access)).status).toBe(401);
  });

  test('a code that came with a wrong verifier is worth nothing', async () => {
    const form = await codeForm(one);
    expect(await askToken(one, { ...form, code_verifier: 'x'.repeat(43) })).toMatchObject(invalidGrant);
    expect(await askToken(other, form)).toMatchObject(invalidGrant);
  });

  test('a refresh token that comes again after the leeway ends what came of it', async () => {
    later(0);
    const tokens = await newTokens(one);
    const next = await tokensFor(one, refreshForm(tokens));
    later(31 * seconds);
    expect(await askToken(other, refreshForm(tokens))).toMatchObject(invalidGrant);
    expect((await call(one, next.access)).status).toBe(401);
  });

  test('of two first uses of a refresh token at the same moment, both get the same next one', async () => {
    const tokens = await newTokens(one);
    const answers = await Promise.all([one, other].map((at) => tokensFor(at, refreshForm(tokens))));
    expect(answers[0]?.refresh).toBe(answers[1]?.refresh);
  });

  test('a revocation counts', async () => {
    const tokens = await newTokens(one);
    await revoke(other, { client_id: tokens.clientId, token: tokens.refresh });
    expect((await call(one, tokens.access)).status).toBe(401);
  });

  test('a sign-out counts', async () => {
    const tokens = await newTokens(one);
    expect((await call(other, tokens.access, 'sign_out')).body).toContain('Signed out');
    expect((await call(one, tokens.access)).status).toBe(401);
  });

  test('an assertion that was used is refused', async () => {
    const client_assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: '1' })
      .setIssuer(published)
      .setSubject(published)
      .setAudience(`${one.url}/oauth/token`)
      .setJti(crypto.randomUUID())
      .setExpirationTime(Math.floor(now() / 1000) + 60)
      .sign(privateKey);
    const form = {
      ...{ grant_type: 'refresh_token', refresh_token: 'unknown', client_assertion },
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    };
    expect(await askToken(one, form)).toMatchObject(invalidGrant);
    expect(await askToken(other, form)).toMatchObject({
      status: 401,
      json: { error: 'invalid_client', error_description: expect.stringContaining('already been used') },
    });
  });

  test('nothing is left of the marks ten minutes later', async () => {
    later(0);
    const form = await codeForm(one);
    await askToken(one, { ...form, code_verifier: 'x'.repeat(43) });
    await askToken(other, form);
    expect((await store.left()).join()).toMatch(/code-/);
    later(10 * minutes + seconds);
    expect((await store.left()).filter((key) => /^(code-|assertion|signed-in)/.test(key))).toEqual([]);
  });
});

describe('while the store is down', () => {
  // Nobody is told where the store is, or what is wrong with it.
  const unreachable = 'The server cannot reach its store at the moment. Try again in a minute.';
  const tryLater = expect.objectContaining({ 'retry-after': '5' });

  test('requests and tokens are refused until it is up again, and nobody is sent to sign in', async () => {
    const tokens = await newTokens(one);
    store.pause = outage;
    const { status, headers, body } = await call(one, tokens.access);
    expect([status, headers]).toEqual([503, tryLater]);
    expect(headers).not.toHaveProperty('www-authenticate');
    expect(JSON.parse(body)).toMatchObject({ error: { message: unreachable } });
    expect(await askToken(one, refreshForm(tokens))).toMatchObject({
      ...{ status: 503, headers: tryLater },
      json: { error: 'temporarily_unavailable', error_description: unreachable },
    });
    store.pause = async () => {};
    expect((await call(one, tokens.access)).status).toBe(200);
    expect((await askToken(one, refreshForm(tokens))).status).toBe(200);
  });

  test('a code is not used up', async () => {
    const form = await codeForm(one);
    store.pause = outage;
    expect(await askToken(one, form)).toMatchObject({
      status: 503,
      json: { error: 'temporarily_unavailable' },
    });
    store.pause = async () => {};
    expect((await askToken(one, form)).status).toBe(200);
  });
});
