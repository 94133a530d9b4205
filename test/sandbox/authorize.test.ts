// The authorization endpoint: what it asks of a request, how it refuses one, and what its page does.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSandboxApp, createSandboxState, type Sandbox, startSandbox } from '../../sandbox/index.ts';
import { basic, demo, json, other } from './calls.ts';
import {
  alice,
  authorizeUrl,
  benji,
  callback,
  challenge,
  codeFor,
  exchange,
  pkce,
  publicCallback,
  verifier,
} from './sign-in-calls.ts';

let clock = Date.UTC(2026, 0, 5, 9);
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => clock, redirectUris: ['http://127.0.0.1:7777/back?from=aps'] });
});
afterAll(() => sandbox.close());
beforeEach(() => {
  clock += 120_000; // past the window of the rate limit
});

const open = (url: URL) => fetch(url, { redirect: 'manual' });
const transactionOf = (page: string) => /name="transaction" value="([\w-]+)"/.exec(page)?.[1] ?? '';
const press = (form: Record<string, string>) =>
  fetch(new URL('/authentication/v2/authorize', sandbox.url), {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });

describe('a user', () => {
  test('who allows is sent back with a code and the state', async () => {
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox), { userId: alice, allow: true });
    expect(`${sentTo.origin}${sentTo.pathname}`).toBe(callback);
    expect(Object.fromEntries(sentTo.searchParams)).toEqual({
      code: expect.stringMatching(/^[\w-]{20,}$/),
      state: 'state-1',
    });
  });

  test('who denies is sent back with access_denied and the state', async () => {
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox), { allow: false });
    expect(Object.fromEntries(sentTo.searchParams)).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state: 'state-1',
    });
  });

  test('is sent back without a state when there was none', async () => {
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, { state: undefined }));
    expect([...sentTo.searchParams.keys()]).toEqual(['code']);
  });

  test('finds the query of the redirect URI kept', async () => {
    const redirect_uri = 'http://127.0.0.1:7777/back?from=aps';
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, { redirect_uri }));
    expect(sentTo.href).toMatch(/^http:\/\/127\.0\.0\.1:7777\/back\?from=aps&code=[\w-]+&state=state-1$/);
  });

  test('may be asked to sign in anew, under any look', async () => {
    const changes = { prompt: 'login', authoptions: '{}', response_mode: 'query' };
    expect((await open(authorizeUrl(sandbox, changes))).status).toBe(200);
  });

  test('is asked by an application without a secret too', async () => {
    const changes = { client_id: sandbox.publicClientId, redirect_uri: publicCallback, ...pkce };
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, changes));
    expect(sentTo.origin + sentTo.pathname).toBe(publicCallback);
  });
});

