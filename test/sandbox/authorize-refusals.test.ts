// How the authorization endpoint refuses a request: on an error page, or by a redirect to the application.
import { describe, expect, test } from 'vitest';
import { other } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { authorizeUrl, callback, challenge, open, pkce, publicCallback } from './sign-in-calls.ts';

const { sandbox } = await startClockedSandbox();

describe('a request is refused on a page, without a redirect,', () => {
  test.each([
    ['without client_id', { client_id: undefined }, 'No such application'],
    ['with an unknown client_id', { client_id: '<b>somebody</b>' }, '&lt;b&gt;somebody&lt;/b&gt;'],
    ['without redirect_uri', { redirect_uri: undefined }, 'not registered'],
    [
      'with a redirect_uri on another host',
      { redirect_uri: 'https://attacker.example/"><b>' },
      '&quot;&gt;&lt;b&gt;',
    ],
    ['with a longer redirect_uri', { redirect_uri: `${callback}/` }, 'not registered'],
    ['with a query on redirect_uri', { redirect_uri: `${callback}?a=b` }, 'not registered'],
    [
      'with another case in redirect_uri',
      { redirect_uri: 'http://LOCALHOST:5002/callback' },
      'not registered',
    ],
    ["with another application's redirect_uri", { redirect_uri: publicCallback }, 'not registered'],
    ['by an application without redirect URIs', { client_id: other.id }, 'It has none'],
  ])('%s', async (_case, changes, text) => {
    const answer = await open(authorizeUrl(sandbox, changes));
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const page = await answer.text();
    expect(page).toContain(text);
    expect(page).not.toContain('<b>');
  });

  test.each(['client_id', 'redirect_uri'])('with two values for %s', async (name) => {
    const url = authorizeUrl(sandbox);
    url.searchParams.append(name, url.searchParams.get(name) ?? '');
    expect((await open(url)).status).toBe(400);
  });
});

describe('a request is refused by a redirect', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => `data:read:${n}`).join(' ');

  test.each([
    ['without response_type', { response_type: undefined }, 'invalid_request'],
    ['with response_type id_token', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['with response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['with another response_mode', { response_mode: 'fragment' }, 'invalid_request'],
    ['with another prompt', { prompt: 'none' }, 'invalid_request'],
    ['with a space in state', { state: 'a b' }, 'invalid_request'],
    ['with a state in base64', { state: 'YWI=' }, 'invalid_request'],
    ['without scope', { scope: undefined }, 'invalid_scope'],
    ['with openid and without nonce', { scope: 'data:read openid' }, 'invalid_request'],
    ['with openid and an empty nonce', { scope: 'openid', nonce: '' }, 'invalid_request'],
    ['with an empty scope', { scope: ' ' }, 'invalid_scope'],
    ['with an unknown scope', { scope: 'data:read "everything"\\é' }, 'invalid_scope'],
    ['with 51 scopes', { scope: many(51) }, 'invalid_scope'],
    ['with a scope of 2001 characters', { scope: `data:read:${'x'.repeat(1991)}` }, 'invalid_scope'],
    ['with a challenge of 42 characters', { ...pkce, code_challenge: challenge.slice(1) }, 'invalid_request'],
    ['with a challenge of 129 characters', { ...pkce, code_challenge: 'x'.repeat(129) }, 'invalid_request'],
    [
      'with a challenge in base64, not base64url',
      { ...pkce, code_challenge: `+${challenge.slice(1)}` },
      'invalid_request',
    ],
    ['with the method plain', { ...pkce, code_challenge_method: 'plain' }, 'invalid_request'],
    ['with a challenge but no method', { code_challenge: challenge }, 'invalid_request'],
    ['with a method but no challenge', { code_challenge_method: 'S256' }, 'invalid_request'],
  ])('%s', async (_case, changes, error) => {
    const url = authorizeUrl(sandbox, changes);
    const answer = await open(url);
    expect(answer.status).toBe(302);
    const sentTo = new URL(answer.headers.get('location') ?? '');
    expect(`${sentTo.origin}${sentTo.pathname}`).toBe(callback);
    expect(Object.fromEntries(sentTo.searchParams)).toEqual({
      error,
      // The characters of RFC 6749 section 4.1.2.1
      error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/),
      state: url.searchParams.get('state'),
    });
    expect(await sandbox.signIn(url)).toEqual(sentTo);
  });

  test('with a repeated parameter, and a repeated state is not returned', async () => {
    const url = authorizeUrl(sandbox);
    url.searchParams.append('state', 'state-2');
    const sentTo = await sandbox.signIn(url);
    expect(sentTo.searchParams.get('error')).toBe('invalid_request');
    expect(sentTo.searchParams.has('state')).toBe(false);
  });

  test('of a public application without PKCE', async () => {
    const changes = { client_id: sandbox.publicClientId, redirect_uri: publicCallback };
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, changes));
    expect(sentTo.searchParams.get('error')).toBe('invalid_request');
  });

  test('but not exactly at the limits', async () => {
    for (const changes of [
      { scope: many(50) },
      { scope: `data:read:${'x'.repeat(1990)}` },
      { ...pkce, code_challenge: `${'x'.repeat(127)}~` },
      { state: 'Az09,._-' },
    ]) {
      expect((await open(authorizeUrl(sandbox, changes))).status).toBe(200);
    }
  });
});
