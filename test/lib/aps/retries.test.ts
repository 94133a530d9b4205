// What the APS client does when APS does not answer as it should: try again, wait, give up in words, stop.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { localUser } from '../../../lib/caller.ts';
import { apsAt, apsErrorOf, bucketKeys, getThing, inOneCall } from '../../support/aps-calls.ts';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { closing } from '../../support/closing.ts';
import { always, startLocalServer } from '../../support/local-server.ts';
import type { Fault } from '../../support/sandbox.ts';
import { apsOf } from '../../support/serving.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());

const aMoment = 100;
const forEver = 3_600_000;
/** Gives up a test early that would wait for APS where it must not. */
const soon = 5000;
const thing = z.unknown();
const listings = () => sandbox.requests.filter(({ path }) => path === '/oss/v2/buckets');

/** A server that takes a request and never answers; says when one has arrived, and when its connection is gone. */
async function silentServer() {
  const arrival = new EventEmitter();
  const arrived = once(arrival, 'request');
  const server = keep(
    await startLocalServer((_request, response) => {
      arrival.emit('request', response);
    }),
  );
  const closed = arrived.then(([response]) => once(response, 'close'));
  return { server, arrived, closed };
}

describe('tried again is', () => {
  const faults: Fault[] = [
    ...([408, 429, 500, 502, 503, 504] as const).map((status) => ({ status })),
    { drop: 'before' },
    { drop: 'midway' },
  ];
  test.each(faults)('a call that met %j', async (fault) => {
    const aps = apsOf(sandbox);
    sandbox.trouble.set({ sequence: [fault, fault] });
    expect(await bucketKeys(aps)).toHaveLength(5);
    expect(listings().map(({ status }) => status)).toEqual(
      'status' in fault ? [fault.status, fault.status, 200] : [0, 0, 200],
    );
  });

  test('a call that got no answer in time', async () => {
    let calls = 0;
    const server = keep(
      await startLocalServer((request, response) => {
        calls += 1;
        if (calls > 1) always({ at: 'last' })(request, response);
      }),
    );
    expect(await getThing(apsAt(server.url, { retryPolicy: { timeout: aMoment } }))).toEqual({ at: 'last' });
  });

  test('a call whose answer began in time and then stopped coming', async () => {
    let calls = 0;
    const server = keep(
      await startLocalServer((request, response) => {
        calls += 1;
        if (calls > 1) always({ at: 'last' })(request, response);
        else response.writeHead(200, { 'content-length': 100 }).write('{"at":');
      }),
    );
    const aps = apsAt(server.url, { retryPolicy: { timeout: aMoment }, deadline: soon });
    expect(await getThing(aps)).toEqual({ at: 'last' });
  });

  test.each([400, 403, 404, 409, 501])('nothing that was refused with %i', async (status) => {
    const server = keep(await startLocalServer(always({}, status)));
    await apsErrorOf(getThing(apsAt(server.url)));
    expect(server.requests).toHaveLength(1);
  });

  test.each([{ status: 503 }, { drop: 'before' }] as const)(
    'no POST that met %j: it may have been carried out',
    async (fault) => {
      sandbox.trouble.set({ failAll: fault });
      await apsErrorOf(
        inOneCall(apsAt(sandbox.url), (session) =>
          session.post(session.url(['oss', 'v2', 'buckets']), {}, thing),
        ),
      );
      expect(listings()).toHaveLength(1);
    },
  );

  test('a call as often as is allowed, and no more', async () => {
    const server = keep(await startLocalServer(always({}, 503)));
    expect(await apsErrorOf(getThing(apsAt(server.url, { retryPolicy: { retries: 2 } })))).toMatchObject({
      status: 503,
    });
    expect(server.requests).toHaveLength(3);
  });
});

