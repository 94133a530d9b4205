// Operations on several objects of a bucket at once, and copying an object.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { accessToken, get, json, other } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { call, downloadUrl, everyScope, objectPath, put, upload } from './oss-calls.ts';

const { sandbox, clock } = await startClockedSandbox({ tokenLifetimeSeconds: 86_400 });
const token = await accessToken(sandbox, everyScope);
const bucketKey = 'sandbox-empty';
const inEmpty = (objectKey: string) => objectPath(bucketKey, objectKey);
const operations = ['batchsigneds3upload', 'batchcompleteupload', 'batchsigneds3download'] as const;
type Operation = (typeof operations)[number];

const result = z.looseObject({
  uploadKey: z.string().optional(),
  urls: z.array(z.string()).optional(),
  url: z.string().optional(),
});
const batchSchema = z.strictObject({ results: z.record(z.string(), result) });

type Batch = { query?: string; bucket?: string; as?: string };
const send = (
  operation: Operation,
  body: unknown,
  { query = '', bucket = bucketKey, as = token }: Batch = {},
) => call(sandbox, as, 'POST', `/oss/v2/buckets/${bucket}/objects/${operation}${query}`, body);

/** The results of a batch by object key. */
async function results(operation: Operation, requests: Record<string, unknown>[], query = '') {
  const answer = await send(operation, { requests }, { query });
  expect(answer.status).toBe(200);
  return batchSchema.parse(await answer.json()).results;
}

describe('every batch', () => {
  const nothing = { objectKey: 'nothing.txt', uploadKey: 'x' };

  test.each(operations)('%s takes 1 to 25 requests', async (operation) => {
    const batchOf = async (length: number) => {
      const requests = Array.from({ length }, (_, index) => ({ ...nothing, objectKey: `${index}.txt` }));
      const answer = await send(operation, { requests });
      return [answer.status, (await json(answer)).reason];
    };
    const reason = 'requests must have 1 to 25 elements';
    expect(await batchOf(0)).toEqual([400, reason]);
    expect((await batchOf(25))[0]).toBe(200);
    expect(await batchOf(26)).toEqual([400, reason]);
  });

  test.each([
    ['no body', undefined],
    ['no requests', {}],
    ['requests that are no list', { requests: 'x' }],
    ['a request without an object key', { requests: [nothing, { uploadKey: 'x' }] }],
  ])('with %s is 400', async (_case, body) => {
    for (const operation of operations) expect((await send(operation, body)).status).toBe(400);
  });

  test.each([
    ['batchsigneds3upload', 'data:write', 'data:read bucket:create'],
    ['batchsigneds3upload', 'data:create', 'data:read bucket:create'],
    ['batchcompleteupload', 'data:write', 'data:read bucket:create'],
    ['batchcompleteupload', 'data:create', 'data:read bucket:create'],
    ['batchsigneds3download', 'data:read', 'data:write data:create'],
  ] as const)('%s takes the scope %s, and not %s', async (operation, enough, wrong) => {
    const as = async (scope: string) =>
      (await send(operation, { requests: [nothing] }, { as: await accessToken(sandbox, scope) })).status;
    expect(await as(enough)).toBe(200);
    expect(await as(wrong)).toBe(403);
  });

  test.each(operations)('%s is for the application that owns the bucket', async (operation) => {
    const body = { requests: [nothing] };
    const as = await accessToken(sandbox, everyScope, other);
    expect((await send(operation, body, { as })).status).toBe(403);
    expect((await send(operation, body, { bucket: 'no-such-bucket' })).status).toBe(404);
    expect((await send(operation, body, { bucket: 'Not A Bucket' })).status).toBe(400);
    const ofProjects = await send(operation, body, { bucket: 'wip.dm.prod' });
    expect([ofProjects.status, (await json(ofProjects)).reason]).toEqual([
      403,
      'The bucket holds the files of projects. It belongs to no application.',
    ]);
  });

  test.each(['batchsigneds3upload', 'batchsigneds3download'] as const)(
    '%s with a lifetime that is not 1 to 60 minutes is 400',
    async (operation) => {
      for (const [minutes, status] of [
        ['0', 400],
        ['61', 400],
        ['soon', 400],
        ['60', 200],
      ] as const) {
        const query = `?minutesExpiration=${minutes}`;
        expect((await send(operation, { requests: [nothing] }, { query })).status).toBe(status);
      }
    },
  );
});

