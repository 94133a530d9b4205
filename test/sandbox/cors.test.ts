// CORS: what an application in a browser can call, and what it cannot.
import { afterAll, describe, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { accessToken, get } from './calls.ts';
import { authorizeUrl, codeFor, pkce, publicCallback, verifier } from './sign-in-calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const origin = 'https://viewer.example.com';

const preflight = (path: string, method: string, headers: string) =>
  fetch(`${sandbox.url}${path}`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
  });

describe('an application in a browser', () => {
  test.each([
    ['/project/v1/hubs', 'GET', 'authorization,x-user-id'],
    ['/data/v1/projects/p/folders/f/contents', 'GET', 'authorization'],
    ['/data/v1/projects/p/items/i', 'PATCH', 'authorization,content-type'],
    ['/oss/v2/buckets', 'GET', 'authorization,x-ads-region'],
    ['/userinfo', 'GET', 'authorization'],
    ['/authentication/v2/token', 'POST', 'content-type'],
  ])('may call %s with %s and %s', async (path, method, headers) => {
    const { status, headers: allowed } = await preflight(path, method, headers);
    expect(status).toBe(204);
    expect(allowed.get('access-control-allow-origin')).toBe('*');
    expect(allowed.get('access-control-allow-methods')?.split(',')).toContain(method);
    expect(allowed.get('access-control-allow-headers')).toBe(headers);
  });

  test('signs a person in without a secret, and reads the answer', async () => {
    const clientId = sandbox.publicClientId;
    const code = await codeFor(sandbox, { ...pkce, client_id: clientId, redirect_uri: publicCallback });
    const answer = await fetch(`${sandbox.url}/authentication/v2/token`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: clientId,
        redirect_uri: publicCallback,
        code,
        code_verifier: verifier,
      }),
    });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  });

  test.each([
    ['a list', 'with a token', '/project/v1/hubs', 200],
    ['a refusal', 'without a token', '/oss/v2/buckets', 401],
    ['that an operation is not served', 'without a token', '/data/v1/projects/p/folders/f/nothing', 501],
    ['the keys', 'without a token', '/authentication/v2/keys', 200],
    ['discovery', 'without a token', '/.well-known/openid-configuration', 200],
  ])('reads %s', async (_what, who, path, status) => {
    const token = who === 'with a token' ? await accessToken(sandbox) : undefined;
    const answer = await get(sandbox, path, token);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, '*']);
  });

  test('reads an error that a switch caused, and the time to wait', async () => {
    sandbox.trouble.set({ failAll: { status: 429, retryAfter: '7' } });
    const answer = await get(sandbox, '/project/v1/hubs');
    sandbox.trouble.reset();
    expect(answer.status).toBe(429);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const exposed = answer.headers.get('access-control-expose-headers')?.split(',');
    expect(exposed).toEqual(expect.arrayContaining(['retry-after', 'x-request-id', 'www-authenticate']));
  });
});

test.each([
  ['the sign-in page', authorizeUrl(sandbox).href.slice(sandbox.url.length)],
  ['service accounts', '/authentication/v2/service-accounts'],
  ['the control routes', '/_sandbox'],
])('a page from elsewhere cannot read %s', async (_what, path) => {
  const answers = [await get(sandbox, path), await preflight(path, 'GET', 'authorization')];
  for (const { headers } of answers) expect(headers.get('access-control-allow-origin')).toBeNull();
});