describe('Retry-After', () => {
  test('in seconds is waited for', async () => {
    const aps = apsOf(sandbox);
    await bucketKeys(aps);
    sandbox.requests.length = 0;
    sandbox.trouble.set({ sequence: [{ status: 429, retryAfter: '1' }] });
    await bucketKeys(aps);
    const [refused, answered] = listings();
    expect((answered?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test.each([
    ['0', {}],
    ['1', {}],
    ['-5', {}],
    ['soon', {}],
    ['1.5', {}],
    ['Mon, 05 Jan 2026 09:00:00 GMT', {}],
    ['Mon, 05 Jan 2037 09:00:00 GMT', { date: 'Mon, 05 Jan 2037 09:00:00 GMT' }],
  ])('of %s (%j) brings no retry sooner than the backoff', async (wait, headers) => {
    const server = keep(await startLocalServer(always({}, 429, { 'retry-after': wait, ...headers })));
    const error = await apsErrorOf(
      getThing(apsAt(server.url, { retryPolicy: { backoff: () => forEver }, deadline: soon })),
    );
    expect(server.requests).toHaveLength(1);
    expect(error.status).toBe(429);
    expect(error.advice).toBe(wait === '1' ? 'Try again in 1 seconds.' : 'Wait a minute and try again.');
  });

  test('is read by the clock of APS, whatever this machine believes', async () => {
    const headers = {
      date: 'Mon, 05 Jan 2026 09:00:00 GMT',
      'retry-after': 'Mon, 05 Jan 2026 10:00:00 GMT',
    };
    const server = keep(await startLocalServer(always({}, 429, headers)));
    const { advice } = await apsErrorOf(getThing(apsAt(server.url)));
    expect([advice, server.requests.length]).toEqual(['Try again in 3600 seconds.', 1]);
  });

  test.each([429, 503])(
    'that ends after the deadline is not waited for: the error says that APS answered %i, and when to ask again',
    async (status) => {
      const server = keep(await startLocalServer(always({}, status, { 'retry-after': '20' })));
      const error = await apsErrorOf(getThing(apsAt(server.url, { deadline: soon })));
      expect(error).toMatchObject({ status, advice: expect.stringContaining('Try again in 20 seconds.') });
      expect(server.requests).toHaveLength(1);
    },
  );

  test.each([
    ['3600', 'Try again in 3600 seconds'],
    [new Date(Date.now() + forEver).toUTCString(), /Try again in 3(600|59\d) seconds/],
  ])('of %s is too long to wait for, and the error says how long', async (retryAfter, advice) => {
    const aps = apsOf(sandbox);
    await bucketKeys(aps);
    sandbox.requests.length = 0;
    sandbox.trouble.set({ failAll: { status: 429, retryAfter } });
    const error = await apsErrorOf(bucketKeys(aps));
    expect(error).toMatchObject({ status: 429, code: 'ERR-001' });
    expect(error.advice).toMatch(advice);
    expect(listings()).toHaveLength(1);
  });
});

describe('APS that cannot be reached', () => {
  test('is an error in words that names the address, and not the token', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    holder.close();
    await once(holder, 'close');
    const error = await apsErrorOf(getThing(apsAt(`http://127.0.0.1:${port}`)));
    expect(error.message).toContain(`http://127.0.0.1:${port} `);
    expect(error.advice).toContain('Check the network');
    expect(error.status).toBeUndefined();
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('token-1');
  });

  test('because it never answers is the same error, and carries no token either', async () => {
    const server = keep(await startLocalServer(() => {}));
    const error = await apsErrorOf(
      getThing(apsAt(server.url, { retryPolicy: { timeout: aMoment, retries: 1 } })),
    );
    expect(error.message).toContain(`${server.url} `);
    expect(server.requests).toHaveLength(2);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('token-1');
  });
});

describe('the deadline', () => {
  test('ends a call that APS never answers, with an error in words, and the request with it', async () => {
    const { server, closed } = await silentServer();
    const error = await apsErrorOf(getThing(apsAt(server.url, { deadline: aMoment })));
    expect(error.message).toContain('APS did not answer within 0.1 seconds');
    expect(error.advice).toContain('smaller limit');
    await closed;
  });

  test('that would end before the next try ends the call at once, with what APS answered', async () => {
    const server = keep(await startLocalServer(always({}, 503)));
    const aps = apsAt(server.url, { deadline: soon, retryPolicy: { backoff: () => forEver } });
    expect(await apsErrorOf(getThing(aps))).toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(1);
  });

  test('ends a call that APS refused, and then does not answer, with the refusal', async () => {
    let calls = 0;
    const server = keep(
      await startLocalServer((request, response) => {
        calls += 1;
        if (calls === 1) always({ fault: { faultstring: 'Quota' } }, 429)(request, response);
      }),
    );
    const error = await apsErrorOf(getThing(apsAt(server.url, { deadline: aMoment })));
    expect(error.message).toMatch(/^The rate limit of APS was exceeded: Quota \(HTTP 429\)/);
  });

  test('ends a call that waits for its token', async () => {
    const tokens = { get: () => new Promise<string>(() => {}), drop() {} };
    const error = await apsErrorOf(getThing(apsAt('http://127.0.0.1:9', { deadline: aMoment, tokens })));
    expect(error.message).toContain('did not answer within');
  });
});

describe('a call that is cancelled', () => {
  test('stops at once, with the reason it was given, and its request is aborted', async () => {
    const { server, arrived, closed } = await silentServer();
    const cancelled = new AbortController();
    const call = apsAt(server.url).call(localUser, cancelled.signal, (session) =>
      session.get(session.url(['thing']), thing),
    );
    await arrived;
    const reason = new Error('no longer wanted');
    cancelled.abort(reason);
    await expect(call).rejects.toBe(reason);
    await closed;
    expect(server.requests).toHaveLength(1);
  });

  test('between two tries is not tried again', async () => {
    const server = keep(await startLocalServer(always({}, 503)));
    const cancelled = new AbortController();
    const retryPolicy = {
      backoff: () => {
        setImmediate(() => cancelled.abort(new Error('no longer wanted')));
        return forEver;
      },
    };
    await expect(
      apsAt(server.url, { retryPolicy, deadline: 2 * forEver }).call(localUser, cancelled.signal, (session) =>
        session.get(session.url(['thing']), thing),
      ),
    ).rejects.toThrow('no longer wanted');
    expect(server.requests).toHaveLength(1);
  });

  test('before it began sends nothing', async () => {
    const server = keep(await startLocalServer(always({})));
    const call = apsAt(server.url).call(localUser, AbortSignal.abort(new Error('too late')), (session) =>
      session.get(session.url(['thing']), thing),
    );
    await expect(call).rejects.toThrow('too late');
    expect(server.requests).toEqual([]);
  });
});