describe('a batch of uploads', () => {
  test('makes an object of each upload, with the content type that its request names', async () => {
    const keys = ['batch/plan #1.txt', 'batch/plan 2.txt'];
    const requests = keys.map((objectKey) => ({ objectKey }));
    const started = await results('batchsigneds3upload', requests, '?useAcceleration=false');
    expect(Object.keys(started)).toEqual(keys);
    for (const key of keys) expect((await put(started[key]?.urls?.[0], key)).status).toBe(200);

    const uploads = keys.map((objectKey) => ({ objectKey, uploadKey: started[objectKey]?.uploadKey }));
    const type = { 'x-ads-meta-Content-Type': 'text/plain' };
    const completed = await results('batchcompleteupload', [{ ...uploads[0], ...type }, { ...uploads[1] }]);
    expect(completed).toMatchObject({
      'batch/plan #1.txt': { bucketKey, objectKey: keys[0], size: 17, contentType: 'text/plain' },
      'batch/plan 2.txt': { bucketKey, objectKey: keys[1], contentType: 'application/octet-stream' },
    });
    for (const key of keys) {
      expect(completed[key]).not.toHaveProperty('status');
      expect(await json(await get(sandbox, `${inEmpty(key)}/details`, token))).toEqual(completed[key]);
      expect(await (await fetch((await downloadUrl(sandbox, token, inEmpty(key))).url)).text()).toBe(key);
    }
  });

  test('has URLs for the parts of each, with the lifetime in the query, and goes on with an upload', async () => {
    const asked = { objectKey: 'parts.bin', parts: 2, firstPart: 3 };
    const first = (await results('batchsigneds3upload', [asked], '?minutesExpiration=30'))['parts.bin'];
    expect(first?.urls).toHaveLength(2);
    expect(first?.urls?.map((url) => new URL(url).pathname.split('/').at(-1))).toEqual(['3', '4']);
    expect(first?.urlExpiration).toBe(new Date(clock.now + 30 * 60_000).toISOString());
    const { uploadKey } = first ?? {};
    const again = await results('batchsigneds3upload', [{ objectKey: 'parts.bin', uploadKey }]);
    expect(again['parts.bin']).toMatchObject({ uploadKey, uploadExpiration: first?.uploadExpiration });
  });

  test('says which URLs it cannot give, and gives the others', async () => {
    const given = await results('batchsigneds3upload', [
      { objectKey: 'fine.txt' },
      { objectKey: 'many.bin', parts: 26 },
      { objectKey: 'far.bin', firstPart: 10_000, parts: 2 },
      { objectKey: 'text.bin', parts: 'two' },
      { objectKey: 'unknown.bin', uploadKey: 'x' },
    ]);
    expect(given['fine.txt']).not.toHaveProperty('status');
    expect(given).toMatchObject({
      'many.bin': { status: 'error', reason: 'parts must be 1 to 25' },
      'far.bin': { status: 'error', reason: 'An upload has at most 10000 parts' },
      'text.bin': { status: 'error', reason: 'parts must be a whole number' },
      'unknown.bin': { status: 'error', reason: 'There is no such upload' },
    });
  });

  test('says which uploads it cannot complete, and completes the others', async () => {
    const keys = ['done.txt', 'size.txt', 'etag.txt', 'empty.txt'];
    const started = await results(
      'batchsigneds3upload',
      keys.map((objectKey) => ({ objectKey })),
    );
    for (const key of keys.slice(0, 3)) await put(started[key]?.urls?.[0], 'Hello');
    const of = (objectKey: string) => ({ objectKey, uploadKey: started[objectKey]?.uploadKey });
    const completed = await results('batchcompleteupload', [
      of('done.txt'),
      { ...of('size.txt'), size: 4 },
      { ...of('etag.txt'), eTags: ['x'] },
      of('empty.txt'),
      { ...of('done.txt'), objectKey: 'stolen.txt' },
      { objectKey: 'no-key.txt' },
    ]);
    expect(completed).toMatchObject({
      'done.txt': { size: 5 },
      'size.txt': { status: 'error', reason: 'The object has 5 bytes instead of 4' },
      'etag.txt': { status: 'error', reason: 'The eTags do not match what was uploaded' },
      'empty.txt': { status: 'error', reason: 'Nothing was uploaded' },
      'stolen.txt': { status: 'error', reason: 'There is no such upload' },
      'no-key.txt': { status: 'error', reason: 'uploadKey is missing' },
    });
    expect((await get(sandbox, `${inEmpty('size.txt')}/details`, token)).status).toBe(404);
  });
});

