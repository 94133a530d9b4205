// How APS's answers become results, and its refusals become errors that a person can act on.
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listObjects } from '../../../lib/aps/oss.ts';
import { apsAt, apsErrorOf, bucketKeys, getThing, inOneCall } from '../../support/aps-calls.ts';
import { closing } from '../../support/closing.ts';
import { always, startLocalServer } from '../../support/local-server.ts';
import { startSandbox } from '../../support/sandbox.ts';
import { apsOf } from '../../support/serving.ts';

const keep = closing();
const secret = 'hidden-in-the-answer';

describe('an answer', () => {
  test('may have fields that nobody knew of', async () => {
    const bucket = { bucketKey: 'a-bucket', createdDate: 1, policyKey: 'persistent', new: { field: [1] } };
    const server = keep(await startLocalServer(always({ items: [bucket], total: 1 })));
    expect(await bucketKeys(apsAt(server.url))).toEqual(['a-bucket']);
  });

  test('that lacks fields is an error that names them, and none of their contents', async () => {
    const bucket = { bucketKey: 7, policyKey: secret, other: secret };
    const server = keep(await startLocalServer(always({ items: [bucket] }, 200, { 'x-request-id': 'r-1' })));
    const error = await apsErrorOf(bucketKeys(apsAt(server.url)));
    expect(error.message).toContain('items.0.bucketKey, items.0.createdDate');
    expect(error).toMatchObject({ status: 200, requestId: 'r-1' });
    expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });

  test.each(['', `<html>${secret}</html>`, '"'])('that is no JSON (%j) is an error', async (body) => {
    const server = keep(await startLocalServer((_request, response) => response.end(body)));
    const error = await apsErrorOf(
      inOneCall(apsAt(server.url), (session) => session.get(session.url(['thing']), z.object({}))),
    );
    expect(error.message).toMatch(/not as documented: the whole/);
    expect(error.advice).toContain('Check APS_BASE_URL');
    expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });
});

