// Refresh tokens: good once, for one client, with one that follows, and a sign of theft when an old one comes back.
import { describe, expect, test } from 'vitest';
import { randomKeys } from '../../../../../lib/sealed.ts';
import { createGrants } from '../../../../../lib/serve/client-sign-in/autodesk/grants.ts';
import { days, later, minutes, now, seconds } from '../../../../support/clock.ts';
import { distantStore, randomFrom } from '../../../../support/distant-store.ts';
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
import { kindOf, outage, watchedStore } from '../../../../support/watched-store.ts';

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

  test('is answered with the same next one each time, at every instance', async () => {
    const store = keep(watchedStore());
    const one = keep(await serveAutodesk(sandbox, { store, secret }));
    const other = keep(
      await serveAutodesk(sandbox, { store, secret, publicUrl: one.url, resource: `${one.url}/mcp` }),
    );
    later(0);
    const first = await newTokens(one);
    const next = await tokensFor(one, refreshForm(first));
    later(29 * seconds);
    for (const at of [one, other]) {
      const again = await tokensFor(at, refreshForm(first));
      expect(again.refresh).toBe(next.refresh);
      expect(again.access).not.toBe(next.access);
    }
    expect(JSON.stringify(store.given)).not.toContain(next.refresh);
  });

  test('gives a thief no chain beside that of the client: once the next one was used, it ends both', async () => {
    later(0);
    const first = await newTokens(served);
    const stolen = await tokensFor(served, refreshForm(first));
    const next = await tokensFor(served, refreshForm(first));
    const afterNext = await tokensFor(served, refreshForm(next));
    later(29 * seconds);
    expect(await askToken(served, refreshForm(first))).toMatchObject(invalidGrant);
    for (const tokens of [afterNext, next, stolen]) {
      expect((await call(served, tokens.access)).status).toBe(401);
      expect(await askToken(served, refreshForm(tokens))).toMatchObject(invalidGrant);
    }
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

const secret = 'a secret that all instances of a deployment share';
const client = { id: 'a-client', name: 'A Client' };

/** Grants by themselves, of people who are always signed in. */
const newGrants = (store = keep(watchedStore())) =>
  createGrants({
    ...{ issuer: 'http://localhost', resource: 'http://localhost/mcp', scopes: ['data:read'], now },
    ...{ keys: randomKeys(), store },
    grantLifetime: (90 * days) / seconds,
    signInIdOf: async () => 'the same all the time',
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

test('a repeated request that takes long does not make the next refresh token unused again', async () => {
  later(0);
  const grants = newGrants();
  const first = await grants.create('a-code', 'a sign-in', { sub: alice.userId }, client);
  const next = await grants.refresh(first.refresh_token, client.id, async () => true);
  let answer = (_isSignedIn: boolean) => {};
  const asked = new Promise<boolean>((resolve) => {
    answer = resolve;
  });
  const slow = grants.refresh(first.refresh_token, client.id, () => asked);
  const afterNext = await grants.refresh(next.refresh_token, client.id, async () => true);
  later(20 * seconds);
  answer(true);
  expect((await slow).refresh_token).toBe(next.refresh_token);
  later(11 * seconds);
  await expect(grants.refresh(next.refresh_token, client.id, async () => true)).rejects.toThrow();
  await expect(grants.verify(afterNext.access_token)).rejects.toMatchObject({ code: 'invalid_token' });
});

test('a used refresh token ends the grant where the secret that it was renewed with is no longer accepted', async () => {
  const store = keep(watchedStore());
  const [before, after] = [newGrants(store), newGrants(store)];
  const first = await before.create('a-code', 'a sign-in', { sub: alice.userId }, client);
  const next = await before.refresh(first.refresh_token, client.id, async () => true);
  await expect(after.refresh(first.refresh_token, client.id, async () => true)).rejects.toThrow();
  await expect(before.verify(next.access_token)).rejects.toMatchObject({ code: 'invalid_token' });
});

test('a renewal that fails because of APS does not use up the refresh token', async () => {
  later(0);
  const grants = newGrants();
  const { refresh_token } = await grants.create('a-code', 'a sign-in', { sub: alice.userId }, client);
  const trouble = () => Promise.reject(new Error('APS is down'));
  await expect(grants.refresh(refresh_token, client.id, trouble)).rejects.toThrow('APS is down');
  later(minutes);
  const next = await grants.refresh(refresh_token, client.id, async () => true);
  // In the leeway, too.
  await expect(grants.refresh(refresh_token, client.id, trouble)).rejects.toThrow('APS is down');
  const again = await grants.refresh(refresh_token, client.id, async () => true);
  expect(again.refresh_token).toBe(next.refresh_token);
});

describe('a renewal that an outage of the store interrupts before the next refresh token is stored', () => {
  /** The tokens of a client that was told to try again, more than thirty seconds ago. */
  async function interrupted() {
    later(0);
    const store = watchedStore();
    const at = keep(await serveAutodesk(sandbox, { store }));
    const first = await newTokens(at);
    let isDown = false;
    store.pause = async (operation, key) => {
      isDown ||= operation === 'write' && kindOf(key) === 'refresh';
      if (isDown) await outage();
    };
    const { status, headers } = await askToken(at, refreshForm(first));
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    later(37 * seconds);
    store.pause = async () => {};
    return { at, first };
  }

  test('succeeds when the store is back, however long that took, and signs nobody out', async () => {
    const { at, first } = await interrupted();
    expect((await call(at, first.access)).status).toBe(200);
    const answers = await Promise.all([1, 2, 3].map(() => tokensFor(at, refreshForm(first))));
    later(30 * seconds);
    const next = await tokensFor(at, refreshForm(first));
    expect(new Set([...answers, next].map(({ refresh }) => refresh)).size).toBe(1);
    for (const { access } of [first, next]) expect((await call(at, access)).status).toBe(200);
    expect(await askToken(at, refreshForm(next))).toMatchObject(goodUntilNow);
  });

  test('gives no second chance: thirty seconds after it has succeeded, the same refresh token ends the grant', async () => {
    const { at, first } = await interrupted();
    const next = await tokensFor(at, refreshForm(first));
    later(30 * seconds + 1);
    expect(await askToken(at, refreshForm(first))).toMatchObject(invalidGrant);
    expect((await call(at, next.access)).status).toBe(401);
    expect(await askToken(at, refreshForm(next))).toMatchObject(invalidGrant);
  });
});

test('many renewals at once with one refresh token all succeed', async () => {
  const tokens = await newTokens(served);
  const answers = await Promise.all(Array.from({ length: 10 }, () => askToken(served, refreshForm(tokens))));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
});

test('many renewals at once with one refresh token all succeed, whatever the store', async () => {
  const apart = keep(await serveAutodesk(sandbox, { store: distantStore(randomFrom(1), 2) }));
  const tokens = await newTokens(apart);
  const answers = await Promise.all(Array.from({ length: 10 }, () => askToken(apart, refreshForm(tokens))));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(new Set(answers.map(({ json }) => json.refresh_token)).size).toBe(1);
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
