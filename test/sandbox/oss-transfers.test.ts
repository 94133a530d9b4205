// Uploading and downloading objects through signed URLs.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { accessToken, get, json, other } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { call, complete, downloadUrl, everyScope, objectPath, put, upload, uploadUrls } from './oss-calls.ts';

const { sandbox, clock } = await startClockedSandbox({ tokenLifetimeSeconds: 86_400 });
const token = await accessToken(sandbox, everyScope);
const mebibyte = 1024 * 1024;
const hash = (algorithm: string, bytes: string | Uint8Array) =>
  createHash(algorithm).update(bytes).digest('hex');

const inEmpty = (objectKey: string) => objectPath('sandbox-empty', objectKey);

describe('an upload', () => {
  test('in one part is an object after its completion, and not before', async () => {
    const object = inEmpty('plan #1.txt');
    const { uploadKey, urls } = await uploadUrls(sandbox, token, object);
    expect(urls).toHaveLength(1);
    const answer = await put(urls[0], 'Hello');
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, `"${hash('md5', 'Hello')}"`]);
    expect((await get(sandbox, `${object}/details`, token)).status).toBe(404);

    const headers = { 'x-ads-meta-content-type': 'text/plain' };
    const completed = await complete(sandbox, token, object, { uploadKey, size: 5 }, headers);
    expect(completed.status).toBe(200);
    const details = await json(completed);
    expect(details).toMatchObject({
      bucketKey: 'sandbox-empty',
      objectKey: 'plan #1.txt',
      sha1: hash('sha1', 'Hello'),
      size: 5,
      contentType: 'text/plain',
    });
    expect(await json(await get(sandbox, `${object}/details`, token))).toEqual(details);
    const list = await json(
      await get(sandbox, '/oss/v2/buckets/sandbox-empty/objects?beginsWith=plan', token),
    );
    expect(list.items).toHaveLength(1);
    expect((await complete(sandbox, token, object, { uploadKey })).status).toBe(404);
  });

  test('replaces an object with the same key', async () => {
    const object = inEmpty('twice.txt');
    await upload(sandbox, token, object, 'first');
    await upload(sandbox, token, object, 'second');
    expect(await (await fetch((await downloadUrl(sandbox, token, object)).url)).text()).toBe('second');
  });

  test('in parts is put together in the order of the parts', async () => {
    const object = inEmpty('parts.bin');
    const big = new Uint8Array(5 * mebibyte).fill(65);
    const first = await uploadUrls(sandbox, token, object, '?parts=1&firstPart=2');
    await put(first.urls[0], 'end');
    const { uploadKey } = first;
    const second = await uploadUrls(sandbox, token, object, `?uploadKey=${uploadKey}`);
    expect(second.uploadKey).toBe(uploadKey);
    expect((await complete(sandbox, token, object, { uploadKey })).status).toBe(400);
    await put(second.urls[0], big);
    const eTags = [hash('md5', big), `"${hash('md5', 'end')}"`];
    const body = { uploadKey, eTags, size: 5 * mebibyte + 3 };
    expect(await json(await complete(sandbox, token, object, body))).toMatchObject({ size: body.size });
    const { url } = await downloadUrl(sandbox, token, object);
    const range = { range: `bytes=${5 * mebibyte - 1}-${body.size + 99}` };
    const tail = await fetch(url, { headers: range });
    expect([tail.status, await tail.text()]).toEqual([206, 'Aend']);
  });

  test('of a part below 5 MiB that is not the last is refused at its completion', async () => {
    const object = inEmpty('small-parts.bin');
    const { uploadKey, urls } = await uploadUrls(sandbox, token, object, '?parts=2');
    await put(urls[0], 'small');
    await put(urls[1], 'last');
    const answer = await complete(sandbox, token, object, { uploadKey });
    expect(answer.status).toBe(400);
    expect((await json(answer)).reason).toContain('5242880');
  });

  test.each([
    ['another size', { size: 4 }],
    ['other eTags', { eTags: ['x'] }],
    ['a size that is no number', { size: 'five' }],
  ])('is refused with %s', async (_case, claim) => {
    const object = inEmpty('claims.txt');
    const { uploadKey, urls } = await uploadUrls(sandbox, token, object);
    await put(urls[0], 'Hello');
    expect((await complete(sandbox, token, object, { uploadKey, ...claim })).status).toBe(400);
  });

  test('without bytes, or with an unknown key, is refused', async () => {
    const object = inEmpty('nothing.txt');
    const { uploadKey } = await uploadUrls(sandbox, token, object);
    expect((await complete(sandbox, token, object, { uploadKey })).status).toBe(400);
    expect((await complete(sandbox, token, object, { uploadKey: 'x' })).status).toBe(404);
    expect((await complete(sandbox, token, inEmpty('other.txt'), { uploadKey })).status).toBe(404);
    expect((await complete(sandbox, token, object, {})).status).toBe(400);
  });

  test.each([
    ['parts=26', 400],
    ['parts=0', 400],
    ['firstPart=0', 400],
    ['firstPart=10000&parts=2', 400],
    ['minutesExpiration=0', 400],
    ['minutesExpiration=61', 400],
    ['minutesExpiration=soon', 400],
    ['uploadKey=x', 404],
    ['parts=25&minutesExpiration=60', 200],
  ])('with %s is %i', async (query, status) => {
    const answer = await call(sandbox, token, 'GET', `${inEmpty('x')}/signeds3upload?${query}`);
    expect(answer.status).toBe(status);
  });

  test('can no longer be sent or completed when its time is over', async () => {
    const object = inEmpty('late.txt');
    const first = await uploadUrls(sandbox, token, object, '?minutesExpiration=3');
    const { uploadKey, uploadExpiration, urls } = first;
    clock.now += 3 * 60_000 - 1;
    expect((await put(urls[0], 'x')).status).toBe(200);
    clock.now += 1;
    const late = await put(urls[0], 'y');
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('Request has expired')]);
    const again = await uploadUrls(sandbox, token, object, `?uploadKey=${uploadKey}`);
    expect((await put(again.urls[0], 'y')).status).toBe(200);
    // The day is counted from the start of the upload.
    expect(again.uploadExpiration).toBe(uploadExpiration);
    clock.now += 24 * 3_600_000;
    const fresh = await accessToken(sandbox, everyScope);
    expect((await complete(sandbox, fresh, object, { uploadKey })).status).toBe(404);
  });

  test('takes the scope data:write or data:create, and the application that owns the bucket', async () => {
    const path = `${inEmpty('x')}/signeds3upload`;
    const as = async (scope: string, application?: typeof other) =>
      (await call(sandbox, await accessToken(sandbox, scope, application), 'GET', path)).status;
    expect(await as('data:write')).toBe(200);
    expect(await as('data:create')).toBe(200);
    expect(await as('data:read bucket:create')).toBe(403);
    expect(await as(everyScope, other)).toBe(403);
  });
});