describe('a refusal', () => {
  const says = 'Developer Hub (https://aps.autodesk.com)';
  test.each([
    [400, { reason: 'bad limit' }, undefined, ': bad limit', 'arguments'],
    [401, { errorCode: 'AUTH-006', developerMessage: 'Expired.' }, 'AUTH-006', 'access token', says],
    [
      403,
      { errorCode: 'AUTH-001', developerMessage: 'No.' },
      'AUTH-001',
      'denied access: No (',
      'Add this API',
    ],
    [403, { errorCode: 'AUTH-010', developerMessage: 'No.' }, 'AUTH-010', 'denied access', 'lacks a scope'],
    [403, { errors: [{ code: 'BIM360DM', detail: 'Not yours' }] }, 'BIM360DM', 'Not yours', 'somebody else'],
    [404, { reason: 'Bucket not found' }, undefined, ': Bucket not found', 'identifiers'],
    [404, { errors: [{ code: 'NOT_FOUND', title: 'Gone' }] }, 'NOT_FOUND', ': Gone', 'identifiers'],
    [409, {}, undefined, 'unexpected', 'APS_BASE_URL'],
    [429, { fault: { faultstring: 'Quota' } }, undefined, ': Quota', 'Wait a minute'],
    [500, { errorCode: 'ERR-003', developerMessage: 'Oops' }, 'ERR-003', ': Oops', 'health.autodesk.com'],
    [403, { errorCode: 'AUTH-001', developerMessage: null }, 'AUTH-001', 'denied access (', 'Add this API'],
    [403, { errorCode: 'AUTH-001', error: 403, reason: 7 }, 'AUTH-001', 'denied access (', 'Add this API'],
    [403, { errorCode: 'AUTH-010', errors: null, meta: 1, fault: 'x' }, 'AUTH-010', 'denied', 'a scope'],
    [
      404,
      { errors: [{ status: 404, code: 'C', detail: null, title: 'Gone' }] },
      'C',
      ': Gone',
      'identifiers',
    ],
    [404, { errors: [null, { code: 'C', detail: 'Gone' }] }, 'C', ': Gone', 'identifiers'],
    [403, { meta: { warnings: [{ ErrorCode: 'W', Detail: null }, 5] } }, 'W', 'denied access (', 'somebody'],
  ])('with %i %j says what happened and what to do', async (status, body, code, what, advice) => {
    const server = keep(await startLocalServer(always(body, status, { 'x-request-id': 'r-42' })));
    const error = await apsErrorOf(getThing(apsAt(server.url, { retryPolicy: { retries: 0 } })));
    expect(error).toMatchObject({ name: 'ApsError', status, requestId: 'r-42' });
    expect(error.code).toBe(code);
    expect(error.message).toContain(what);
    expect(error.message).toContain(`HTTP ${status}`);
    expect(error.message).toContain('request r-42');
    expect(error.message).toContain(error.advice);
    expect(error.advice).toContain(advice);
  });

  test.each(['', '<html>Bad gateway</html>', '{"errorCode":7}', '[]', 'null', '{"errors":[]}'])(
    'with a body that says nothing (%j) has words of its own',
    async (body) => {
      const server = keep(
        await startLocalServer((_request, response) => {
          response.writeHead(404).end(body);
        }),
      );
      const { message } = await apsErrorOf(getThing(apsAt(server.url)));
      expect(message).toMatch(/^APS [\w ]+ \(HTTP 404\)\. \w/);
    },
  );

  test('is one line of a reasonable length', async () => {
    const server = keep(await startLocalServer(always({ reason: `a\n\tb ${'c'.repeat(5000)}` }, 400)));
    const { message } = await apsErrorOf(getThing(apsAt(server.url)));
    expect(message).toContain('a b ccc');
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(400);
  });

  test('of the sandbox reads the same: no such bucket, and somebody else’s', async () => {
    const sandbox = keep(await startSandbox());
    const objects = (bucket: string) =>
      apsErrorOf(
        inOneCall(apsOf(sandbox), (session) => listObjects(session, bucket, undefined, { limit: 1 })),
      );
    expect(await objects('there-is-none')).toMatchObject({ status: 404, requestId: expect.any(String) });
    expect(await objects('sandbox-other-application')).toMatchObject({
      status: 403,
      message: expect.stringContaining('another application'),
    });
  });
});

describe('a token that APS refuses', () => {
  test('is replaced by a fresh one, and nobody notices', async () => {
    const sandbox = keep(await startSandbox());
    const aps = apsOf(sandbox);
    await bucketKeys(aps);
    sandbox.revokeAccessTokens();
    sandbox.requests.length = 0;
    expect(await bucketKeys(aps)).toHaveLength(5);
    expect(sandbox.requests.map(({ path, status }) => [path, status])).toEqual([
      ['/oss/v2/buckets', 401],
      ['/authentication/v2/token', 200],
      ['/oss/v2/buckets', 200],
    ]);
  });

  test('is replaced once for all calls that used it', async () => {
    const sandbox = keep(await startSandbox());
    const aps = apsOf(sandbox);
    await bucketKeys(aps);
    sandbox.revokeAccessTokens();
    sandbox.requests.length = 0;
    await Promise.all(Array.from({ length: 30 }, () => bucketKeys(aps)));
    expect(sandbox.requests.filter(({ grant }) => grant !== undefined)).toHaveLength(1);
  });

  test('is an error when the fresh one is refused too, after exactly one more try', async () => {
    const server = keep(await startLocalServer(always({ errorCode: 'AUTH-006' }, 401)));
    const error = await apsErrorOf(getThing(apsAt(server.url)));
    expect(error).toMatchObject({ status: 401, code: 'AUTH-006' });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
    expect(inspect(error, { depth: 9 })).not.toMatch(/token-[12]/);
  });
});
