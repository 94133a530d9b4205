// The control routes under `/_sandbox`: what they do, and that web pages cannot use them.
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { accessToken, get, json } from './calls.ts';
import { authorizeUrl, open } from './sign-in-calls.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());
afterEach(() => sandbox.trouble.reset());

const control = (method: string, path = '', body?: string, headers: Record<string, string> = {}) =>
  fetch(`${sandbox.url}/_sandbox${path}`, { method, body, headers });

describe('a program on this machine', () => {
  test('reads the state', async () => {
    expect(await json(await control('GET'))).toEqual({
      name: 'APS sandbox',
      buckets: 159,
      requests: sandbox.requests.length,
      trouble: sandbox.trouble.current,
      rateLimits: { enforced: true },
      served: expect.arrayContaining(['GET /oss/v2/buckets']),
    });
  });

  test('switches trouble on, one switch at a time, and off', async () => {
    await control('PUT', '/trouble', '{"rateLimit":1}');
    const answer = await control('PUT', '/trouble', '{"latencyMs":1}');
    expect(await json(answer)).toMatchObject({ rateLimit: 1, latencyMs: 1 });
    expect((await get(sandbox, '/authentication/v2/keys')).status).toBe(429);
    expect(await json(await control('DELETE', '/trouble'))).toMatchObject({ rateLimit: 0, latencyMs: 0 });
    expect((await get(sandbox, '/authentication/v2/keys')).status).toBe(200);
  });

  test.each(['{"latencyMs":"much"}', '{"failAll":{"status":418}}', '{"latency":1}', 'not json', ''])(
    'is told what is wrong with %s',
    async (body) => {
      const before = sandbox.trouble.current;
      const answer = await control('PUT', '/trouble', body);
      expect(answer.status).toBe(400);
      expect(await json(answer)).toEqual({
        problems: expect.arrayContaining([expect.objectContaining({ message: expect.any(String) })]),
      });
      expect(sandbox.trouble.current).toEqual(before);
    },
  );

  test('registers a callback URL', async () => {
    const url = 'http://localhost:43211/callback';
    const register = (body: unknown) => control('POST', '/callback-url', JSON.stringify(body));
    expect((await open(authorizeUrl(sandbox, { redirect_uri: url }))).status).toBe(400);
    expect((await register({ url })).status).toBe(204);
    expect((await open(authorizeUrl(sandbox, { redirect_uri: url }))).status).toBe(200);
    expect((await register({})).status).toBe(400);
    const refused = await register({ url: 'localhost' });
    expect([refused.status, await json(refused)]).toEqual([
      400,
      { problem: expect.stringContaining('localhost') },
    ]);
  });

  test('revokes the access tokens', async () => {
    sandbox.revokeAccessTokens();
    const token = await accessToken(sandbox);
    expect(await json(await control('POST', '/revoke-access-tokens'))).toEqual({ revoked: 1 });
    expect((await get(sandbox, '/oss/v2/buckets', token)).status).toBe(401);
  });

  test('reads the request log, without these routes themselves', async () => {
    await get(sandbox, '/oss/v2/buckets?limit=5');
    const answered: unknown = await (await control('GET', '/requests')).json();
    expect(answered).toEqual(JSON.parse(JSON.stringify(sandbox.requests)));
    expect(sandbox.requests.at(-1)).toMatchObject({
      path: '/oss/v2/buckets',
      query: { limit: '5' },
      status: 401,
    });
    expect(sandbox.requests.some(({ path }) => path.startsWith('/_sandbox'))).toBe(false);
  });

  test('is not affected by trouble', async () => {
    sandbox.trouble.set({ failAll: { drop: 'before' }, latencyMs: 600_000 });
    expect((await control('DELETE', '/trouble')).status).toBe(200);
  });

  test('can call it as localhost', async () => {
    const { port } = new URL(sandbox.url);
    expect((await fetch(`http://localhost:${port}/_sandbox`)).status).toBe(200);
  });

  test('gets a 404 for an unknown control route', async () => {
    expect((await control('GET', '/nothing')).status).toBe(404);
  });
});

describe('a web page', () => {
  const everything = [
    ['GET', ''],
    ['GET', '/requests'],
    ['PUT', '/trouble'],
    ['DELETE', '/trouble'],
    ['POST', '/revoke-access-tokens'],
    ['GET', '/openid-token'],
    ['POST', '/openid-token'],
    ['POST', '/invite'],
    ['POST', '/callback-url'],
    ['PUT', '/rate-limits'],
  ] as const;

  test.each(everything)('is refused %s /_sandbox%s because of its Origin', async (method, path) => {
    const body = method === 'PUT' ? '{"latencyMs":1}' : undefined;
    for (const origin of ['https://example.com', sandbox.url, 'null']) {
      expect((await control(method, path, body, { origin })).status).toBe(403);
    }
    expect(sandbox.trouble.current.latencyMs).toBe(0);
  });

  test.each(everything)('is refused %s /_sandbox%s under its own host name', async (method, path) => {
    expect(await statusUnderHost('rebound.example.com', method, path)).toBe(403);
    expect(await statusUnderHost('127.0.0.1.example.com', method, path)).toBe(403);
    expect(await statusUnderHost('localhost.example.com', method, path)).toBe(403);
  });
});

/** `fetch` does not let a caller choose its `Host`. */
function statusUnderHost(host: string, method: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${sandbox.url}/_sandbox${path}`, { method, headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}