describe('the page', () => {
  test('says that it is the sandbox, and names the application, the scopes and every user', async () => {
    const page = await (await open(authorizeUrl(sandbox, { scope: 'data:read openid' }))).text();
    expect(page).toContain('This is the sandbox.</strong> No Autodesk account is involved.');
    expect(page).toContain('<h1>Sign in to Sandbox Demo</h1>');
    expect(page).toContain('See and download your projects and files');
    expect(page).toContain('Know who you are');
    for (const text of ['Alice Architect', 'Benji Builder', '陳 Chien']) expect(page).toContain(text);
    for (const id of [`user-${alice}`, 'allow', 'deny', 'sign-in']) expect(page).toContain(`id="${id}"`);
    expect(page).toMatch(/<html lang="en">/);
    expect(page).not.toContain('<script');
  });

  test('may be neither stored, framed, scripted nor styled by anything but its own style', async () => {
    const answer = await open(authorizeUrl(sandbox));
    const page = await answer.text();
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=UTF-8',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    const policy = answer.headers.get('content-security-policy')?.split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "form-action 'self' http: https:",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
  });

  test('escapes the name of an application and a scope', async () => {
    const state = await createSandboxState();
    const application = {
      type: 'confidential',
      clientId: 'evil',
      clientSecret: 'evil',
      name: '<img src=x onerror="alert(1)"> & Sons',
      apis: [],
      redirectUris: ['http://localhost:1/?a="><b>&c'],
      serverToServer: false,
    } as const;
    const app = createSandboxApp({ ...state, applications: [application] });
    const query = new URLSearchParams({
      client_id: 'evil',
      response_type: 'code',
      redirect_uri: 'http://localhost:1/?a="><b>&c',
      scope: 'data:read:<script>alert(1)</script>"',
    });
    const answer = await app.request(`/authentication/v2/authorize?${query}`);
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; Sons');
    expect(page).toContain('See and download only &lt;script&gt;alert(1)&lt;/script&gt;&quot;');
    expect(page).toContain('http://localhost:1/?a=&quot;&gt;&lt;b&gt;&amp;c');
    for (const harm of ['<img', '<script', '<b>']) expect(page).not.toContain(harm);
  });

  test('works once', async () => {
    const transaction = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const form = { transaction, user: benji, decision: 'allow' };
    const first = await press(form);
    expect(first.status).toBe(303);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.headers.get('referrer-policy')).toBe('no-referrer');
    for (const decision of ['allow', 'deny']) {
      const again = await press({ ...form, decision });
      expect(again.status).toBe(400);
      expect(again.headers.get('location')).toBeNull();
      expect(await again.text()).toContain('This sign-in is over');
    }
  });

  test('waits for ten minutes, and not a millisecond longer', async () => {
    const timely = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const late = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const answer = { user: alice, decision: 'allow' };
    clock += 599_999;
    expect((await press({ ...answer, transaction: timely })).status).toBe(303);
    clock += 1;
    expect((await press({ ...answer, transaction: late })).status).toBe(400);
  });

  test('takes the request from its own side, whatever the form says', async () => {
    const transaction = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const answer = await press({
      transaction,
      user: alice,
      decision: 'allow',
      redirect_uri: 'https://attacker.example',
      state: 'other',
      scope: 'data:write',
    });
    expect(answer.headers.get('location')).toMatch(
      /^http:\/\/localhost:5002\/callback\?code=[\w-]+&state=state-1$/,
    );
  });

  test.each([
    ['nobody', { decision: 'allow' }],
    ['a user that is not on it', { decision: 'allow', user: '<b>me</b>' }],
    ['no decision', { user: alice }],
    ['another decision', { user: alice, decision: 'maybe' }],
  ])('asks again after %s', async (_case, form: Record<string, string>) => {
    const transaction = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const answer = await press({ transaction, ...form });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('<b>');
    expect((await press({ transaction, user: alice, decision: 'allow' })).status).toBe(303);
  });

  test.each([
    ['an unknown one', { transaction: 'guess', user: alice, decision: 'allow' }],
    ['none', {}],
  ])('answers a transaction nobody opened: %s', async (_case, form: Record<string, string>) => {
    const answer = await press(form);
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });
});

