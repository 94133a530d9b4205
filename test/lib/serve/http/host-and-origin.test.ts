// Who is let in over HTTP: programs and pages of this machine, and who is named, and nobody else.
import { FastMCP } from 'fastmcp';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../../../../lib/caller.ts';
import { closing } from '../../../support/closing.ts';
import { post, send, toolCall } from '../../../support/raw-http.ts';
import { type Served, serve } from '../../../support/serving.ts';

const keep = closing();
let calls = 0;
let open: Served;
let guarded: Served;

function countingDefinition(): FastMCP<Caller> {
  const server = new FastMCP<Caller>({ name: 'Counting', version: '1.0.0' });
  server.addTool({
    name: 'count',
    description: 'Counts its calls.',
    execute: async () => {
      calls += 1;
      return 'counted';
    },
  });
  return server;
}

beforeAll(async () => {
  guarded = keep(await serve(countingDefinition()));
  open = keep(
    await serve(countingDefinition(), {
      hosts: ['mcp.example.com', '[2001:db8::1]'],
      origins: ['https://app.example.com'],
    }),
  );
});

/** Calls the tool: the status, and whether it ran. */
async function call(server: Served, headers: Record<string, string>) {
  const before = calls;
  const { status, headers: answer } = await post(server.url, toolCall('count'), headers);
  return { status, ran: calls > before, allowed: answer['access-control-allow-origin'] };
}

const refused = { status: 403, ran: false, allowed: undefined };

describe('the host', () => {
  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.0.1',
    '0.0.0.0',
    'mcp.example.com',
  ])('may not be %j: 403, and the tool does not run', async (host) => {
    expect(await call(guarded, { host })).toMatchObject(refused);
  });

  test.each(['localhost', '127.0.0.1', '[::1]'])('may be %s, on any port', async (host) => {
    expect(await call(guarded, { host })).toMatchObject({ status: 200, ran: true });
    expect(await call(guarded, { host: `${host}:9999` })).toMatchObject({ status: 200, ran: true });
  });

  test.each(['mcp.example.com', 'mcp.example.com:8443', '[2001:db8::1]:80'])(
    'may be %s when it is named',
    async (host) => {
      expect(await call(open, { host })).toMatchObject({ status: 200, ran: true });
    },
  );

  test('that resembles a named one is refused', async () => {
    for (const host of ['xmcp.example.com', 'mcp.example.com.evil.example', 'example.com'])
      expect(await call(open, { host })).toMatchObject(refused);
  });
});

describe('the origin', () => {
  test.each([
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'https://app.example.com',
    'file://',
    'x',
  ])('may not be %s: 403, and the tool does not run', async (origin) => {
    expect(await call(guarded, { origin })).toMatchObject(refused);
  });

  test.each(['http://localhost:3000', 'http://127.0.0.1:8080', 'http://[::1]:3000', 'https://localhost'])(
    'may be %s, which may read the answer',
    async (origin) => {
      expect(await call(guarded, { origin })).toEqual({ status: 200, ran: true, allowed: origin });
    },
  );

  test('may be one that is named, scheme and port included', async () => {
    const origin = 'https://app.example.com';
    expect(await call(open, { origin })).toEqual({ status: 200, ran: true, allowed: origin });
    for (const other of [
      'http://app.example.com',
      `${origin}:8443`,
      `${origin}.evil.example`,
      'https://xapp.example.com',
    ])
      expect(await call(open, { origin: other })).toMatchObject(refused);
  });

  test('does not help a host that is refused', async () => {
    expect(await call(open, { host: 'evil.example', origin: 'https://app.example.com' })).toMatchObject(
      refused,
    );
  });
});

describe('a preflight', () => {
  const asks = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,mcp-protocol-version,mcp-session-id,authorization',
  };
  const preflight = (server: Served, origin: string) =>
    send(`${server.url}/mcp`, { method: 'OPTIONS', headers: { ...asks, origin } });

  test('of this machine, or of a named origin, is told that it may', async () => {
    for (const origin of ['http://localhost:6274', 'http://127.0.0.1:3000', 'https://app.example.com']) {
      const { status, headers } = await preflight(open, origin);
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': expect.stringContaining('POST'),
        'access-control-allow-headers': expect.stringContaining('mcp-protocol-version'),
        'access-control-expose-headers': expect.stringContaining('Mcp-Session-Id'),
        vary: expect.stringContaining('Origin'),
      });
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    }
  });

  test.each(['https://evil.example', 'null', 'http://app.example.com'])(
    'of %s is told nothing',
    async (origin) => {
      const { status, headers } = await preflight(open, origin);
      expect(status).toBe(403);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    },
  );
});

test('the page and unknown paths are guarded like everything else, only /health is not', async () => {
  const headers = { host: 'evil.example' };
  for (const path of ['/', '/nowhere', '/mcp'])
    expect((await send(guarded.url + path, { headers })).status).toBe(403);
  expect(await send(`${guarded.url}/health`, { headers })).toMatchObject({
    status: 200,
    body: '{"status":"ok"}',
  });
});
