// Dynamic registration (RFC 7591): what a client may register, and that nobody can be a client without.
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { createKeys } from '../../../../../lib/sealed.ts';
import { definition as threeLegged } from '../../../../../servers/3lo.ts';
import { closing } from '../../../../support/closing.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import { authorizeAddress, newClient, register } from '../../../../support/oauth-requests.ts';
import { send } from '../../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedHttp, serveWith } from '../../../../support/signing-in.ts';

const keep = closing();
const secret = 'a secret that all instances of a deployment share';
let sandbox: Sandbox;
let served: ServedHttp;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveWith(sandbox, threeLegged, 'autodesk', { secret }));
});

test('a registration is answered with what was accepted, which may be less than what was asked for', async () => {
  const { status, headers, json } = await register(served, {
    client_name: ' A Client ',
    redirect_uris: [clientCallback],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', 'implicit'],
    response_types: ['code', 'token'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'data:write',
    application_type: 'native',
    logo_uri: 'https://evil.example/logo.png',
  });
  expect([status, headers['cache-control']]).toEqual([201, 'no-store']);
  expect(json).toEqual({
    client_id: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    client_id_issued_at: expect.any(Number),
    client_name: 'A Client',
    redirect_uris: [clientCallback],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  });
});

test('redirect addresses are all that a registration needs', async () => {
  expect(await register(served, { redirect_uris: [clientCallback] })).toMatchObject({
    status: 201,
    json: { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
  });
});

test.each([
  ['a\nb\tc\u0000d', 'a b c d'],
  ['\u202eevil\u202c', 'evil'],
  ['a\u200bb\u2066c\ufeffd', 'a b c d'],
  ['Ünïcode 名前', 'Ünïcode 名前'],
])(
  'a name has nothing in it that nobody sees, or that turns writing around: %j',
  async (client_name, name) => {
    const { json } = await register(served, { redirect_uris: [clientCallback], client_name });
    expect(json.client_name).toBe(name);
    const { body } = await send(authorizeAddress(served, String(json.client_id)));
    expect(/<h1>([^<]*)/.exec(body)?.[1]).toContain(` ${name}?`);
  },
);

describe('a redirect address', () => {
  test.each([
    'https://app.example/callback',
    'https://app.example:8443/callback?tenant=7',
    'http://localhost:33418/callback',
    'http://localhost/callback',
    'http://127.0.0.1:4711/',
    'http://127.9.9.9:4711/',
    'http://[::1]:4711/',
  ])('may be %s', async (uri) => {
    const { status, json } = await register(served, { redirect_uris: [uri] });
    expect([status, json.redirect_uris]).toEqual([201, [uri]]);
  });

  test.each([
    'http://app.example/callback',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://192.168.0.1/',
    'http://0.0.0.0:4711/',
    'http://[::ffff:7f00:1]:4711/',
    'cursor://anysphere.cursor-mcp/oauth/callback/',
    'cursor://anysphere.cursor-mcp/',
    'com.example.app:/callback',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'urn:ietf:wg:oauth:2.0:oob',
    'https://app.example/callback#fragment',
    'https://app.example/callback#',
    'https://localhost@evil.example/',
    'https://user:password@app.example/',
    'http://localhost:80@evil.example/',
    '//app.example/callback',
    '/callback',
    'https://',
    '*',
    '',
  ])('may not be "%s"', async (uri) => {
    expect(await register(served, { redirect_uris: [uri] })).toMatchObject({
      status: 400,
      headers: { 'cache-control': 'no-store' },
      json: { error: 'invalid_redirect_uri', error_description: expect.stringMatching(/redirect URI/) },
    });
    // Beside one that is allowed, it is left out: nothing is ever sent there.
    const { status, json } = await register(served, { redirect_uris: [uri, clientCallback] });
    expect([status, json.redirect_uris]).toEqual([201, [clientCallback]]);
    const address = authorizeAddress(served, String(json.client_id), { redirect_uri: uri });
    expect(await send(address)).toMatchObject({
      status: 400,
      headers: expect.not.objectContaining({ location: expect.anything() }),
    });
  });
});

describe('a registration is refused', () => {
  test.each<[what: string, metadata: unknown, words: RegExp]>([
    ['that is not JSON', 'redirect_uris=x', /^The body/],
    ['that is empty', '', /^The body/],
    ['that is no object', '[]', /^The body/],
    ['that is null', 'null', /^The body/],
    ['that is nested deeply', `{"client_name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, /^The body/],
    ['without redirect addresses', {}, /^redirect_uris/],
    ['with an empty list of them', { redirect_uris: [] }, /^redirect_uris/],
    ['with one that is no list', { redirect_uris: clientCallback }, /^redirect_uris/],
    ['with one that is no text', { redirect_uris: [{ toString: 'x' }] }, /^redirect_uris\.0/],
    ['with eleven of them', { redirect_uris: Array(11).fill(clientCallback) }, /^redirect_uris/],
    [
      'with one that is very long',
      { redirect_uris: [`https://x.example/${'x'.repeat(2000)}`] },
      /^redirect_uris/,
    ],
    ['with a name of blanks', { redirect_uris: [clientCallback], client_name: '  ' }, /^client_name/],
    [
      'with a very long name',
      { redirect_uris: [clientCallback], client_name: 'x'.repeat(101) },
      /^client_name/,
    ],
    [
      'with a name of what nobody sees',
      { redirect_uris: [clientCallback], client_name: '\u200b\u202e\n' },
      /^client_name/,
    ],
    ['with a name that is no text', { redirect_uris: [clientCallback], client_name: {} }, /^client_name/],
  ])('%s', async (_what, metadata, words) => {
    expect(await register(served, metadata)).toMatchObject({
      status: 400,
      json: { error: 'invalid_client_metadata', error_description: expect.stringMatching(words) },
    });
  });

  test('that comes from a page of another origin', async () => {
    const { status } = await send(`${served.url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://elsewhere.example' },
      body: JSON.stringify({ redirect_uris: [clientCallback] }),
    });
    expect(status).toBe(403);
  });
});

describe('a client id', () => {
  const isKnown = async (clientId: string, at = served) =>
    (await send(authorizeAddress(at, clientId, { resource: undefined }))).status === 200;

  test('is known at every instance with the same SESSION_SECRET, and at no other', async () => {
    const publicUrl = served.url;
    const same = keep(await serveWith(sandbox, threeLegged, 'autodesk', { secret, publicUrl }));
    const others = [
      keep(await serveWith(sandbox, threeLegged, 'autodesk', { secret: `${secret}!`, publicUrl })),
      keep(await serveWith(sandbox, threeLegged, 'autodesk', { publicUrl })),
    ];
    const clientId = await newClient(served);
    expect([await isKnown(clientId), await isKnown(clientId, same)]).toEqual([true, true]);
    for (const other of others) {
      expect(await isKnown(clientId, other)).toBe(false);
      expect(await isKnown(await newClient(other))).toBe(false);
    }
  });

  test('is never that of another client, even if it registers the same in the same second', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => newClient(served)));
    expect(new Set(ids).size).toBe(10);
  });

  test('cannot be made by anybody else', async () => {
    const claims = decodeJwt(await newClient(served));
    const signed = (typ: string, purpose = 'MCP clients') =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ })
        .sign(createKeys([secret], { server: '3lo', origin: served.url })(purpose));
    expect(await isKnown(await signed('mcp-client'))).toBe(true);
    expect(await isKnown(await signed('mcp-client', 'sessions'))).toBe(false);
    expect(await isKnown(await signed('mcp-form'))).toBe(false);
    expect(await isKnown(new UnsecuredJWT(claims).encode())).toBe(false);
  });

  test('cannot be given another redirect address', async () => {
    const [header = '', payload = '', signature = ''] = (await newClient(served)).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const changed = JSON.stringify({ ...claims, redirect_uris: [clientCallback, 'https://evil.example/'] });
    const encoded = Buffer.from(changed).toString('base64url');
    expect(await isKnown(`${header}.${encoded}.${signature}`)).toBe(false);
  });

  test('of the largest registration can be used, and a larger one is refused', async () => {
    const uris = (count: number) =>
      Array.from({ length: count }, (_, index) => `https://x.example/${index}${'x'.repeat(1900)}`);
    const [redirect_uri = ''] = uris(1);
    const redirect_uris = [...uris(2), `${clientCallback}?`];
    redirect_uris[2] += 'x'.repeat(4000 - redirect_uris.join('').length);
    const client_name = '\u{20bb7}'.repeat(50);
    const clientId = await newClient(served, { redirect_uris, client_name });
    expect((await send(authorizeAddress(served, clientId, { redirect_uri }))).status).toBe(200);
    redirect_uris[2] += 'x';
    expect(await register(served, { redirect_uris })).toMatchObject({
      status: 400,
      json: { error: 'invalid_client_metadata', error_description: expect.stringMatching(/^redirect_uris/) },
    });
  });
});
