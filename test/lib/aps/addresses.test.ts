// Where requests to APS go, and where they never go.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listObjects } from '../../../lib/aps/oss.ts';
import { apsAt, apsErrorOf, bucketKeys, getThing, inOneCall } from '../../support/aps-calls.ts';
import { closing } from '../../support/closing.ts';
import { always, startLocalServer } from '../../support/local-server.ts';

const keep = closing();
const noObjects = { items: [] };

describe('an identifier', () => {
  test.each([
    ['a/b?c#d%', 'a%2Fb%3Fc%23d%25'],
    ['../x', '..%2Fx'],
    ['..\\x', '..%5Cx'],
    ['%2e%2e', '%252e%252e'],
    ['a b&c=d;e+f', 'a%20b%26c%3Dd%3Be%2Bf'],
    ['..%2f..', '..%252f..'],
    ['Grundriß 首层 🏗', 'Grundri%C3%9F%20%E9%A6%96%E5%B1%82%20%F0%9F%8F%97'],
    ['//evil.example', '%2F%2Fevil.example'],
    ['\r\nHost: evil.example', '%0D%0AHost%3A%20evil.example'],
    ['...', '...'],
  ])('%j stays in its place in the path', async (identifier, encoded) => {
    const server = keep(await startLocalServer(always(noObjects)));
    await inOneCall(apsAt(server.url), (session) =>
      listObjects(session, identifier, undefined, { limit: 1 }),
    );
    expect(server.requests.map(({ target }) => target)).toEqual([
      `/oss/v2/buckets/${encoded}/objects?limit=1`,
    ]);
  });

  test.each(['', '.', '..', 'broken \uD800', '\uDC00 broken'])(
    '%j is refused, and nothing is sent',
    async (identifier) => {
      const server = keep(await startLocalServer(always(noObjects)));
      const error = await apsErrorOf(
        inOneCall(apsAt(server.url), (session) => listObjects(session, identifier, undefined, { limit: 1 })),
      );
      expect(error.message).toContain('identifier');
      expect(error.advice).toContain('listing');
      expect(server.requests).toEqual([]);
    },
  );

  test('in a query stays one parameter', async () => {
    const server = keep(await startLocalServer(always(noObjects)));
    await inOneCall(apsAt(server.url), (session) =>
      listObjects(session, 'a-bucket', 'x&limit=100#&y=ü', { limit: 1 }),
    );
    const query = new URL(server.requests[0]?.target ?? '', server.url).searchParams;
    expect([...query]).toEqual([
      ['beginsWith', 'x&limit=100#&y=ü'],
      ['limit', '1'],
    ]);
  });
});

describe('the next page', () => {
  const item = (key: string) => ({ bucketKey: key, createdDate: 1, policyKey: 'persistent' });

  /** APS with a first page that names `next`, which is made from its own origin, and a last page. */
  async function twoPages(next: (origin: string) => string) {
    const server = keep(
      await startLocalServer((request, response) => {
        const onward = request.url?.includes('startAt=') ? {} : { next: next(server.url) };
        always({ items: [item(request.url?.includes('startAt=') ? 'second' : 'first')], ...onward })(
          request,
          response,
        );
      }),
    );
    return server;
  }

  test.each([
    ['an absolute address', (origin: string) => `${origin}/oss/v2/buckets?startAt=first`],
    ['a path', () => '/oss/v2/buckets?startAt=first'],
  ])('is followed when it is %s on the same origin', async (_what, next) => {
    const server = await twoPages(next);
    expect(await bucketKeys(apsAt(server.url))).toEqual(['first', 'second']);
    expect(server.requests.map(({ target }) => target)).toEqual([
      '/oss/v2/buckets?region=US&limit=5',
      '/oss/v2/buckets?region=US&startAt=first&limit=4',
    ]);
  });

  test.each([
    ['another host', (origin: string) => origin.replace('127.0.0.1', 'localhost')],
    ['another scheme', (origin: string) => origin.replace('http:', 'https:')],
    ['credentials that hide the host', (origin: string) => origin.replace('//', '//aps.example@localhost:')],
    ['no address at all', () => 'http://['],
  ])('is refused when it leads to %s', async (_where, next) => {
    const server = await twoPages((origin) => `${next(origin)}/oss/v2/buckets?startAt=first`);
    const error = await apsErrorOf(bucketKeys(apsAt(server.url)));
    expect(error.message).toMatch(/next page at another address.*not followed/);
    expect(error.advice).toContain('APS_BASE_URL');
    expect(server.requests).toHaveLength(1);
  });

  test('on another origin receives no request, and so no token', async () => {
    const thief = keep(await startLocalServer(always({ items: [] })));
    const server = await twoPages(() => `${thief.url}/oss/v2/buckets?startAt=first`);
    await apsErrorOf(bucketKeys(apsAt(server.url)));
    expect(thief.requests).toEqual([]);
  });
});

test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
  const thief = keep(await startLocalServer(always({ stolen: true })));
  const server = keep(await startLocalServer(always({}, status, { location: `${thief.url}/authorize?x=1` })));
  const error = await apsErrorOf(getThing(apsAt(server.url)));
  expect(error.status).toBe(status);
  expect(server.requests).toHaveLength(1);
  expect(thief.requests).toEqual([]);
});

test('a request carries the token and asks for JSON', async () => {
  const server = keep(await startLocalServer(always({})));
  await inOneCall(apsAt(server.url), (session) => session.get(session.url(['thing']), z.object({})));
  expect(server.requests[0]?.headers).toMatchObject({
    authorization: 'Bearer token-1',
    accept: 'application/json',
  });
});
