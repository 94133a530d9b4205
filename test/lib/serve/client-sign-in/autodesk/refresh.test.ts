// Refresh tokens: good once, for one client, and a sign of theft when an old one comes back.
import { describe, expect, test } from 'vitest';
import { createKeys } from '../../../../../lib/sealed.ts';
import { createGrants } from '../../../../../lib/serve/client-sign-in/autodesk/grants.ts';
import { days, later, minutes, now, seconds } from '../../../../support/clock.ts';
import {
  askToken,
  call,
  newClient,
  newTokens,
  type Parameters,
  refreshForm,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { alice, benji } from '../../../../support/people.ts';
import { serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';
import { atAutodesk } from '../../../../support/signing-in.ts';
import { WatchedStorage } from '../../../../support/watched-storage.ts';

const { keep, sandbox, served } = await startAutodesk();

const goodUntilNow = { status: 200 };
const invalidGrant = { status: 400, json: { error: 'invalid_grant' } };

test('each renewal gives an access token and a refresh token that are new, and both work', async () => {
  let tokens = await newTokens(served);
  const seen = new Set([tokens.access, tokens.refresh]);
  for (let round = 1; round <= 3; round += 1) {
    later(minutes);
    const { headers, json } = await askToken(served, refreshForm(tokens));
    expect(headers['cache-control']).toBe('no-store');
    expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'data:read' });
    tokens = { ...tokens, access: String(json.access_token), refresh: String(json.refresh_token) };
    seen.add(tokens.access).add(tokens.refresh);
    expect((await call(served, tokens.access)).status).toBe(200);
  }
  expect(seen.size).toBe(8);
});

describe('a refresh token that was used', () => {
  test('works for another thirty seconds, for a client that lost the answer or asked twice', async () => {
    later(0);
    const first = await newTokens(served);
    const second = await tokensFor(served, refreshForm(first));
    later(30 * seconds);
    const third = await tokensFor(served, refreshForm(first));
    for (const { access } of [second, third]) expect((await call(served, access)).status).toBe(200);
    for (const tokens of [second, third])
      expect(await askToken(served, refreshForm(tokens))).toMatchObject(goodUntilNow);
  });

  test('ends everything that came of that sign-in when it comes after that', async () => {
    later(0);
    const first = await newTokens(served);
    const second = await tokensFor(served, refreshForm(first));
    const third = await tokensFor(served, refreshForm(second));
    later(30 * seconds + 1);
    expect(await askToken(served, refreshForm(first))).toMatchObject(invalidGrant);
    for (const { access } of [first, second, third]) expect((await call(served, access)).status).toBe(401);
    for (const tokens of [second, third])
      expect(await askToken(served, refreshForm(tokens))).toMatchObject(invalidGrant);
  });

  test('cannot be kept alive by using it again and again', async () => {
    const first = await newTokens(served);
    for (const wait of [0, 20 * seconds, 10 * seconds]) {
      later(wait);
      expect(await askToken(served, refreshForm(first))).toMatchObject(goodUntilNow);
    }
    later(1);
    expect(await askToken(served, refreshForm(first))).toMatchObject(invalidGrant);
  });

  test('ends no other sign-in, of the same person or another', async () => {
    const first = await newTokens(served);
    const others = [await newTokens(served), await newTokens(served, { person: atAutodesk(benji) })];
    await tokensFor(served, refreshForm(first));
    later(minutes);
    await askToken(served, refreshForm(first));
    for (const tokens of others)
      expect(await askToken(served, refreshForm(tokens))).toMatchObject(goodUntilNow);
  });
});

describe('refused, and the refresh token stays good for the client that it is for:', () => {
  test('another client', async () => {
    const tokens = await newTokens(served);
    const clientId = await newClient(served, { client_name: 'Another' });
    expect(await askToken(served, refreshForm({ ...tokens, clientId }))).toMatchObject(invalidGrant);
    // Nor does it count as its use.
    later(minutes);
    expect(await askToken(served, refreshForm(tokens))).toMatchObject(goodUntilNow);
  });

  test.each<[what: string, changes: Parameters, error: string]>([
    ['no client', { client_id: undefined }, 'invalid_request'],
    ['two clients', { client_id: ['x', 'y'] }, 'invalid_request'],
    ['no refresh token', { refresh_token: undefined }, 'invalid_request'],
    ['two refresh tokens', { refresh_token: ['x', 'y'] }, 'invalid_request'],
    ['a refresh token that is made up', { refresh_token: 'x'.repeat(43) }, 'invalid_grant'],
    ['a foreign resource', { resource: 'https://mcp.example/mcp' }, 'invalid_target'],
  ])('%s', async (_what, changes, error) => {
    const tokens = await newTokens(served);
    expect(await askToken(served, { ...refreshForm(tokens), ...changes })).toMatchObject({
      status: 400,
      json: { error },
    });
    expect(await askToken(served, refreshForm(tokens))).toMatchObject(goodUntilNow);
  });

  test('the access token in its place', async () => {
    const tokens = await newTokens(served);
    expect(await askToken(served, refreshForm({ ...tokens, refresh: tokens.access }))).toMatchObject(
      invalidGrant,
    );
    expect(await askToken(served, refreshForm(tokens))).toMatchObject(goodUntilNow);
  });
});

