// The trouble switches, each on its own.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ZodError } from 'zod';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { accessToken, basic, demo, get, json, post } from './calls.ts';

let sandbox: Sandbox;
let token: string;

beforeAll(async () => {
  sandbox = await startSandbox();
  token = await accessToken(sandbox);
});
afterAll(() => sandbox.close());
afterEach(() => sandbox.trouble.reset());

const buckets = async (query = '') => (await get(sandbox, `/oss/v2/buckets${query}`, token)).status;
const tokenRequest = (grant_type = 'client_credentials') =>
  post(sandbox, 'token', { grant_type, scope: 'data:read' });

describe('latencyMs', () => {
  test('delays every response', async () => {
    sandbox.trouble.set({ latencyMs: 60 });
    await Promise.all([buckets(), tokenRequest()]);
    // A timer can fire up to a millisecond early.
    for (const { durationMs } of sandbox.requests.slice(-2)) expect(durationMs).toBeGreaterThan(58);
  });
});

describe('sequence', () => {
  test('applies to each distinct call in order, then lets it through', async () => {
    sandbox.trouble.set({ sequence: [{ status: 429, retryAfter: '1' }, { status: 503 }] });
    expect([await buckets(), await buckets('?limit=5')]).toEqual([429, 429]);
    expect([await buckets(), await buckets(), await buckets()]).toEqual([503, 200, 200]);
    expect([await buckets('?limit=5'), await buckets('?limit=5')]).toEqual([503, 200]);
  });

  test('treats two grants at the token endpoint as two calls', async () => {
    sandbox.trouble.set({ sequence: [{ status: 500 }] });
    expect([(await tokenRequest()).status, (await tokenRequest('refresh_token')).status]).toEqual([500, 500]);
    expect([(await tokenRequest()).status, (await tokenRequest('refresh_token')).status]).toEqual([200, 400]);
  });

  test('restarts when it is set again', async () => {
    sandbox.trouble.set({ sequence: [{ status: 503 }] });
    expect([await buckets(), await buckets()]).toEqual([503, 200]);
    sandbox.trouble.set({ sequence: [{ status: 502 }] });
    expect([await buckets(), await buckets()]).toEqual([502, 200]);
  });

  test.each(['7', 'Mon, 05 Jan 2026 09:00:07 GMT'])('sends Retry-After: %s unchanged', async (retryAfter) => {
    sandbox.trouble.set({ sequence: [{ status: 429, retryAfter }] });
    const answer = await get(sandbox, '/oss/v2/buckets', token);
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    expect((await json(answer)).errorCode).toBe('ERR-001');
    expect(answer.headers.get('x-request-id')).not.toBeNull();
  });
});

describe('failAll', () => {
  test.each([408, 429, 500, 502, 503, 504] as const)(
    'answers everything with %i until reset',
    async (status) => {
      sandbox.trouble.set({ failAll: { status } });
      const keys = await get(sandbox, '/authentication/v2/keys');
      expect(keys.headers.get('retry-after')).toBeNull();
      expect([await buckets(), await buckets(), keys.status]).toEqual([status, status, status]);
      sandbox.trouble.reset();
      expect(await buckets()).toBe(200);
    },
  );
});

describe('rateLimit', () => {
  test('answers the next requests of each route with 429 and Retry-After: 1', async () => {
    sandbox.trouble.set({ rateLimit: 2 });
    expect([await buckets(), await buckets('?limit=5'), await buckets()]).toEqual([429, 429, 200]);
    const answer = await tokenRequest();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  });
});

describe('everyNth', () => {
  test('applies to every n-th request, whichever it is', async () => {
    sandbox.trouble.set({ everyNth: { n: 3, fault: { status: 504 } } });
    const seen: number[] = [];
    for (let call = 1; call <= 7; call++) seen.push(await buckets(`?limit=${call}`));
    expect(seen).toEqual([200, 200, 504, 200, 200, 504, 200]);
  });
});

describe('a dropped connection', () => {
  test('before the response: the client gets no status, and the route is not called', async () => {
    sandbox.trouble.set({ sequence: [{ drop: 'before' }] });
    await expect(tokenRequest()).rejects.toThrow('fetch failed');
    expect(sandbox.requests.at(-1)).toMatchObject({ status: 0, path: '/authentication/v2/token' });
    expect(sandbox.requests.at(-1)?.tokenId).toBeUndefined();
    expect((await tokenRequest()).status).toBe(200);
  });

  test('midway: the client gets half a body, after the route has run', async () => {
    sandbox.trouble.set({ sequence: [{ drop: 'midway' }] });
    const answer = await tokenRequest();
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
    expect(sandbox.requests.at(-1)).toMatchObject({ status: 0, tokenId: expect.any(String) });
    expect((await tokenRequest()).status).toBe(200);
  });

  test('midway: even a response without a body is cut off', async () => {
    const revoked = await accessToken(sandbox);
    sandbox.trouble.set({ failAll: { drop: 'midway' } });
    const form = { token: revoked, token_type_hint: 'access_token' };
    const answer = await post(sandbox, 'revoke', form, basic(demo));
    await expect(answer.text()).rejects.toThrow('terminated');
    sandbox.trouble.reset();
    expect((await get(sandbox, '/oss/v2/buckets', revoked)).status).toBe(401);
  });
});

describe('tokenLifetimeSeconds', () => {
  test('applies to tokens issued from now on', async () => {
    sandbox.trouble.set({ tokenLifetimeSeconds: 2 });
    expect((await json(await tokenRequest())).expires_in).toBe(2);
    expect(await buckets()).toBe(200);
  });
});

describe('setting switches', () => {
  test('leaves the others unchanged', () => {
    sandbox.trouble.set({ rateLimit: 3 });
    sandbox.trouble.set({ everyNth: { n: 100, fault: { status: 500 } }, latencyMs: undefined });
    expect(sandbox.trouble.current).toEqual({
      latencyMs: 0,
      failAll: null,
      rateLimit: 3,
      sequence: [],
      everyNth: { n: 100, fault: { status: 500 } },
      tokenLifetimeSeconds: 3599,
    });
  });

  test.each([
    ['a negative latency', { latencyMs: -1 }],
    ['every 0th request', { everyNth: { n: 0, fault: { status: 500 as const } } }],
    ['a Retry-After that is not a time', { sequence: [{ status: 429 as const, retryAfter: 'soon' }] }],
    ['a Retry-After with a line break', { sequence: [{ status: 429 as const, retryAfter: '1\r\nx: y' }] }],
    ['a lifetime of 0', { tokenLifetimeSeconds: 0 }],
  ])('refuses %s, and changes nothing', (_case, change) => {
    const before = sandbox.trouble.current;
    expect(() => sandbox.trouble.set(change)).toThrow(ZodError);
    expect(sandbox.trouble.current).toEqual(before);
  });
});

describe('closing', () => {
  test('ends pending responses at once, and can be repeated', async () => {
    const slow = await startSandbox();
    slow.trouble.set({ latencyMs: 600_000 });
    const pending = expect(get(slow, '/authentication/v2/keys')).rejects.toThrow('fetch failed');
    await expect.poll(() => connections(slow)).toBe(true);
    await slow.close();
    await slow.close();
    await pending;
    await expect(get(slow, '/_sandbox')).rejects.toThrow('fetch failed');
  });
});

/** Whether the sandbox answers its control route. By then, it has read the request sent before. */
async function connections(slow: Sandbox): Promise<boolean> {
  return (await get(slow, '/_sandbox')).ok;
}
