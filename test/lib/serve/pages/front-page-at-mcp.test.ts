// The address of the MCP server, opened in a browser: people get the page, MCP clients what they always got.
import { beforeAll, expect, test } from 'vitest';
import { definition } from '../../../../servers/2lo.ts';
import { closing } from '../../../support/closing.ts';
import { mcpHeaders, post, type RawAnswer, send, toolCall } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { type ServedHttp, serveWith } from '../../../support/signing-in.ts';

const keep = closing();
let sandbox: Sandbox;
let served: ServedHttp;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveWith(sandbox, definition, 'none'));
});

function ask(
  accept: string | undefined,
  { path = '/mcp', method = 'GET', ...headers }: Record<string, string> = {},
) {
  return send(served.url + path, {
    method,
    headers: { ...(accept !== undefined && { accept }), ...headers },
  });
}

/** What Chromium sends when a person opens an address. */
const chromium = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

test.each([
  ['Chromium', chromium],
  ['text browsers', 'text/html, text/*;q=0.5, application/json;q=0.4'],
  ['whoever takes HTML alone', 'text/html'],
  ['whoever writes types large', 'TEXT/HTML'],
])('the address shows %s the page', async (_who, accept) => {
  for (const path of ['/mcp', '/mcp/']) {
    const answer = await ask(accept, { path });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(answer.headers.vary).toMatch(/\baccept\b/i);
    expect(answer.body).toBe((await ask(accept, { path: '/' })).body);
  }
});

test.each([
  ['a client that listens for changes', 'text/event-stream'],
  ['a client that takes both answers of MCP', 'application/json, text/event-stream'],
  ['curl', '*/*'],
  ['a program that says nothing', undefined],
  ['a program that likes JSON as much', 'text/html, application/json'],
  ['a program that likes JSON better', 'text/html;q=0.5, */*'],
  ['a program that refuses HTML', 'text/html;q=0, */*;q=0.1'],
])('%s gets no page there, but the 405 that clients know', async (_who, accept) => {
  const answer = await ask(accept);
  expect(answer.status).toBe(405);
  expect(answer.headers['content-type']).toMatch(/application\/json/);
  expect(answer.headers.vary).toMatch(/\baccept\b/i);
});

test('a call stays a call, whatever else the client would take', async () => {
  const accept = `${mcpHeaders.accept}, text/html`;
  const answer = await post(served.url, toolCall('list_buckets'), { accept });
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('sandbox-');
});

test('a question for the headers alone is answered with those of the page', async () => {
  const answer = await ask(chromium, { method: 'HEAD' });
  expect(answer).toMatchObject({
    status: 200,
    body: '',
    headers: { 'content-type': 'text/html; charset=utf-8' },
  });
});

test('a page of somebody else cannot read it', async () => {
  const foreign = await ask(chromium, { origin: 'https://evil.example' });
  expect(foreign.status).toBe(403);
  const neighbor = await ask(chromium, { origin: 'http://localhost:9999' });
  expect(neighbor.headers['access-control-allow-origin']).toBeUndefined();
});

test('a name that was rebound to this machine does not lead to it', async () => {
  expect((await ask(chromium, { host: 'evil.example' })).status).toBe(403);
});

test('it has an icon, which is all that it loads', async () => {
  const { body, headers }: RawAnswer = await ask(chromium);
  const [, icon = ''] = /<link rel="icon" href="([^"]*)"/.exec(body) ?? [];
  expect(icon).toBe('/favicon.svg');
  expect(headers['content-security-policy']).toContain("img-src 'self'");
  const drawn = await send(served.url + icon);
  expect(drawn).toMatchObject({ status: 200, headers: { 'content-type': 'image/svg+xml' } });
  expect(drawn.body).toMatch(/^<svg /);
});