describe('a request is refused on a page, and the browser sent nowhere,', () => {
  test.each([
    ['without client_id', { client_id: undefined }, 'No such application'],
    ['with an unknown client_id', { client_id: '<b>somebody</b>' }, '&lt;b&gt;somebody&lt;/b&gt;'],
    ['without redirect_uri', { redirect_uri: undefined }, 'not registered'],
    [
      'with a redirect_uri elsewhere',
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
    ['by an application that signs nobody in', { client_id: other.id }, 'It has none'],
  ])('%s', async (_case, changes, text) => {
    const answer = await open(authorizeUrl(sandbox, changes));
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const page = await answer.text();
    expect(page).toContain(text);
    expect(page).not.toContain('<b>');
  });

  test.each(['client_id', 'redirect_uri'])('with %s given twice', async (name) => {
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
    ['with a state of other characters', { state: 'a b' }, 'invalid_request'],
    ['with a state in base64', { state: 'YWI=' }, 'invalid_request'],
    ['without scope', { scope: undefined }, 'invalid_scope'],
    ['with an empty scope', { scope: ' ' }, 'invalid_scope'],
    ['with an unknown scope', { scope: 'data:read "everything"\\é' }, 'invalid_scope'],
    ['with 51 scopes', { scope: many(51) }, 'invalid_scope'],
    ['with 2001 characters of scope', { scope: `data:read:${'x'.repeat(1991)}` }, 'invalid_scope'],
    ['with a challenge of 42 characters', { ...pkce, code_challenge: challenge.slice(1) }, 'invalid_request'],
    ['with a challenge of 129 characters', { ...pkce, code_challenge: 'x'.repeat(129) }, 'invalid_request'],
    [
      'with a challenge in plain base64',
      { ...pkce, code_challenge: `+${challenge.slice(1)}` },
      'invalid_request',
    ],
    ['with a challenge in plain text', { ...pkce, code_challenge_method: 'plain' }, 'invalid_request'],
    ['with a challenge without method', { code_challenge: challenge }, 'invalid_request'],
    ['with a method without challenge', { code_challenge_method: 'S256' }, 'invalid_request'],
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

  test('with a parameter given twice, and a doubtful state is not sent back', async () => {
    const url = authorizeUrl(sandbox);
    url.searchParams.append('state', 'state-2');
    const sentTo = await sandbox.signIn(url);
    expect(sentTo.searchParams.get('error')).toBe('invalid_request');
    expect(sentTo.searchParams.has('state')).toBe(false);
  });

  test('of an application without a secret and without PKCE', async () => {
    const changes = { client_id: sandbox.publicClientId, redirect_uri: publicCallback };
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, changes));
    expect(sentTo.searchParams.get('error')).toBe('invalid_request');
  });

  test('but not at the limits themselves', async () => {
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

describe('a redirect URI', () => {
  test('can be registered at run time, and counts for both applications', async () => {
    const redirect_uri = 'http://localhost:43210/callback';
    expect((await open(authorizeUrl(sandbox, { redirect_uri }))).status).toBe(400);
    sandbox.registerRedirectUri(redirect_uri);
    expect((await open(authorizeUrl(sandbox, { redirect_uri }))).status).toBe(200);
    const changes = { client_id: sandbox.publicClientId, redirect_uri, ...pkce };
    expect((await open(authorizeUrl(sandbox, changes))).status).toBe(200);
    const answer = await open(authorizeUrl(sandbox, { client_id: other.id, redirect_uri }));
    expect(answer.status).toBe(400);
  });

  test.each(['/callback', 'ftp://localhost/x', 'javascript:alert(1)', 'http://localhost/#x', ''])(
    'cannot be %j',
    async (uri) => {
      expect(() => sandbox.registerRedirectUri(uri)).toThrow(TypeError);
      await expect(startSandbox({ redirectUris: [uri] })).rejects.toThrow(TypeError);
    },
  );
});

test('signIn says which page it met, and whom the page does not offer', async () => {
  const unknown = sandbox.signIn(authorizeUrl(sandbox, { client_id: 'somebody' }));
  await expect(unknown).rejects.toThrow('400, No such application');
  const stranger = sandbox.signIn(authorizeUrl(sandbox), { userId: 'SBXUSERNOBODY' });
  await expect(stranger).rejects.toThrow(`SBXUSERNOBODY, only ${alice}, ${benji}`);
});

test('the 501st request of an application within a minute is answered 429', async () => {
  for (let call = 1; call <= 500; call++) {
    const answer = await open(authorizeUrl(sandbox));
    expect(answer.status).toBe(200);
    await answer.text();
  }
  const refused = await open(authorizeUrl(sandbox));
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
  expect((await json(refused)).errorCode).toBe('ERR-001');
  clock += 60_000;
  expect((await open(authorizeUrl(sandbox))).status).toBe(200);
});

test('trouble hits the authorization endpoint like every other', async () => {
  sandbox.trouble.set({ rateLimit: 1 });
  const url = authorizeUrl(sandbox);
  expect([(await open(url)).status, (await open(url)).status]).toEqual([429, 200]);
  sandbox.trouble.reset();
});

test('nothing that a sign-in depends on gets on record', async () => {
  const state = 'state-to-keep-secret';
  const nonce = 'nonce-to-keep-secret';
  const before = sandbox.requests.length;
  const code = await codeFor(sandbox, { ...pkce, state, nonce, scope: 'data:read openid' });
  const form = { code, code_verifier: verifier };
  const { access_token, refresh_token, id_token } = await json(await exchange(sandbox, form, basic(demo)));
  await fetch(`${sandbox.url}/userinfo?access_token=${access_token}`);

  const records = sandbox.requests.slice(before);
  expect(records.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /authentication/v2/authorize',
    'POST /authentication/v2/authorize',
    'POST /authentication/v2/token',
    'GET /userinfo',
  ]);
  expect(records[0]?.query).toEqual({
    client_id: demo.id,
    response_type: 'code',
    redirect_uri: callback,
    scope: 'data:read openid',
    state: 'redacted',
    nonce: 'redacted',
    code_challenge: 'redacted',
    code_challenge_method: 'S256',
  });
  expect(records[2]?.grant).toBe('authorization_code');
  const everything = JSON.stringify(records);
  for (const secret of [state, nonce, code, verifier, challenge, access_token, refresh_token, id_token]) {
    expect(everything).not.toContain(secret);
  }
});
