// A server at work over HTTP: the addresses that it gives out, the names it answers to, and its end.
import { networkInterfaces } from 'node:os';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { SettingsError } from '../../../../lib/config/settings.ts';
import { type ClientAuthMode, clientAuthModes } from '../../../../lib/config/variables.ts';
import type { ServerDefinition } from '../../../../lib/serve/launch/definition.ts';
import { type HttpServer, serveHttp } from '../../../../lib/serve/launch/http.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import { startHeldAps } from '../../../support/held-aps.ts';
import { connectBearing } from '../../../support/oidc.ts';
import { benji } from '../../../support/people.ts';
import { post, type RawAnswer, send, toolCall } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { configurationFrom } from '../../../support/serving.ts';
import { signInOn } from '../../../support/signing-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const keep = closing();
const publicUrl = 'https://mcp.example.com';
const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
// The reporter lists skipped tests, but not why they were.
if (!hasIPv6) console.error('A server is not tested on ::1: this machine has no IPv6.');
const hosts = ['localhost', '127.0.0.1', ...(hasIPv6 ? ['::1'] : [])];
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
});

type Choices = { clientAuth?: ClientAuthMode; host?: string; publicUrl?: string; port?: number };

/** Serves a definition as the launcher does, on any free port. */
async function served(
  definition: ServerDefinition,
  { clientAuth = 'none', host = 'localhost', port = 0, publicUrl: named }: Choices = {},
  env: Record<string, string> = { ...sandbox.env, MCP_AUTH_ISSUER: sandbox.openIdIssuer },
): Promise<HttpServer> {
  const server = await serveHttp(definition, configurationFrom(definition, env, clientAuth), {
    exposure: { host, publicUrl: named },
    allowed: { hosts: named ? [new URL(named).hostname] : [], origins: [] },
    port,
  });
  keep({ close: server.stop });
  return server;
}

const asked = z.object({
  result: z.object({ structuredContent: z.object({ result: z.object({ auth_url: z.string() }) }) }),
});

/** The address that a tool gives to somebody who has to sign in to Autodesk first. */
async function addressAt({ listener }: HttpServer, token?: string): Promise<URL> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const { body } = await post(listener.url, toolCall('list_hubs'), headers);
  const message = JSON.parse(body.replace(/^.*?data: /s, ''));
  return new URL(asked.parse(message).result.structuredContent.result.auth_url);
}

const json = ({ body }: RawAnswer): unknown => JSON.parse(body);

describe('a server on this machine', () => {
  test('is known by the name that it listens on, and Autodesk sends browsers to localhost', async () => {
    const server = await served(threeLegged);
    const { port } = server.listener;
    expect(server.publicUrl).toBe(`http://localhost:${port}`);
    expect(server.callbackUrl).toBe(`http://localhost:${port}/callback`);
    expect((await addressAt(server)).searchParams.get('redirect_uri')).toBe(
      `http://localhost:${port}/callback`,
    );
  });

  test.each([
    ['none', 'localhost'],
    ['oidc', 'localhost'],
    ['autodesk', '127.0.0.1'],
  ] as const)(
    'on another address of it, with %s, has Autodesk send browsers to %s',
    async (clientAuth, name) => {
      const server = await served(threeLegged, { host: '127.0.0.1', clientAuth });
      const { port } = server.listener;
      expect(server.publicUrl).toBe(`http://127.0.0.1:${port}`);
      expect(server.callbackUrl).toBe(`http://${name}:${port}/callback`);
    },
  );

  test.each(hosts)(
    'on %s has a sign-in that people confirm end where it began, at the data',
    async (host) => {
      const server = await served(threeLegged, { host, clientAuth: 'oidc' });
      sandbox.registerRedirectUri(server.callbackUrl);
      const token = await sandbox.openIdToken({ audience: `${server.publicUrl}/mcp` });
      const address = await addressAt(server, token);
      const browser = openBrowser();
      const confirm = await browser.open(address);
      expect(confirm.url.origin).toBe(new URL(server.callbackUrl).origin);
      const page = await signInOn(await browser.submit(confirm, {}), browser, benji.userId);
      expect([page.status, page.html]).toEqual([200, htmlHeaded(headings.signedIn)]);
      const client = keep(await connectBearing(server.publicUrl, 'legacy', token));
      expect(await hubsOf(client)).toEqual(benji.hubs);
    },
  );
});

