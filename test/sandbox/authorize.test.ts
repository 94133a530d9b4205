// The authorization endpoint: redirects, redirect URIs, rate limit and request log.
import { describe, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { basic, demo, json, other } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import {
  alice,
  authorizeUrl,
  benji,
  callback,
  challenge,
  codeFor,
  exchange,
  open,
  pkce,
  publicCallback,
  verifier,
} from './sign-in-calls.ts';

const { sandbox, clock } = await startClockedSandbox({
  redirectUris: ['http://127.0.0.1:7777/back?from=aps'],
});

describe('a user', () => {
  test('who allows is redirected with a code and the state', async () => {
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox), { userId: alice, allow: true });
    expect(`${sentTo.origin}${sentTo.pathname}`).toBe(callback);
    expect(Object.fromEntries(sentTo.searchParams)).toEqual({
      code: expect.stringMatching(/^[\w-]{20,}$/),
      state: 'state-1',
    });
  });

  test('who denies is redirected with access_denied and the state', async () => {
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox), { allow: false });
    expect(Object.fromEntries(sentTo.searchParams)).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state: 'state-1',
    });
  });

  test('is redirected without a state if there was none', async () => {
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, { state: undefined }));
    expect([...sentTo.searchParams.keys()]).toEqual(['code']);
  });

  test('is redirected with the query of the redirect URI intact', async () => {
    const redirect_uri = 'http://127.0.0.1:7777/back?from=aps';
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, { redirect_uri }));
    expect(sentTo.href).toMatch(/^http:\/\/127\.0\.0\.1:7777\/back\?from=aps&code=[\w-]+&state=state-1$/);
  });

  test('sees the page with prompt and authoptions', async () => {
    const changes = { prompt: 'login', authoptions: '{}', response_mode: 'query' };
    expect((await open(authorizeUrl(sandbox, changes))).status).toBe(200);
  });

  test('sees the page for a public application', async () => {
    const changes = { client_id: sandbox.publicClientId, redirect_uri: publicCallback, ...pkce };
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, changes));
    expect(sentTo.origin + sentTo.pathname).toBe(publicCallback);
  });
});

describe('a redirect URI', () => {
  test('can be registered at run time, for both applications', async () => {
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

test('signIn names the error page, or the user that the page does not offer', async () => {
  const unknown = sandbox.signIn(authorizeUrl(sandbox, { client_id: 'somebody' }));
  await expect(unknown).rejects.toThrow('400, No such application');
  const stranger = sandbox.signIn(authorizeUrl(sandbox), { userId: 'SBXUSERNOBODY' });
  await expect(stranger).rejects.toThrow(new RegExp(`SBXUSERNOBODY.*${alice}, ${benji}`));
});

test('the 501st request of an application within a minute gets a 429', async () => {
  for (let call = 1; call <= 500; call++) {
    const answer = await open(authorizeUrl(sandbox));
    expect(answer.status).toBe(200);
    await answer.text();
  }
  const refused = await open(authorizeUrl(sandbox));
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
  expect((await json(refused)).errorCode).toBe('ERR-001');
  clock.now += 60_000;
  expect((await open(authorizeUrl(sandbox))).status).toBe(200);
});

test('trouble applies to the authorization endpoint', async () => {
  sandbox.trouble.set({ rateLimit: 1 });
  const url = authorizeUrl(sandbox);
  expect([(await open(url)).status, (await open(url)).status]).toEqual([429, 200]);
  sandbox.trouble.reset();
});

test('the request log contains no secret of a sign-in', async () => {
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
