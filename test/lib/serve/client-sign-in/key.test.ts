// Client sign-in with keys: which are good, what a refusal says, and that no client begins a sign-in over it.
import { Client as Version1Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { apiKeys } from '../../../../lib/serve/client-sign-in/key.ts';
import type { ServerDefinition } from '../../../../lib/serve/launch/definition.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { startCleanSandbox } from '../../../support/clean-sandbox.ts';
import { connect, eras } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { connectSigningIn, TestOAuthProvider } from '../../../support/oauth-client.ts';
import { bearer, connectBearing, inHandshakeEra, toolCallers } from '../../../support/oidc.ts';
import { alice, benji } from '../../../support/people.ts';
import { mcpHeaders, type RawAnswer, send, toolCall } from '../../../support/raw-http.ts';
import { askedAddress, open } from '../../../support/sign-in.ts';
import { serveWith, signInOn } from '../../../support/signing-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());

const [old, next, editor] = ['o', 'n', 'e'].map((letter) => letter.repeat(43)) as [string, string, string];

/** Serves a definition to whoever has one of `keys`, written as `name=key`. */
const serveKeys = async (keys: string, definition: ServerDefinition = twoLegged) =>
  keep(await serveWith(sandbox, definition, 'key', { env: { MCP_API_KEYS: keys } }));
const served = await serveKeys(`ci=${old}, editor=${editor}`);

const challengeOf = ({ headers }: RawAnswer) => headers['www-authenticate'];
const errorSchema = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: z.null(),
  error: z.strictObject({ code: z.literal(-32_000), message: z.string() }),
});
const adviceIn = ({ body }: RawAnswer) => errorSchema.parse(JSON.parse(body)).error.message;
const realm = 'Bearer realm="APS MCP server (2lo)"';

describe('a key that the server knows', () => {
  test.each(toolCallers)('is good %s', async (_era, call) => {
    for (const key of [old, editor])
      expect((await call(served.url, 'list_buckets', bearer(key))).status).toBe(200);
  });

  test.each(eras)('is all that %s needs', async (_era, mode) => {
    const client = await connectBearing(served.url, mode, old);
    onTestFinished(() => client.close());
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('list_buckets');
  });

  test.each(['bearer', 'BEARER'])('is good under the scheme %s', async (scheme) => {
    const authorization = `${scheme} ${old}`;
    expect((await inHandshakeEra(served.url, 'list_buckets', { authorization })).status).toBe(200);
  });

  test('says who calls: its name, with a prefix that no other caller has', async () => {
    const signIn = apiKeys({ name: 'test', keys: [{ name: 'ci', key: old }] });
    const request = new Request('http://localhost/mcp', { headers: bearer(old) });
    expect(await signIn.authenticate(request)).toEqual({ id: 'key:ci', client: 'ci' });
  });
});

test('a key is replaced without a refused call', async () => {
  const statusAt = async (url: string, key: string) =>
    (await inHandshakeEra(url, 'list_buckets', bearer(key))).status;
  const both = await serveKeys(`ci=${old},ci=${next}`);
  const afterwards = await serveKeys(`ci=${next}`);
  // The server has the old key, then both, then the new one. The client changes while it has both.
  expect(await statusAt(served.url, old)).toBe(200);
  for (const key of [old, next]) expect(await statusAt(both.url, key)).toBe(200);
  expect(await statusAt(afterwards.url, next)).toBe(200);
  expect(await statusAt(afterwards.url, old)).toBe(401);
  const caller = (key: string) =>
    apiKeys({ name: 'test', keys: [old, next].map((each) => ({ name: 'ci', key: each })) }).authenticate(
      new Request('http://localhost/mcp', { headers: bearer(key) }),
    );
  expect(await caller(next)).toEqual(await caller(old));
});