test('a refresh token is good for 15 days, and each renewal begins them anew', async () => {
  let tokens = await newTokens(served);
  for (let round = 0; round < 3; round += 1) {
    later(14 * days);
    tokens = await tokensFor(served, refreshForm(tokens));
    expect((await call(served, tokens.access)).status).toBe(200);
  }
  later(15 * days + minutes);
  expect(await askToken(served, refreshForm(tokens))).toMatchObject(invalidGrant);
});

const client = { id: 'a-client', name: 'A Client' };

/** Grants by themselves, of people who are always signed in. */
const newGrants = () =>
  createGrants({
    ...{ issuer: 'http://localhost', resource: 'http://localhost/mcp', scopes: ['data:read'], now },
    ...{ key: createKeys()('access tokens'), storage: keep(new WatchedStorage()) },
    signInIdOf: async () => 'the same all the time',
    grantLifetime: 90 * 24 * 3600,
  });

test('a code that comes again ends its own grant, and no other; a code without a grant leaves nothing', async () => {
  const grants = newGrants();
  const account = { sub: alice.userId };
  const one = await grants.create('a-code', 'a sign-in', account, client);
  const other = await grants.create('another', 'another sign-in', account, client);
  expect(await grants.revokeIfExists('unknown')).toBe(false);
  expect(await grants.revokeIfExists('a-code')).toBe(true);
  await expect(grants.verify(one.access_token)).rejects.toMatchObject({ code: 'invalid_token' });
  expect(await grants.verify(other.access_token)).toMatchObject({ clientId: client.id });
  expect(await grants.revokeIfExists('a-code')).toBe(true);
});

test('a refresh token ends after 15 days by itself, however long the sign-in at Autodesk lasts', async () => {
  later(0);
  const grants = newGrants();
  const { refresh_token } = await grants.create('a-code', 'a sign-in', { sub: alice.userId }, client);
  later(15 * days - minutes);
  const renewed = await grants.refresh(refresh_token, client.id, async () => true);
  later(15 * days + minutes);
  await expect(grants.refresh(renewed.refresh_token, client.id, async () => true)).rejects.toMatchObject({
    code: 'invalid_grant',
  });
});

test('many renewals at once with one refresh token all succeed', async () => {
  const tokens = await newTokens(served);
  const answers = await Promise.all(Array.from({ length: 10 }, () => askToken(served, refreshForm(tokens))));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
});

/** A storage as it is behind a network: it answers later, and each question is a trip of its own. */
class Distant extends WatchedStorage {
  override async take(key: string): Promise<unknown> {
    const value = await super.take(key);
    await trip();
    return value;
  }
  override async get(key: string): Promise<unknown> {
    const value = await super.get(key);
    await trip();
    return value;
  }
  override async save(key: string, value: unknown, ttl?: number): Promise<void> {
    await trip();
    await super.save(key, value, ttl);
  }
}
const trip = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('many renewals at once with one refresh token all succeed, whatever the storage', async () => {
  const apart = keep(await serveAutodesk(sandbox, { storage: keep(new Distant()) }));
  const tokens = await newTokens(apart);
  const answers = await Promise.all(Array.from({ length: 10 }, () => askToken(apart, refreshForm(tokens))));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
});

test('a client that is not registered any more is told so, and can register anew', async () => {
  const before = keep(await serveAutodesk(sandbox));
  const tokens = await newTokens(before);
  expect(await askToken(served, refreshForm(tokens))).toMatchObject({
    status: 401,
    json: { error: 'invalid_client', error_description: expect.stringMatching(/registered.*connect/) },
  });
  expect((await call(served, (await newTokens(served)).access)).status).toBe(200);
});
