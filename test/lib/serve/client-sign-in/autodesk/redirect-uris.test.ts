// Where the answer to a client may go: any port of a loopback address, private-use schemes one by one, all else to the letter.
import { beforeAll, describe, expect, test } from 'vitest';
import { now } from '../../../../support/clock.ts';
import { closing } from '../../../../support/closing.ts';
import { decide, shown } from '../../../../support/consent.ts';
import {
  askToken,
  authorizeAddress,
  codeForm,
  newClient,
  register,
} from '../../../../support/oauth-requests.ts';
import { alice } from '../../../../support/people.ts';
import { send } from '../../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedAutodesk, serveAutodesk } from '../../../../support/serving-autodesk.ts';
import { atAutodesk } from '../../../../support/signing-in.ts';

const keep = closing();
const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback';
const own = 'com.example.app:/callback';
/** What the documents on the web list. */
let listed: readonly string[] = [];
let sandbox: Sandbox;
let served: ServedAutodesk;
beforeAll(async () => {
  sandbox = keep(await startSandbox({ now }));
  served = keep(
    await serveAutodesk(sandbox, {
      redirectUris: [own],
      fetchDocument: async (client_id) => ({ client_id, client_name: 'Published', redirect_uris: listed }),
    }),
  );
});

let count = 0;
/** A client with a metadata document. */
function publish(redirectUris: readonly string[]): string {
  listed = redirectUris;
  count += 1;
  return `https://client.example/${count}`;
}

const kinds: readonly (readonly [
  kind: string,
  make: (uris: readonly string[]) => string | Promise<string>,
])[] = [
  ['that registers itself', (redirect_uris) => newClient(served, { redirect_uris })],
  ['with a metadata document', publish],
];

describe.each(kinds)('a client %s', (_kind, make) => {
  const statusOf = async (given: string, redirect_uri: string) =>
    (await send(authorizeAddress(served, await make([given]), { redirect_uri }))).status;

  test.each([
    ['http://localhost/callback', 'http://localhost:49152/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:1/callback'],
    ['http://[::1]/callback', 'http://[::1]:65535/callback'],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1:4711/'],
    ['http://localhost:33418', 'http://localhost:4711'],
    ['http://localhost:33418/callback?of=a%20client', 'http://localhost/callback?of=a%20client'],
  ])('that names %s can wait at %s', async (given, requested) => {
    expect(await statusOf(given, requested)).toBe(200);
  });

  test.each([
    ['http://localhost/callback', 'http://127.0.0.1/callback'],
    ['http://127.0.0.1/callback', 'http://localhost:4711/callback'],
    ['http://127.0.0.1/callback', 'http://[::1]:4711/callback'],
    ['http://localhost/callback', 'http://localhost:4711/callback/'],
    ['http://localhost/callback', 'http://localhost:4711/other'],
    ['http://localhost/callback', 'http://localhost:4711/callback?x=1'],
    ['http://localhost/callback', 'http://localhost:4711/callback#x'],
    ['http://localhost/callback', 'http://LOCALHOST:4711/callback'],
    ['http://localhost/callback', 'HTTP://localhost:4711/callback'],
    ['http://localhost/callback', 'https://localhost:4711/callback'],
    ['http://localhost/callback', 'http://localhost:/callback'],
    ['http://localhost/callback', 'http://localhost:99999/callback'],
    ['http://localhost/callback', 'http://localhost:1@evil.example/callback'],
    ['http://localhost/callback', 'http://localhost.evil.example:4711/callback'],
    ['http://localhost/callback', 'http://localhost:4711/../callback'],
    ['http://127.9.9.9/callback', 'http://127.9.9.9:4711/callback'],
    ['https://localhost/callback', 'https://localhost:4711/callback'],
    ['https://app.example/callback', 'https://app.example:4711/callback'],
    [cursor, 'cursor://anysphere.cursor-mcp:4711/oauth/callback'],
  ])('that names %s cannot wait at %s', async (given, requested) => {
    expect(await statusOf(given, requested)).toBe(400);
  });

  test('redeems its code by the address that it waited at, port and all, and by no other', async () => {
    const clientId = await make(['http://127.0.0.1/callback']);
    const form = await codeForm(served, { clientId, redirectUri: 'http://127.0.0.1:49152/callback' });
    for (const redirect_uri of ['http://127.0.0.1/callback', 'http://127.0.0.1:49153/callback'])
      expect((await askToken(served, { ...form, redirect_uri })).json.error).toBe('invalid_grant');
    expect((await askToken(served, form)).status).toBe(200);
  });

  test('keeps those of its addresses that can be used', async () => {
    const clientId = await make([
      'vscode://x/y',
      'http://app.example/',
      'https://app.example/callback',
      cursor,
    ]);
    const ask = async (redirect_uri: string) =>
      (await send(authorizeAddress(served, clientId, { redirect_uri }))).status;
    expect([await ask('https://app.example/callback'), await ask(cursor)]).toEqual([200, 200]);
    expect([await ask('vscode://x/y'), await ask('http://app.example/')]).toEqual([400, 400]);
  });

  test.each([cursor, own])('signs in at %s', async (uri) => {
    const clientId = await make([uri]);
    const person = atAutodesk(alice, undefined, uri);
    const form = await codeForm(served, { clientId, redirectUri: uri, person });
    expect((await askToken(served, form)).status).toBe(200);
  });
});

test('a registration says which addresses remain', async () => {
  const redirect_uris = ['vscode://x/y', cursor, 'http://app.example/', 'http://localhost/'];
  const { status, json } = await register(served, { redirect_uris });
  expect([status, json.redirect_uris]).toEqual([201, [cursor, 'http://localhost/']]);
});

test('a private-use address that is not allowed any more is not used for a client that registered it', async () => {
  const secret = 'a secret that all instances of a deployment share';
  const before = keep(await serveAutodesk(sandbox, { secret, redirectUris: [own] }));
  const after = keep(await serveAutodesk(sandbox, { secret, publicUrl: before.url }));
  const clientId = await newClient(before, { redirect_uris: [own, 'http://localhost/'] });
  const statusAt = async (redirect_uri: string) =>
    (await send(authorizeAddress(after, clientId, { redirect_uri }))).status;
  expect([await statusAt('http://localhost/'), await statusAt(own)]).toEqual([200, 400]);
});

describe('the page on which a person agrees', () => {
  test.each([
    [cursor, 'cursor:'],
    [own, 'com.example.app:'],
  ])('warns of %s, which any app can claim, and lets the form lead there', async (uri, scheme) => {
    const { body, headers } = await shown(served, {
      clientId: await newClient(served, { redirect_uris: [uri] }),
      redirect_uri: uri,
    });
    expect(body).toMatch(new RegExp(`class="warning">[^/]*${scheme}.*any app`, 'is'));
    expect(headers['content-security-policy']).toContain(`form-action 'self' https: http: ${scheme};`);
  });

  test('does not for a client elsewhere', async () => {
    const { body, headers } = await shown(served);
    expect(body).not.toMatch(/any app/i);
    expect(headers['content-security-policy']).toContain("form-action 'self' https: http:;");
  });

  test('brings a refusal back to the app, with the state', async () => {
    const clientId = await newClient(served, { redirect_uris: [cursor] });
    const { form, cookie } = await shown(served, { clientId, redirect_uri: cursor });
    const { status, headers } = await decide(served, { form, decision: 'deny' }, cookie);
    expect(status).toBe(303);
    expect(headers.location).toMatch(
      /^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?error=access_denied/,
    );
    expect(new URL(headers.location ?? '').searchParams.get('state')).toBe('the-state');
  });
});
