// 2-legged sign-in: one flight, fresh tokens, and not a word about secrets.
import { describe, expect, test } from 'vitest';
import { clientCredentials } from '../../../lib/aps-sign-in/client-credentials.ts';
import { localUser } from '../../../lib/caller.ts';
import type { TokenSource } from '../../../lib/token-source.ts';
import { apsErrorOf } from '../../support/aps-calls.ts';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { closing } from '../../support/closing.ts';
import { always, startLocalServer } from '../../support/local-server.ts';
import type { Fault } from '../../support/sandbox.ts';
import { everythingOf, spellingsOf } from '../../support/secrets.ts';
import { hasty } from '../../support/serving.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());

const secret = 'S3cr3t-0815-that-nobody-may-see';
const tokenRequests = () => sandbox.requests.filter(({ path }) => path === '/authentication/v2/token');

function source(changes: Partial<Parameters<typeof clientCredentials>[0]> = {}): TokenSource {
  return clientCredentials({
    clientId: sandbox.env.APS_CLIENT_ID ?? '',
    clientSecret: sandbox.env.APS_CLIENT_SECRET ?? '',
    scopes: ['bucket:read', 'data:read'],
    baseUrl: sandbox.url,
    retryPolicy: hasty,
    ...changes,
  });
}

/** The ways in which a secret could be written. */
const spellings = [...spellingsOf(secret), 'Basic '];

describe('one flight', () => {
  test('200 calls at once cause one request, for the scopes that are needed', async () => {
    const tokens = source();
    const given = await Promise.all(
      Array.from({ length: 200 }, (_, id) => tokens.get({ id: `caller ${id}` })),
    );
    expect(new Set(given).size).toBe(1);
    expect(tokenRequests()).toMatchObject([
      { grant: 'client_credentials', scope: 'bucket:read data:read', status: 200 },
    ]);
  });

  test('its failure is shared by all who wait for it, and the next call tries again', async () => {
    const tokens = source({ retryPolicy: { retries: 0 } });
    sandbox.trouble.set({ failAll: { status: 503 } });
    const errors = await Promise.all(Array.from({ length: 50 }, () => apsErrorOf(tokens.get(localUser))));
    expect(new Set(errors.map(({ status }) => status))).toEqual(new Set([503]));
    expect(tokenRequests()).toHaveLength(1);
    sandbox.trouble.reset();
    expect(await tokens.get(localUser)).toMatch(/^eyJ/);
    expect(tokenRequests()).toHaveLength(2);
  });
});

describe('fresh', () => {
  test('a token is kept until 60 seconds before it expires, and then renewed', async () => {
    let clock = Date.now();
    const tokens = source({ now: () => clock });
    const first = await tokens.get(localUser);
    clock += 3_599_000 - 60_000 - 1;
    expect(await tokens.get(localUser)).toBe(first);
    clock += 1;
    const second = await tokens.get(localUser);
    expect(second).not.toBe(first);
    expect(await tokens.get(localUser)).toBe(second);
    expect(tokenRequests()).toHaveLength(2);
  });

  test('a dropped token is not given out again', async () => {
    const tokens = source();
    const first = await tokens.get(localUser);
    tokens.drop(localUser, first);
    expect(await tokens.get(localUser)).not.toBe(first);
  });

  test('dropping a token that was already replaced leaves the new one alone', async () => {
    const tokens = source();
    const first = await tokens.get(localUser);
    tokens.drop(localUser, first);
    const second = await tokens.get(localUser);
    tokens.drop(localUser, first);
    expect(await tokens.get(localUser)).toBe(second);
    expect(tokenRequests()).toHaveLength(2);
  });

  test('a token whose lifetime is not told is taken to live for the documented hour', async () => {
    const server = keep(await startLocalServer(always({ access_token: 'a', token_type: 'Bearer' })));
    let clock = Date.now();
    const tokens = source({ baseUrl: server.url, now: () => clock });
    await tokens.get(localUser);
    clock += 3_539_000;
    await tokens.get(localUser);
    expect(server.requests).toHaveLength(1);
    clock += 1000;
    await tokens.get(localUser);
    expect(server.requests).toHaveLength(2);
  });
});

describe('silent', () => {
  test('a wrong secret is an error with advice, and without the secret', async () => {
    const error = await apsErrorOf(source({ clientSecret: secret }).get(localUser));
    expect(error).toMatchObject({ name: 'ApsError', status: 401, requestId: expect.any(String) });
    expect(error.message).toContain('not sign the application in');
    expect(error.advice).toMatch(/APS_CLIENT_ID.+APS_CLIENT_SECRET/);
    for (const spelling of spellings) expect(everythingOf(error)).not.toContain(spelling);
    expect(tokenRequests()).toHaveLength(1);
  });

  test('a scope that the application may not have is an error that says so', async () => {
    const error = await apsErrorOf(source({ scopes: ['data:fly'] }).get(localUser));
    expect(error).toMatchObject({ status: 400, code: 'invalid_scope' });
    expect(error.message).toMatch(/refused.*data:fly/);
    expect(error.advice).toContain('scope');
  });

  test.each([
    ['a slow APS', () => {}],
    ['an answer of another kind', always({ access_token: 7, echo: secret })],
    ['a token of another type', always({ access_token: secret, token_type: 'mac' })],
    ['a page', always(`<html>${secret}</html>`, 200, { 'content-type': 'text/html' })],
    ['a refusal that repeats what it was sent', always({ error: 'invalid_request', echo: secret }, 400)],
  ])('%s is an error without the secret', async (_what, answer) => {
    const server = keep(await startLocalServer(answer));
    const tokens = source({
      baseUrl: server.url,
      clientSecret: secret,
      retryPolicy: { ...hasty, timeout: 50, retries: 1 },
    });
    const error = await apsErrorOf(tokens.get(localUser));
    for (const spelling of spellings) expect(everythingOf(error)).not.toContain(spelling);
    expect(error.advice).not.toBe('');
  });

  test('a redirect of the token endpoint takes the secret nowhere', async () => {
    const thief = keep(await startLocalServer(always({ access_token: 'a', token_type: 'Bearer' })));
    const server = keep(await startLocalServer(always({}, 307, { location: `${thief.url}/token` })));
    await apsErrorOf(source({ baseUrl: server.url, clientSecret: secret }).get(localUser));
    expect(thief.requests).toEqual([]);
  });
});

describe('the token endpoint in trouble', () => {
  const faults: Fault[] = [
    { status: 429, retryAfter: '0' },
    { status: 500 },
    { status: 503 },
    { drop: 'before' },
    { drop: 'midway' },
  ];
  test.each(faults)('%j is asked again', async (fault) => {
    sandbox.trouble.set({ sequence: [fault, fault] });
    expect(await source().get(localUser)).toMatch(/^eyJ/);
    expect(tokenRequests()).toHaveLength(3);
  });

  test('that begins an answer and never ends it does not hold up the next call', async () => {
    const server = keep(
      await startLocalServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 }).write('{');
      }),
    );
    const tokens = source({ baseUrl: server.url, retryPolicy: { ...hasty, timeout: 50, retries: 1 } });
    const { message } = await apsErrorOf(tokens.get(localUser));
    expect(message).toContain(server.url);
    await apsErrorOf(tokens.get(localUser));
    expect(server.requests).toHaveLength(4);
  });

  test('for long is an error in words', async () => {
    sandbox.trouble.set({ failAll: { status: 503 } });
    const error = await apsErrorOf(source().get(localUser));
    expect(error.status).toBe(503);
    expect(error.advice).toMatch(/try again/i);
  });
});
