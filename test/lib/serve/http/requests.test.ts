// What HTTP requests other than a well-formed MCP message get for an answer, and that the server outlives them.
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { closing } from '../../../support/closing.ts';
import { mcpHeaders, openSocket, post, send, toolCall } from '../../../support/raw-http.ts';
import { serve } from '../../../support/serving.ts';
import { waitingDefinition } from '../../../support/waiting.ts';

const keep = closing();
let url: string;
beforeAll(async () => {
  ({ url } = keep(await serve(waitingDefinition().server, { host: '127.0.0.1' })));
});

const echo = toolCall('echo');
const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

afterEach(async () => {
  const { status, body } = await post(url, echo);
  expect([status, body]).toEqual([200, expect.stringContaining('"here"')]);
});

describe('a body', () => {
  test.each(['{nope', '', '{"jsonrpc":"2.0"', '\u0000', 'undefined'])(
    'that is not JSON (%j) is answered 400, parse error',
    async (body) => {
      const answer = await post(url, body);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', error: { code: -32700 }, id: null });
    },
  );

  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const initializing = (capabilities: string) =>
    JSON.stringify(initialize).replace('"capabilities":{}', `"capabilities":${capabilities}`);

  test.each([
    ['the capabilities', initializing(`{"experimental":{"x":${nested(100_000)}}}`)],
    ['other capabilities', initializing(`{"elicitation":{"form":${nested(3000)}}}`)],
    ['arguments', JSON.stringify(toolCall('echo')).replace('{}', nested(100_000))],
    ['arrays alone', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['a text that ends early', '['.repeat(100_000)],
    ['101 levels', nested(101)],
  ])('that is nested deeply in %s is answered 400, parse error, and not logged', async (_where, body) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    const answer = await post(url, body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', error: { code: -32700 }, id: null });
    expect(log).not.toHaveBeenCalled();
  });

  test('that is nested 100 levels deep is taken, whatever brackets its texts have in them', async () => {
    const text = JSON.stringify(`${'[{'.repeat(200)}\\"[[\\`);
    const body = initializing(`{"experimental":{"x":${nested(95)},"y":{"text":${text}}}}`);
    expect((await post(url, body)).status).toBe(200);
  });

  test.each([
    7,
    null,
    'text',
    {},
    { jsonrpc: '2.0' },
    { jsonrpc: '1.0', id: 1, method: 'ping' },
    [],
    [1],
    { ...echo, id: {} },
  ])('that is JSON and no message (%j) is answered 400, invalid request', async (message) => {
    const answer = await post(url, JSON.stringify(message));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', error: { code: -32600 } });
  });

  test('of another content type is answered 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await post(url, echo, { 'content-type': type })).status).toBe(415);
  });

  test('of JSON with a charset is taken', async () => {
    expect((await post(url, echo, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  const fiveMiB = JSON.stringify(toolCall('echo', { filler: 'x'.repeat(5 * 1024 * 1024) }));
  test.each(['at once', 'chunked'])(
    'of 5 MiB (sent %s) is answered 413, and the client gets to read it',
    async (form) => {
      const body = form === 'chunked' ? ReadableStream.from([Buffer.from(fiveMiB)]) : fiveMiB;
      const answer = await fetch(`${url}/mcp`, { method: 'POST', headers: mcpHeaders, body, duplex: 'half' });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({
        error: { message: expect.stringContaining('4 MiB') },
      });
    },
  );

  test('of 3 MiB is taken', async () => {
    const message = toolCall('echo', { filler: 'x'.repeat(3 * 1024 * 1024) });
    expect((await post(url, message)).status).toBe(200);
  });
});

describe('a method', () => {
  test.each(['GET', 'PUT', 'PATCH', 'DELETE'])(
    '%s on /mcp is answered 405 with what is allowed',
    async (method) => {
      const { status, headers } = await send(`${url}/mcp`, {
        method,
        headers: { accept: 'text/event-stream' },
      });
      expect(status).toBe(405);
      expect(headers.allow).toContain('POST');
    },
  );

  test('of MCP that does not exist is answered -32601', async () => {
    const { body } = await post(url, { jsonrpc: '2.0', id: 5, method: 'no/such' });
    expect(body).toContain('"id":5,"error":{"code":-32601');
  });
});

test('a notification is answered 202 without a body', async () => {
  expect(await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' })).toMatchObject({
    status: 202,
    body: '',
  });
});

test('a client of the handshake era gets a session id of its own, and any other id is as good', async () => {
  const ids = await Promise.all(
    [1, 2].map(async () => (await post(url, initialize)).headers['mcp-session-id']),
  );
  expect(new Set(ids).size).toBe(2);
  for (const id of [...ids.map(String), 'of-another-instance'])
    expect((await post(url, echo, { 'mcp-session-id': id })).status).toBe(200);
});

test('a revision of MCP that is not spoken here is answered 400', async () => {
  expect((await post(url, echo, { 'mcp-protocol-version': '1999-12-31' })).status).toBe(400);
});

test('/health says that it is well, and there is nothing elsewhere', async () => {
  expect(await send(`${url}/health`)).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  expect(await send(`${url}/mcp/../nowhere`)).toMatchObject({ status: 404 });
});

test('a batch of messages is answered message by message', async () => {
  const { status, body } = await post(url, [echo, { ...echo, id: 2 }]);
  expect(status).toBe(200);
  expect(body.match(/"here"/g)).toHaveLength(2);
});

describe('outlived is', () => {
  const head = 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const answerOf = async (text: string | Buffer) => {
    const socket = await openSocket(url);
    socket.write(text);
    const [answer] = await once(socket, 'data');
    socket.destroy();
    return String(answer).split('\r\n')[0];
  };

  test('a client that hangs up in the middle of its request, and the log does not fill up with it', async () => {
    const log = vi.spyOn(console, 'error');
    onTestFinished(() => log.mockRestore());
    for (const text of [
      'POST /m',
      head,
      `${head}Content-Length: 100\r\n\r\n{"jsonrpc":`,
      `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"js`,
    ]) {
      const socket = await openSocket(url);
      await new Promise((resolve) => socket.write(text, resolve));
      socket.destroy();
      await once(socket, 'close');
    }
    await post(url, echo);
    expect(log).not.toHaveBeenCalled();
  });

  test.each([
    ['bytes that are no HTTP', Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00])],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['an empty host', 'GET / HTTP/1.1\r\nHost: \r\n\r\n'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n'],
    ['two lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}`],
    ['a chunk that is none', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
  ])('%s, answered 400', async (_what, text) => {
    expect(await answerOf(text)).toBe('HTTP/1.1 400 Bad Request');
  });

  test('a header of 100 kB, answered 431', async () => {
    expect(
      await answerOf(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`),
    ).toContain('431');
  });
});
