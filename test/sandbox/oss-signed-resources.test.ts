// Signed URLs of OSS, which work without a token.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { accessToken, json, other } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { call, everyScope, objectPath, upload } from './oss-calls.ts';

const { sandbox, clock } = await startClockedSandbox({ tokenLifetimeSeconds: 86_400 });
const token = await accessToken(sandbox, everyScope);
const object = objectPath('sandbox-empty', 'shared plan.txt');
await upload(sandbox, token, object, 'Hello');

const sign = (query = '', body: unknown = {}, as = token, path = object) =>
  call(sandbox, as, 'POST', `${path}/signed${query}`, body);
const signedSchema = z.strictObject({
  signedUrl: z.string(),
  expiration: z.number(),
  singleUse: z.boolean(),
});

async function signed(query?: string, body?: unknown) {
  const answer = await sign(query, body);
  expect(answer.status).toBe(200);
  return signedSchema.parse(await answer.json());
}

describe('a signed URL', () => {
  test('reads the object for two minutes', async () => {
    const { signedUrl, expiration, singleUse } = await signed();
    expect([expiration, singleUse]).toEqual([clock.now + 120_000, false]);
    for (let use = 0; use < 2; use += 1) expect(await (await fetch(signedUrl)).text()).toBe('Hello');
    const part = await fetch(signedUrl, { headers: { range: 'bytes=1-2' } });
    expect([part.status, await part.text()]).toEqual([206, 'el']);
    clock.now += 120_000;
    expect((await fetch(signedUrl)).status).toBe(404);
  });

  test('is not in the log of requests', async () => {
    const { signedUrl } = await signed();
    await fetch(signedUrl);
    const { pathname } = new URL(signedUrl);
    expect(sandbox.requests.at(-1)?.path).toBe('/oss/v2/signedresources/redacted');
    expect(JSON.stringify(sandbox.requests)).not.toContain(pathname.split('/').at(-1));
  });

  test('for one use works once', async () => {
    const { signedUrl, singleUse } = await signed('', { singleUse: true, minutesExpiration: 60 });
    expect(singleUse).toBe(true);
    expect((await fetch(signedUrl)).status).toBe(200);
    expect((await fetch(signedUrl)).status).toBe(404);
  });

  test('has the headers that were asked for', async () => {
    const { signedUrl } = await signed();
    const query = new URLSearchParams({
      'response-content-type': 'text/plain',
      'response-content-disposition': 'attachment',
    });
    const { headers } = await fetch(`${signedUrl}&${query}`);
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      'text/plain',
      'attachment',
    ]);
  });

  test('replaces the object, if it may write', async () => {
    const replace = (url: string, body: string, headers = {}) =>
      fetch(url, { method: 'PUT', body, headers: { 'content-type': 'text/plain', ...headers } });
    const read = await signed('?access=read');
    expect((await replace(read.signedUrl, 'x')).status).toBe(403);
    const write = await signed('?access=write');
    expect((await fetch(write.signedUrl)).status).toBe(403);
    const both = await signed('?access=ReadWrite');
    const answer = await replace(both.signedUrl, 'Hello again');
    const sha1 = createHash('sha1').update('Hello again').digest('hex');
    expect(await json(answer)).toMatchObject({ sha1, size: 11, contentType: 'text/plain' });
    expect((await replace(both.signedUrl, 'x', { 'if-match': 'x' })).status).toBe(412);
    expect((await replace(both.signedUrl, 'Hello', { 'if-match': sha1 })).status).toBe(200);
    expect(await (await fetch(both.signedUrl)).text()).toBe('Hello');
  });

  test('ends with its object', async () => {
    const short = objectPath('sandbox-empty', 'short-lived.txt');
    await upload(sandbox, token, short, 'x');
    const { signedUrl } = signedSchema.parse(await (await sign('', {}, token, short)).json());
    await call(sandbox, token, 'DELETE', short);
    expect((await fetch(signedUrl)).status).toBe(404);
  });

  test.each([
    ['?access=all', {}],
    ['', { minutesExpiration: 61 }],
    ['', { minutesExpiration: 0 }],
    ['', { singleUse: 'yes' }],
    ['', 'text'],
  ])('is refused for %s %j', async (query, body) => {
    expect((await sign(query, body)).status).toBe(400);
  });

  test('takes the scope data:write and the application that owns the bucket', async () => {
    const weak = await accessToken(sandbox, 'data:read data:create');
    expect((await sign('', {}, weak)).status).toBe(403);
    expect((await sign('', {}, await accessToken(sandbox, everyScope, other))).status).toBe(403);
    expect((await sign('', {}, token, objectPath('sandbox-empty', 'none'))).status).toBe(404);
  });
});
