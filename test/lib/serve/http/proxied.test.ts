// A server for this machine only refuses what comes through a proxy or tunnel, whatever `Host` that writes.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { serveHttp } from '../../../../lib/serve/launch/http.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import { post, type RawAnswer, send, toolCall } from '../../../support/raw-http.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import { configurationFrom } from '../../../support/serving.ts';
import { serveWith } from '../../../support/signing-in.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const local = keep(await serveWith(sandbox, twoLegged, 'none'));
const signingIn = keep(await serveWith(sandbox, threeLegged, 'autodesk'));

/** What tunnels and proxies add to requests, as far as each is published. */
const proxies: readonly (readonly [name: string, headers: Record<string, string>])[] = [
  [
    'ngrok',
    { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-host': 'a.ngrok.app', 'x-forwarded-proto': 'https' },
  ],
  [
    'cloudflared',
    { 'cf-connecting-ip': '203.0.113.1', 'x-forwarded-for': '203.0.113.1', 'cdn-loop': 'cloudflare' },
  ],
  ['cloudflared that hides addresses', { 'cdn-loop': 'cloudflare; loops=1' }],
  ['Dev Tunnels', { 'x-forwarded-host': 'a-5000.euw.devtunnels.ms', 'x-original-proto': 'https' }],
  ['Tailscale', { 'x-forwarded-for': '100.64.0.1', 'tailscale-user-login': 'eve@works.example' }],
  ['localtunnel', { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-proto': 'https' }],
  ['nginx', { 'x-real-ip': '203.0.113.1' }],
  ['one that keeps to RFC 7239', { forwarded: 'for=203.0.113.1;proto=https' }],
  ['one that keeps to RFC 9110', { via: '1.1 proxy' }],
];
const tunnelled = { 'x-forwarded-for': '203.0.113.1' };

function messageIn({ status, body }: RawAnswer): string {
  expect(status).toBe(403);
  const refusal = z.object({
    error: z.object({ code: z.literal(-32000), message: z.string() }),
    id: z.null(),
  });
  return refusal.parse(JSON.parse(body)).error.message;
}

describe('through a proxy', () => {
  test.each(proxies)(
    'such as %s, nothing is called, and the setting that is missing is named',
    async (_name, headers) => {
      sandbox.requests.length = 0;
      for (const host of ['localhost:5000', 'a.tunnel.example']) {
        const message = messageIn(await post(local.url, toolCall('list_buckets'), { ...headers, host }));
        expect(message).toContain('MCP_PUBLIC_URL');
        expect(Object.keys(headers).filter((name) => message.includes(`the header ${name})`))).toHaveLength(
          1,
        );
        expect(message).not.toMatch(/203\.0|eve|\n/);
      }
      expect(sandbox.requests).toEqual([]);
    },
  );

  test.each([
    ['GET', '/'],
    ['GET', '/mcp'],
    ['DELETE', '/mcp'],
    ['OPTIONS', '/mcp'],
    ['GET', '/nowhere'],
    ['GET', '/callback?code=a&state=b'],
    ['GET', '/oauth/authorize?client_id=a'],
    ['POST', '/oauth/token'],
    ['POST', '/oauth/register'],
    ['GET', '/.well-known/oauth-authorization-server'],
    ['GET', '/.well-known/oauth-protected-resource/mcp'],
  ])('%s %s is refused', async (method, path) => {
    messageIn(await send(signingIn.url + path, { method, headers: tunnelled }));
  });

  test('a person in a browser gets a page', async () => {
    const headers = { ...tunnelled, accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const answer = await send(signingIn.url, { headers });
    expect([answer.status, answer.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8']);
    expect(answer.body).toContain('MCP_PUBLIC_URL');
  });

  test('/health is for everybody', async () => {
    expect((await send(`${local.url}/health`, { headers: tunnelled })).status).toBe(200);
  });
});

test('what clients send without a proxy is answered', async () => {
  const headers = {
    ...{
      'x-request-id': '1',
      'x-custom-auth-headers': '[]',
      'x-stainless-os': 'Linux',
      traceparent: '00-1-2-01',
    },
    ...{
      'mcp-session-id': 'any',
      origin: 'http://localhost:6274',
      'user-agent': 'node',
      'x-forwarding': '1',
    },
  };
  expect((await post(local.url, toolCall('list_buckets'), headers)).status).toBe(200);
});

describe('a server', () => {
  /** Serves 2lo where it is said to be. */
  async function serveAt({
    host = 'localhost',
    publicUrl,
    hosts = [host],
  }: {
    host?: string;
    publicUrl?: string;
    hosts?: string[];
  }) {
    const { listener, stop } = await serveHttp(twoLegged, configurationFrom(twoLegged, sandbox.env), {
      exposure: { host, publicUrl },
      allowed: { hosts, origins: [] },
      port: 0,
    });
    keep({ close: stop });
    return listener.url;
  }

  test.each([
    [
      'was told of its public address',
      { publicUrl: 'https://mcp.example.com', hosts: ['localhost', 'mcp.example.com'] },
    ],
    ['was told of a name', { hosts: ['localhost', 'mcp.example.com'] }],
    ['listens for others', { host: '0.0.0.0' }],
  ])('that %s answers what comes through a proxy', async (_what, place) => {
    const url = new URL(await serveAt(place));
    url.hostname = 'localhost';
    for (const [, headers] of proxies)
      expect((await post(url.origin, toolCall('list_buckets'), headers)).status).toBe(200);
  });

  test.each([
    { publicUrl: 'http://localhost:8080' },
    { hosts: ['localhost', '127.0.0.1', '[::1]'] },
    { host: '127.0.0.1' },
  ])('at %j is for this machine only all the same', async (place) => {
    messageIn(await post(await serveAt(place), toolCall('list_buckets'), tunnelled));
  });
});