describe('a batch of downloads', () => {
  test('has a URL for each object, with the headers and the lifetime that were asked for', async () => {
    await upload(sandbox, token, inEmpty('a b.txt'), 'first');
    await upload(sandbox, token, inEmpty('b.txt'), 'second');
    const disposition = 'attachment; filename="plan.pdf"';
    const type = { 'response-content-type': 'application/pdf', 'response-content-disposition': disposition };
    const requests = [{ objectKey: 'a b.txt', ...type }, { objectKey: 'b.txt' }];
    const found = await results('batchsigneds3download', requests, '?minutesExpiration=3');
    expect(found).toMatchObject({
      'a b.txt': {
        status: 'complete',
        size: 5,
        params: { 'content-type': 'application/pdf', 'content-disposition': disposition },
      },
      'b.txt': { status: 'complete', size: 6, params: {} },
    });
    clock.now += 3 * 60_000 - 1;
    const first = await fetch(found['a b.txt']?.url ?? '');
    expect([first.headers.get('content-type'), await first.text()]).toEqual(['application/pdf', 'first']);
    clock.now += 1;
    expect((await fetch(found['b.txt']?.url ?? '')).status).toBe(403);
  });

  test('says which objects do not exist, and skips those that the client has', async () => {
    const { sha1 } = await json(await upload(sandbox, token, inEmpty('known.txt'), 'Hello'));
    await upload(sandbox, token, inEmpty('old.txt'), 'Hello');
    await upload(sandbox, token, inEmpty('new.txt'), 'Hello');
    const found = await results('batchsigneds3download', [
      { objectKey: 'known.txt', 'If-None-Match': sha1 },
      { objectKey: 'old.txt', 'If-Modified-Since': new Date(clock.now).toUTCString() },
      { objectKey: 'new.txt', 'If-None-Match': 'x' },
      { objectKey: 'missing.txt' },
      { objectKey: 'wrong.txt', 'response-content-type': 1 },
    ]);
    expect(found).toMatchObject({
      'known.txt': { status: 'skipped', reason: 'Not modified' },
      'old.txt': { status: 'skipped', reason: 'Not modified' },
      'new.txt': { status: 'complete', size: 5 },
      'missing.txt': { status: 'error', reason: 'There is no such object' },
      'wrong.txt': { status: 'error', reason: 'response-content-type must be a text' },
    });
  });
});

describe('a copy', () => {
  const copy = (from: string, to: string, as = token) =>
    call(sandbox, as, 'PUT', `${from}/copyto/${encodeURIComponent(to)}`);

  test('has the bytes and the type of the object, and its own key and date', async () => {
    await upload(sandbox, token, inEmpty('from.txt'), 'Hello');
    const original = await json(await get(sandbox, `${inEmpty('from.txt')}/details`, token));
    clock.now += 60_000;
    const answer = await copy(inEmpty('from.txt'), 'copies/to #1.txt');
    expect(answer.status).toBe(200);
    const copied = await json(answer);
    const { contentType, sha1, size } = original;
    expect(copied).toMatchObject({ bucketKey, objectKey: 'copies/to #1.txt', contentType, sha1, size });
    const there = inEmpty('copies/to #1.txt');
    const details = await json(await get(sandbox, `${there}/details?with=createdDate`, token));
    expect(details).toEqual({ ...copied, createdDate: clock.now });

    await call(sandbox, token, 'DELETE', inEmpty('from.txt'));
    expect(await (await fetch((await downloadUrl(sandbox, token, there)).url)).text()).toBe('Hello');
  });

  test('replaces an object with the same key', async () => {
    await upload(sandbox, token, inEmpty('one.txt'), 'one');
    await upload(sandbox, token, inEmpty('two.txt'), 'two');
    await copy(inEmpty('one.txt'), 'two.txt');
    expect(await (await fetch((await downloadUrl(sandbox, token, inEmpty('two.txt'))).url)).text()).toBe(
      'one',
    );
  });

  test.each([
    ['sandbox-empty', 'no-such-object', 404],
    ['no-such-bucket', 'x', 404],
    ['Not A Bucket', 'x', 400],
    ['sandbox-other-application', 'Confidential.rvt', 403],
    ['wip.dm.prod', 'x', 403],
  ])('of %s/%s is refused with %i', async (bucket, objectKey, status) => {
    expect((await copy(objectPath(bucket, objectKey), 'copy')).status).toBe(status);
  });

  test('takes the scope data:write or data:create', async () => {
    await upload(sandbox, token, inEmpty('scopes.txt'), 'x');
    const as = async (scope: string) =>
      (await copy(inEmpty('scopes.txt'), 'copy.txt', await accessToken(sandbox, scope))).status;
    expect(await as('data:write')).toBe(200);
    expect(await as('data:create')).toBe(200);
    expect(await as('data:read bucket:create')).toBe(403);
  });
});
