// Creating and deleting buckets, and deleting objects.
import { afterAll, describe, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { accessToken, demo, get, json, other, pages } from './calls.ts';
import { call, everyScope, objectPath, upload } from './oss-calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const token = await accessToken(sandbox, everyScope);
const others = await accessToken(sandbox, everyScope, other);

const buckets = '/oss/v2/buckets';
const create = (body: unknown, headers?: Record<string, string>, as = token) =>
  call(sandbox, as, 'POST', buckets, body, headers);
const remove = (path: string, as = token) => call(sandbox, as, 'DELETE', path);
const keysIn = async (region: string) =>
  (await pages(sandbox, `${buckets}?region=${region}`, token)).flat().map(({ bucketKey }) => bucketKey);

describe('a new bucket', () => {
  test.each(['transient', 'temporary', 'persistent'])('can be %s', async (policyKey) => {
    const bucketKey = `new-${policyKey}`;
    const answer = await create({ bucketKey, policyKey });
    expect(answer.status).toBe(200);
    const bucket = await json(answer);
    expect(bucket).toEqual({
      bucketKey,
      bucketOwner: demo.id,
      createdDate: expect.any(Number),
      permissions: [{ authId: demo.id, access: 'full' }],
      policyKey,
    });
    expect(await json(await get(sandbox, `${buckets}/${bucketKey}/details`, token))).toEqual(bucket);
    expect(await keysIn('US')).toContain(bucketKey);
  });

  test.each(['region', 'x-ads-region'])('is in the region of the header %s', async (header) => {
    const bucketKey = `new-in-india-${header}`;
    await create({ bucketKey, policyKey: 'transient' }, { [header]: 'IND' });
    expect(await keysIn('IND')).toContain(bucketKey);
    expect(await keysIn('US')).not.toContain(bucketKey);
  });

  test('cannot have a key that is taken, by whichever application', async () => {
    for (const bucketKey of ['sandbox-empty', 'sandbox-other-application', 'wip.dm.prod']) {
      const answer = await create({ bucketKey, policyKey: 'transient' });
      expect(answer.status).toBe(409);
      expect(await json(answer)).toEqual({ reason: 'Bucket already exists' });
    }
  });

  test.each([
    ['an upper case key', { bucketKey: 'Upper', policyKey: 'transient' }],
    ['a short key', { bucketKey: 'ab', policyKey: 'transient' }],
    ['no key', { policyKey: 'transient' }],
    ['no policy', { bucketKey: 'no-policy' }],
    ['an unknown policy', { bucketKey: 'odd-policy', policyKey: 'forever' }],
    ['no body', undefined],
  ])('with %s is 400 with a reason', async (_case, body) => {
    const answer = await create(body);
    expect(answer.status).toBe(400);
    expect(await json(answer)).toEqual({ reason: expect.any(String) });
  });

  test('in an unknown region is 400', async () => {
    const answer = await create({ bucketKey: 'on-mars', policyKey: 'transient' }, { region: 'MARS' });
    expect(answer.status).toBe(400);
  });

  test('takes the scope bucket:create', async () => {
    const weak = await accessToken(sandbox, 'bucket:read data:create data:write');
    expect((await create({ bucketKey: 'weak', policyKey: 'transient' }, {}, weak)).status).toBe(403);
  });
});

describe('a deleted bucket', () => {
  test('is gone, and its key is not available', async () => {
    const bucket = { bucketKey: 'short-lived', policyKey: 'transient' };
    await create(bucket);
    const answer = await remove(`${buckets}/short-lived`);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(await keysIn('US')).not.toContain('short-lived');
    expect((await get(sandbox, `${buckets}/short-lived/details`, token)).status).toBe(404);
    expect((await remove(`${buckets}/short-lived`)).status).toBe(409);
    expect((await create(bucket)).status).toBe(409);
  });

  test.each([
    ['sandbox-other-application', 403],
    ['no-such-bucket', 404],
    ['Upper', 400],
  ])('cannot be %s: %i', async (bucketKey, status) => {
    expect((await remove(`${buckets}/${bucketKey}`)).status).toBe(status);
  });

  test('takes the scope bucket:delete', async () => {
    const weak = await accessToken(sandbox, 'bucket:create data:write');
    expect((await remove(`${buckets}/sandbox-empty`, weak)).status).toBe(403);
  });
});

describe('a deleted object', () => {
  test('is gone', async () => {
    const object = objectPath('sandbox-empty', 'a b.txt');
    await upload(sandbox, token, object, 'short-lived');
    const answer = await remove(object);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect((await get(sandbox, `${object}/details`, token)).status).toBe(404);
    expect((await remove(object)).status).toBe(404);
  });

  test('takes the scope data:write and the application that owns the bucket', async () => {
    const object = objectPath('harbor-tower-models', 'Site.rvt');
    expect((await remove(object, others)).status).toBe(403);
    expect((await remove(object, await accessToken(sandbox, 'data:read data:create'))).status).toBe(403);
    expect((await get(sandbox, `${object}/details`, token)).status).toBe(200);
  });
});