describe('a server with a public address', () => {
  test('has Autodesk send browsers there, and nowhere else', async () => {
    const server = await served(threeLegged, { publicUrl });
    expect([server.publicUrl, server.callbackUrl]).toEqual([publicUrl, `${publicUrl}/callback`]);
    const { origin, searchParams } = await addressAt(server);
    expect([origin, searchParams.get('redirect_uri')]).toEqual([sandbox.url, `${publicUrl}/callback`]);
  });

  test.each(['oidc', 'autodesk'] as const)(
    'behind %s names it in the challenge and in its metadata',
    async (clientAuth) => {
      const { listener } = await served(threeLegged, { publicUrl, clientAuth });
      const metadataUrl = `${publicUrl}/.well-known/oauth-protected-resource/mcp`;
      const challenge = await post(listener.url, toolCall('list_hubs'));
      expect(challenge.status).toBe(401);
      expect(challenge.headers['www-authenticate']).toContain(`resource_metadata="${metadataUrl}"`);
      for (const path of [
        '/.well-known/oauth-protected-resource/mcp',
        '/.well-known/oauth-protected-resource',
      ])
        expect(json(await send(listener.url + path))).toMatchObject({
          resource: `${publicUrl}/mcp`,
          authorization_servers: [clientAuth === 'oidc' ? sandbox.openIdIssuer : publicUrl],
        });
    },
  );

  test('behind autodesk is an authorization server there', async () => {
    const { listener } = await served(threeLegged, { publicUrl, clientAuth: 'autodesk' });
    const metadata = json(await send(`${listener.url}/.well-known/oauth-authorization-server`));
    const { issuer, ...rest } = z.looseObject({ issuer: z.string() }).parse(metadata);
    expect(issuer).toBe(publicUrl);
    const endpoints = Object.entries(rest).filter(([name]) => name.endsWith('_endpoint'));
    expect(endpoints.map(([name]) => name).sort()).toEqual([
      ...['authorization_endpoint', 'registration_endpoint', 'revocation_endpoint', 'token_endpoint'],
    ]);
    for (const [, address] of endpoints) expect(String(address)).toMatch(/^https:\/\/mcp\.example\.com\/\w/);
  });

  test('behind oidc asks people there whether a sign-in is theirs, with a cookie that only https carries', async () => {
    const server = await served(threeLegged, { publicUrl, clientAuth: 'oidc' });
    const token = await sandbox.openIdToken({ audience: `${publicUrl}/mcp` });
    const address = await addressAt(server, token);
    expect(address.href).toMatch(/^https:\/\/mcp\.example\.com\/signin\?state=[\w.-]{43,}$/);
    const page = await send(server.listener.url + address.pathname + address.search, {
      headers: { host: 'mcp.example.com' },
    });
    expect(page).toMatchObject({ status: 200, body: htmlHeaded(headings.confirm) });
    expect(String(page.headers['set-cookie'])).toMatch(
      /^__Host-mcp-browser-[\w-]{8}=[\w-]{43}; Path=\/; HttpOnly; Secure;/,
    );
  });

  test('answers to its name and to those of this machine, and to no other', async () => {
    const { listener } = await served(twoLegged, { publicUrl });
    const status = async (host: string) => (await send(listener.url, { headers: { host } })).status;
    expect(await status('mcp.example.com')).toBe(200);
    expect(await status('localhost')).toBe(200);
    for (const host of ['evil.example', 'mcp.example.com.evil.example', 'example.com'])
      expect(await status(host)).toBe(403);
  });
});

describe('a page on which people say that a sign-in is theirs', () => {
  test.each(['none', 'autodesk'] as const)('is not there with %s', async (clientAuth) => {
    const { listener } = await served(threeLegged, { clientAuth });
    expect((await send(`${listener.url}/signin?state=any`)).status).toBe(404);
  });

  test('is not there where no user signs in, either', async () => {
    const { listener } = await served(twoLegged, { clientAuth: 'oidc' });
    expect((await send(`${listener.url}/signin?state=any`)).status).toBe(404);
  });
});

describe('the end', () => {
  const second = 1000;
  afterEach(() => void vi.useRealTimers());

  /** A server in the middle of a call that APS has not answered. */
  async function busy(clientAuth: ClientAuthMode = 'none') {
    const aps = keep(await startHeldAps());
    const env = { ...aps.env, MCP_AUTH_ISSUER: sandbox.openIdIssuer };
    const server = await served(twoLegged, { clientAuth }, env);
    const { url } = server.listener;
    const token = await sandbox.openIdToken({ audience: `${url}/mcp` });
    const question = aps.asked();
    const call = post(url, toolCall('list_buckets'), { authorization: `Bearer ${token}` });
    await question;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    return { ...server, url, call, answer: aps.answer };
  }

  test.each(['none', 'oidc'] as const)(
    '(with %s) refuses new callers, and waits for calls that run',
    async (clientAuth) => {
      const { url, call, answer, stop, service } = await busy(clientAuth);
      let stopped = false;
      const end = stop().then(() => {
        stopped = true;
      });
      await expect(send(`${url}/health`)).rejects.toThrow('ECONNREFUSED');
      await vi.advanceTimersByTimeAsync(10 * second - 1);
      expect([stopped, service.running]).toEqual([false, 1]);
      answer();
      expect((await call).body).toContain('held-bucket');
      await end;
      expect(service.running).toBe(0);
    },
  );

  test('does not wait for ever: a call that is still running is cut off', async () => {
    const { call, stop } = await busy();
    const refusal = expect(call).rejects.toThrow();
    const end = stop();
    await vi.advanceTimersByTimeAsync(12 * second);
    await Promise.all([end, refusal]);
  });

  test.each(clientAuthModes)(
    'of a server that cannot be made, with %s, frees its port',
    async (clientAuth) => {
      const { listener, stop } = await served(twoLegged);
      await stop();
      const choices = { clientAuth, port: listener.port };
      await expect(served(twoLegged, choices, {})).rejects.toThrow(SettingsError);
      await expect(send(listener.url)).rejects.toThrow('ECONNREFUSED');
    },
  );
});
