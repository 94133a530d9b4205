// The authorization endpoint of the OpenID provider: page, redirects and errors.
import { describe, expect, test } from 'vitest';
import { startClockedSandbox } from '../clock.ts';
import { challenge, open, pkce } from '../sign-in-calls.ts';
import { ada, authorizeUrl, clientId, exchange, json, redirectUri, resource, zoe } from './calls.ts';

const { sandbox, clock } = await startClockedSandbox();

describe('the page', () => {
  test('shows the company, the client, the scopes, the target and every employee', async () => {
    const answer = await open(authorizeUrl(sandbox, await clientId(sandbox)));
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const page = await answer.text();
    expect(page).toContain('<title>Test Client asks you to sign in - Example Works</title>');
    expect(page).toMatch(/<p class="notice">.*Example Works.*made-up company.*not\s+Autodesk/s);
    expect(page).toMatch(/<li>[^<]+ <small><code>mcp:tools<\/code>/);
    expect(page).toContain(`<code id="target">${resource}</code>`);
    for (const text of ['Ada Admin', 'Emil Engineer', 'Zoë Zeichner']) expect(page).toContain(text);
    expect(page).not.toContain('<code>email</code>');
  });

  test('escapes what a client says about itself', async () => {
    const metadata = {
      client_name: '<img src=x onerror="alert(1)"> & Sons',
      redirect_uris: ['https://client.example/?a="><b>&c'],
    };
    const changes = { redirect_uri: metadata.redirect_uris[0], resource: 'https://a.example/"><b>' };
    const answer = await open(authorizeUrl(sandbox, await clientId(sandbox, metadata), changes));
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; Sons');
    for (const harm of ['<img', '<b>']) expect(page).not.toContain(harm);
  });

  test('works once, for ten minutes', async () => {
    const url = authorizeUrl(sandbox, await clientId(sandbox));
    const transactions: string[] = [];
    for (let count = 0; count < 2; count++) {
      const page = await (await open(url)).text();
      transactions.push(/name="transaction" value="([\w-]+)"/.exec(page)?.[1] ?? '');
    }
    const press = (transaction = '') =>
      fetch(`${sandbox.openIdIssuer}/authorize/decision`, {
        method: 'POST',
        body: new URLSearchParams({ transaction, user: ada, decision: 'allow' }),
        redirect: 'manual',
      });
    expect((await press(transactions[0])).status).toBe(303);
    const again = await press(transactions[0]);
    expect([again.status, again.headers.get('location')]).toEqual([400, null]);
    expect(await again.text()).toContain('This sign-in is over');
    clock.now += 600_000;
    expect((await press(transactions[1])).status).toBe(400);
  });

  test('is also shown for a POST, as OpenID Connect requires', async () => {
    const url = authorizeUrl(sandbox, await clientId(sandbox));
    const body = url.searchParams;
    const post = (form: URLSearchParams) =>
      fetch(`${sandbox.openIdIssuer}/authorize`, { method: 'POST', body: form, redirect: 'manual' });
    expect(await (await post(body)).text()).toContain('Test Client asks you to sign in');
    body.set('response_type', 'token');
    expect((await post(body)).status).toBe(303);
  });
});

describe('an employee', () => {
  const search = (url: URL) => Object.fromEntries(url.searchParams);

  test('who allows is redirected with a code, the state and the issuer', async () => {
    const client = await clientId(sandbox);
    const state = 'any characters: é/+&=';
    const sentTo = await sandbox.openIdSignIn(authorizeUrl(sandbox, client, { state }), { user: zoe });
    expect(sentTo.origin + sentTo.pathname).toBe(redirectUri);
    expect(search(sentTo)).toEqual({
      code: expect.stringMatching(/^[\w-]{20,}$/),
      state,
      iss: sandbox.openIdIssuer,
    });
  });

  test('who denies is redirected with access_denied and the issuer, and without a state if there was none', async () => {
    const url = authorizeUrl(sandbox, await clientId(sandbox), { state: undefined });
    expect(search(await sandbox.openIdSignIn(url, { allow: false }))).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      iss: sandbox.openIdIssuer,
    });
  });

  test('must be known to sign in', async () => {
    const url = authorizeUrl(sandbox, await clientId(sandbox));
    const stranger = sandbox.openIdSignIn(url, { user: 'SBXUSERALICE' });
    await expect(stranger).rejects.toThrow(/SBXUSERALICE.*emp-1001, emp-1002, emp-1003/);
  });
});