describe('is refused, and told what to do: a request', () => {
  test.each(toolCallers)('without a key %s: no error is named, as there was none', async (_era, call) => {
    const answer = await call(served.url, 'list_buckets');
    expect([answer.status, challengeOf(answer)]).toEqual([401, realm]);
    for (const part of ['A key is missing', 'no sign-in', 'Authorization: Bearer KEY', 'npm run key -- NAME'])
      expect(adviceIn(answer)).toContain(part);
  });

  test.each([
    ['that is unknown', next],
    ['that is cut off', old.slice(1)],
    ['with more behind it', `${old}o`],
    ['in capitals', old.toUpperCase()],
    ['with its name in front', `ci=${old}`],
    ['twice', `${old}, Bearer ${old}`],
    ['and another word', `${old} more`],
    ['that is empty', ''],
    ['of a thousand characters', 'o'.repeat(1000)],
  ])('with a key %s', async (_what, key) => {
    const answer = await inHandshakeEra(served.url, 'list_buckets', { authorization: `Bearer ${key}` });
    expect([answer.status, challengeOf(answer)]).toEqual([401, `${realm}, error="invalid_token"`]);
    expect(adviceIn(answer)).toMatch(/^This key is not valid here\. .+npm run key/);
    for (const secret of [old, editor]) expect(answer.body).not.toContain(secret);
  });

  test.each([
    ['Basic', `Basic ${Buffer.from(`ci:${old}`).toString('base64')}`],
    ['none', old],
    ['Token', `Token ${old}`],
  ])('with a good key under the scheme %s', async (_scheme, authorization) => {
    const answer = await inHandshakeEra(served.url, 'list_buckets', { authorization });
    expect([answer.status, challengeOf(answer)]).toEqual([401, realm]);
  });

  test('with a good key in another place', async () => {
    const body = JSON.stringify(toolCall('list_buckets'));
    const elsewhere: { path: string; headers: Record<string, string> }[] = [
      { path: `/mcp?access_token=${old}`, headers: {} },
      { path: '/mcp', headers: { cookie: `access_token=${old}` } },
      { path: '/mcp', headers: { 'x-api-key': old } },
    ];
    for (const { path, headers } of elsewhere) {
      const request = { method: 'POST', headers: { ...mcpHeaders, ...headers }, body };
      const answer = await send(new URL(path, served.url), request);
      expect([answer.status, challengeOf(answer)]).toEqual([401, realm]);
    }
  });

  test.each(['GET', 'DELETE', 'PUT'])('without a key, with %s', async (method) => {
    const answer = await send(new URL('/mcp', served.url), { method });
    expect([answer.status, challengeOf(answer)]).toEqual([401, realm]);
  });

  test.each([
    ['origin', 'https://evil.example'],
    ['host', 'evil.example'],
  ])('with a good key, that names a strange %s', async (name, value) => {
    const answer = await inHandshakeEra(served.url, 'list_buckets', { ...bearer(old), [name]: value });
    expect(answer.status).toBe(403);
  });
});

describe('no client begins a sign-in over a refusal', () => {
  test.each([
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/mcp',
    '/mcp/.well-known/openid-configuration',
    '/authorize',
    '/token',
    '/register',
  ])('nothing is at %s', async (path) => {
    for (const headers of [{}, bearer(old)])
      expect((await send(new URL(path, served.url), { headers })).status).toBe(404);
    expect((await send(new URL(path, served.url), { method: 'POST' })).status).toBe(404);
  });

  test.each(eras)('%s that could sign in registers nowhere and sends nobody anywhere', async (_era, mode) => {
    const provider = new TestOAuthProvider();
    const nobody = () => Promise.reject(new Error('A person was sent somewhere'));
    const attempt = connectSigningIn(served.url, mode, nobody, { provider });
    await expect(attempt).rejects.toThrow('npm run key -- NAME');
    expect(provider.address).toBeUndefined();
    expect(provider.saved.client).toBeUndefined();
  });

  test('a client with a client id of its own sends its person to a page that says what to do', async () => {
    const provider = new TestOAuthProvider();
    provider.saved.client = { client_id: 'from-somewhere' };
    const pages: { status: number; text: string }[] = [];
    const attempt = connectSigningIn(
      served.url,
      'legacy',
      async (address) => {
        pages.push(await open(address));
        throw new Error('The person closed the window');
      },
      { provider },
    );
    await expect(attempt).rejects.toThrow('closed the window');
    expect(pages).toMatchObject([{ status: 404, text: expect.stringContaining('npm run key -- NAME') }]);
  });

  test('a client that cannot sign in shows the advice: one of the SDK, in both versions', async () => {
    await expect(connect(served.url, 'legacy')).rejects.toThrow('npm run key -- NAME');
    const version1 = new Version1Client({ name: 'test', version: '1.0.0' });
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', served.url));
    await expect(version1.connect(transport)).rejects.toThrow('npm run key -- NAME');
  });
});

test('no key is needed for /health and the page at /', async () => {
  for (const path of ['/health', '/']) expect((await send(new URL(path, served.url))).status).toBe(200);
});

describe('where tokens belong to users, each name is a caller of its own', () => {
  test('who signs in to Autodesk does so for one name, whichever of its keys it uses', async () => {
    const { url } = await serveKeys(`ci=${old},ci=${next},editor=${editor}`, threeLegged);
    const [ci, ciToo, other] = await Promise.all(
      [old, next, editor].map(async (key) => keep(await connectBearing(url, 'legacy', key))),
    );
    if (!ci || !ciToo || !other) throw new Error('A client is missing');
    const browser = openBrowser();
    const signIn = async (client: typeof ci, { userId }: { userId: string }) => {
      const confirmation = await browser.open(await askedAddress(client));
      await signInOn(await browser.submit(confirmation, {}), browser, userId);
      return confirmation.html;
    };
    const html = await signIn(ci, alice);
    expect(html).toContain('<code>key:ci</code>');
    for (const client of [ci, ciToo]) expect(await hubsOf(client)).toEqual(alice.hubs);
    await signIn(other, benji);
    expect(await hubsOf(other)).toEqual(benji.hubs);
    expect(await hubsOf(ci)).toEqual(alice.hubs);
  });
});

test('who can call are the names, and which of them has two keys', () => {
  const keys = [
    { name: 'ci', key: old },
    { name: 'editor', key: editor },
    { name: 'ci', key: next },
  ];
  expect(apiKeys({ name: 'test', keys }).whoCanCall).toBe('programs with a key: ci (2 keys), editor');
});
