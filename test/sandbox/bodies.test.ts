// The size of request bodies.
import { afterAll, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { basic, demo, json } from './calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const kibibytes = (count: number) => 'x'.repeat(count * 1024);
const form = (filling: string) => ({
  body: `grant_type=client_credentials&scope=data%3Aread&filling=${filling}`,
  headers: { ...basic(demo), 'content-type': 'application/x-www-form-urlencoded' },
});

const post = (path: string, body: string | ReadableStream, headers: Record<string, string> = {}) =>
  fetch(`${sandbox.url}${path}`, { method: 'POST', body, headers, duplex: 'half' });

test.each([
  ['/authentication/v2/token', 413, { error: 'invalid_request' }],
  ['/authentication/v2/authorize', 413, { error: 'invalid_request' }],
  ['/authentication/v2/service-accounts', 413, { error: 'invalid_request' }],
  ['/openid/token', 413, { error: 'invalid_request' }],
  ['/openid/register', 413, { error: 'invalid_request' }],
  ['/_sandbox/approve-integration', 413, { problem: expect.stringContaining('64 KiB') }],
])('%s refuses more than 64 KiB', async (path, status, body) => {
  const { headers, body: large } = form(kibibytes(64));
  const answer = await post(path, large, headers);
  expect(answer.status).toBe(status);
  expect(await json(answer)).toMatchObject(body);
});

test('a form of 60 KiB is read', async () => {
  const { headers, body } = form(kibibytes(60));
  expect((await post('/authentication/v2/token', body, headers)).status).toBe(200);
});

test('a body without a length is refused as soon as it is too large', async () => {
  const most = 500;
  let sent = 0;
  const long = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1;
      if (sent > most) controller.close();
      else controller.enqueue(new TextEncoder().encode(kibibytes(16)));
    },
  });
  const { headers } = form('');
  const answer = await post('/authentication/v2/token', long, headers).catch((error: unknown) => error);
  // The connection may close before the client has read the answer.
  if (answer instanceof Response) expect(answer.status).toBe(413);
  expect(sent).toBeLessThan(most);
  expect(sandbox.requests.at(-1)).toMatchObject({ path: '/authentication/v2/token', status: 413 });
});

test('Data Management refuses more than 1 MiB', async () => {
  const answer = await post('/data/v1/projects/p/items', kibibytes(1025));
  expect([answer.status, (await json(answer)).errorCode]).toEqual([413, 'ERR-004']);
});