describe('the redirect URI of a client on loopback', () => {
  const metadata = {
    redirect_uris: [
      'http://127.0.0.1/back?a=b',
      'http://[::1]:1/back',
      'http://localhost:1/back',
      'https://x.example/',
    ],
  };

  test.each([
    'http://127.0.0.1/back?a=b',
    'http://127.0.0.1:50123/back?a=b',
    'http://[::1]:50123/back',
    'http://localhost:50123/back',
    'http://localhost/back',
  ])('may have any port: %s', async (redirect_uri) => {
    const url = authorizeUrl(sandbox, await clientId(sandbox, metadata), { redirect_uri });
    const sentTo = await sandbox.openIdSignIn(url);
    expect(sentTo.href.startsWith(new URL(redirect_uri).href)).toBe(true);
    expect(sentTo.searchParams.has('code')).toBe(true);
  });

  test.each([
    'http://127.0.0.1:50123/back',
    'http://127.0.0.1:50123/back?a=b&c=d',
    'http://127.0.0.2/back?a=b',
    'http://localhost:50123@attacker.example/back',
    'http://localhost:50123.attacker.example/back',
    'http://localhost:99999/back',
    'https://localhost:1/back',
    'http://LOCALHOST:1/back',
    'https://x.example:8443/',
    'https://x.example',
  ])('may differ in nothing else: %s', async (redirect_uri) => {
    const answer = await open(authorizeUrl(sandbox, await clientId(sandbox, metadata), { redirect_uri }));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });
});

describe('a request is refused on a page, without a redirect,', () => {
  test.each([
    ['without client_id', { client_id: undefined }, 'No such client'],
    ['of an unknown client', { client_id: 'somebody' }, 'No such client'],
    ['without redirect_uri', { redirect_uri: undefined }, 'not registered'],
    ['with another redirect_uri', { redirect_uri: 'https://attacker.example/"><b>' }, '&quot;&gt;&lt;b&gt;'],
  ])('%s', async (_case, changes, text) => {
    const answer = await open(authorizeUrl(sandbox, await clientId(sandbox), changes));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    const page = await answer.text();
    expect(page).toContain(text);
    expect(page).not.toContain('<b>');
  });

  test.each(['client_id', 'redirect_uri'])('with two values for %s', async (name) => {
    const url = authorizeUrl(sandbox, await clientId(sandbox));
    url.searchParams.append(name, url.searchParams.get(name) ?? '');
    expect((await open(url)).status).toBe(400);
  });
});

describe('a request is refused by a redirect', () => {
  test.each([
    ['without response_type', { response_type: undefined }, 'invalid_request'],
    ['with response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['with response_mode fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['with a request object', { request: 'e30.e30.' }, 'request_not_supported'],
    ['with a request_uri', { request_uri: 'urn:x' }, 'request_uri_not_supported'],
    ['with prompt none', { prompt: 'none' }, 'login_required'],
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with a challenge but no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['with a challenge of 42 characters', { code_challenge: challenge.slice(1) }, 'invalid_request'],
    ['with a relative resource', { resource: '/mcp' }, 'invalid_target'],
    ['with a fragment in resource', { resource: `${resource}#x` }, 'invalid_target'],
    ['with only unknown scopes', { scope: 'everything toString' }, 'invalid_scope'],
  ])('%s', async (_case, changes, error) => {
    const answer = await open(authorizeUrl(sandbox, await clientId(sandbox), changes));
    expect(answer.status).toBe(302);
    const sentTo = new URL(answer.headers.get('location') ?? '');
    expect(sentTo.origin + sentTo.pathname).toBe(redirectUri);
    expect(Object.fromEntries(sentTo.searchParams)).toEqual({
      error,
      error_description: expect.any(String),
      state: 'state-1',
      iss: sandbox.openIdIssuer,
    });
  });

  test('with a repeated parameter, and a repeated state is not returned', async () => {
    const url = authorizeUrl(sandbox, await clientId(sandbox));
    url.searchParams.append('state', 'state-2');
    const sentTo = await sandbox.openIdSignIn(url);
    expect(sentTo.searchParams.get('error')).toBe('invalid_request');
    expect(sentTo.searchParams.has('state')).toBe(false);
  });
});

test.each([
  ['leaves out scopes that the provider does not know', 'email everything mcp:tools', 'email mcp:tools'],
  ['is for the tools when it names no scope', undefined, 'mcp:tools'],
])('a request %s', async (_case, scope, granted) => {
  const client_id = await clientId(sandbox);
  const sentTo = await sandbox.openIdSignIn(authorizeUrl(sandbox, client_id, { scope, ...pkce }));
  const code = sentTo.searchParams.get('code') ?? '';
  expect((await json(await exchange(sandbox, { client_id, code }))).scope).toBe(granted);
});