describe('a download', () => {
  const photo = objectPath('sandbox-survey-photos', 'flight-01/IMG_0001.jpg');
  const fresh = () => accessToken(sandbox, everyScope);

  test('has the size and type of the object', async () => {
    const { url, size } = await downloadUrl(sandbox, await fresh(), photo);
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect((await answer.arrayBuffer()).byteLength).toBe(size);
  });

  test('of a range is 206, and of an impossible one 416', async () => {
    const { url, size } = await downloadUrl(sandbox, await fresh(), photo);
    const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${size}`]);
    expect((await part.arrayBuffer()).byteLength).toBe(10);
    expect((await fetch(url, { headers: { range: `bytes=${size}-` } })).status).toBe(416);
  });

  test('has the headers that were asked for', async () => {
    const disposition = 'attachment; filename="plan.pdf"';
    const query = new URLSearchParams({
      'response-content-type': 'application/pdf',
      'response-content-disposition': disposition,
    });
    const { url, params } = await downloadUrl(sandbox, await fresh(), photo, `?${query}`);
    expect(params).toEqual({ 'content-type': 'application/pdf', 'content-disposition': disposition });
    const { headers } = await fetch(url, { headers: { range: 'bytes=0-0' } });
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      'application/pdf',
      disposition,
    ]);
  });

  test('is refused when its time is over, and for a URL that was changed', async () => {
    const { url } = await downloadUrl(sandbox, await fresh(), photo);
    const status = async (address: string) =>
      (await fetch(address, { headers: { range: 'bytes=0-0' } })).status;
    expect(await status(url)).toBe(206);
    expect(await status(url.replace('IMG_0001', 'IMG_0002'))).toBe(403);
    expect(await status(url.replace('Expires-At=', 'Expires-At=9'))).toBe(403);
    clock.now += 120_000;
    expect(await status(url)).toBe(403);
  });

  test('is 304 for a client that has the object', async () => {
    const path = `${photo}/signeds3download`;
    const { sha1 } = await downloadUrl(sandbox, await fresh(), photo);
    const status = async (headers: Record<string, string>) =>
      (await call(sandbox, await fresh(), 'GET', path, undefined, headers)).status;
    expect(await status({ 'if-none-match': String(sha1) })).toBe(304);
    expect(await status({ 'if-none-match': 'x' })).toBe(200);
    expect(await status({ 'if-modified-since': new Date(clock.now).toUTCString() })).toBe(304);
  });

  test.each([
    ['sandbox-empty', 'no-such-object', '', 404],
    ['no-such-bucket', 'x', '', 404],
    ['sandbox-other-application', 'Confidential.rvt', '', 403],
    ['sandbox-survey-photos', 'flight-01/IMG_0001.jpg', '?minutesExpiration=61', 400],
  ])('of %s/%s%s is refused with %i', async (bucketKey, objectKey, query, status) => {
    const path = `${objectPath(bucketKey, objectKey)}/signeds3download${query}`;
    expect((await call(sandbox, await fresh(), 'GET', path)).status).toBe(status);
  });

  test('leaves no signature in the log of requests', async () => {
    const { url } = await downloadUrl(sandbox, await fresh(), photo);
    await fetch(url, { headers: { range: 'bytes=0-0' } });
    const signature = new URL(url).searchParams.get('X-Amz-Signature');
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(sandbox.requests)).not.toContain(signature);
    expect(sandbox.requests.at(-1)?.query).toMatchObject({ 'X-Amz-Signature': 'redacted' });
  });

  test('takes the scope data:read', async () => {
    const weak = await accessToken(sandbox, 'data:write data:create');
    expect((await call(sandbox, weak, 'GET', `${photo}/signeds3download`)).status).toBe(403);
  });
});
