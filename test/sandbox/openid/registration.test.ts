// The registration endpoint: metadata and limits.
import { describe, expect, test } from 'vitest';
import { startClockedSandbox } from '../clock.ts';
import { authorizeUrl, clientId, errorOf, json, redirectUri, register } from './calls.ts';

const { sandbox, clock } = await startClockedSandbox();

test('a client gets its id and the metadata that apply, whatever it requested', async () => {
  const answer = await register(sandbox, {
    client_name: 'Test Client',
    redirect_uris: [redirectUri, 'https://client.example/callback?from=idp'],
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['implicit'],
    scope: 'everything',
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await json(answer)).toEqual({
    client_id: expect.stringMatching(/^client-[\w-]{20,}$/),
    client_id_issued_at: clock.now / 1000,
    client_name: 'Test Client',
    redirect_uris: [redirectUri, 'https://client.example/callback?from=idp'],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  });
});

test('a client needs no name, and gets a unique id', async () => {
  const metadata = { redirect_uris: [redirectUri] };
  const [one, other] = [await clientId(sandbox, metadata), await clientId(sandbox, metadata)];
  expect(one).not.toBe(other);
  const page = await (await fetch(authorizeUrl(sandbox, one))).text();
  expect(page).toContain('An unnamed application');
});

describe('a redirect URI', () => {
  test.each([
    'https://client.example/callback',
    'http://localhost/callback',
    'http://127.0.0.1:33418',
    'http://[::1]:33418/callback',
  ])('can be %s', async (uri) => {
    expect((await register(sandbox, { redirect_uris: [uri] })).status).toBe(201);
  });

  test.each([
    'http://client.example/callback',
    'http://localhost.client.example/callback',
    'http://127.0.0.1@client.example/callback',
    'https://client.example/callback#fragment',
    'https://client.example/callback#',
    'javascript:alert(1)',
    'cursor://callback',
    '/callback',
    '',
    `https://client.example/${'x'.repeat(2000)}`,
  ])('cannot be %s', async (uri) => {
    const answer = await register(sandbox, { redirect_uris: [redirectUri, uri] });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await errorOf(answer)).toEqual([400, 'invalid_redirect_uri']);
  });

  test.each([[undefined], [[]], [redirectUri], [Array(21).fill(redirectUri)]])(
    'must be in a list of 1 to 20, unlike %j',
    async (redirect_uris) => {
      expect(await errorOf(await register(sandbox, { redirect_uris }))).toEqual([
        400,
        'invalid_redirect_uri',
      ]);
    },
  );
});

test.each([
  [{ client_name: 1, redirect_uris: [redirectUri] }],
  [{ client_name: 'x'.repeat(201), redirect_uris: [redirectUri] }],
  ['text'],
  [null],
])('invalid metadata is refused: %j', async (metadata) => {
  expect(await errorOf(await register(sandbox, metadata))).toEqual([400, 'invalid_client_metadata']);
});

test('a body that is not JSON is refused', async () => {
  const answer = await fetch(`${sandbox.openIdIssuer}/register`, { method: 'POST', body: 'redirect_uris=x' });
  expect(await errorOf(answer)).toEqual([400, 'invalid_client_metadata']);
});

test('the oldest of more than 1,000 clients is dropped', async () => {
  const [oldest, second] = [await clientId(sandbox), await clientId(sandbox)];
  for (let count = 2; count < 1000; count++) await clientId(sandbox);
  expect((await fetch(authorizeUrl(sandbox, oldest))).status).toBe(200);
  const newest = await clientId(sandbox);
  expect((await fetch(authorizeUrl(sandbox, oldest))).status).toBe(400);
  for (const id of [second, newest]) expect((await fetch(authorizeUrl(sandbox, id))).status).toBe(200);
});
