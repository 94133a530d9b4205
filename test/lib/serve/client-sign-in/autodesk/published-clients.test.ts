// Clients with a metadata document (OAuth Client ID Metadata Document): what must be in it, and where it must not be.
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DocumentRefused } from '../../../../../lib/serve/client-sign-in/autodesk/metadata-document.ts';
import { definition as threeLegged } from '../../../../../servers/3lo.ts';
import { closing } from '../../../../support/closing.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import { askToken, authorizeAddress, codeForm } from '../../../../support/oauth-requests.ts';
import { send } from '../../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedHttp, serveWith } from '../../../../support/signing-in.ts';
import { startTlsServer } from '../../../../support/tls-server.ts';

const keep = closing();
let sandbox: Sandbox;
let served: ServedHttp;
/** What there is on the web, by address. */
const web = new Map<string, unknown>();
const fetched: string[] = [];
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(
    await serveWith(sandbox, threeLegged, 'autodesk', {
      async fetchDocument(address) {
        fetched.push(address);
        const found = web.has(address) ? web.get(address) : new DocumentRefused('there is nothing');
        if (found instanceof Error) throw found;
        return found;
      },
    }),
  );
});

let count = 0;
/** Publishes a document under an address of its own, right but for `changes`: its address. */
function publish(changes: Record<string, unknown> = {}): string {
  count += 1;
  const address = `https://client.example/${count}/client.json`;
  web.set(address, {
    ...{ client_id: address, client_name: 'Published', redirect_uris: [clientCallback] },
    ...changes,
  });
  return address;
}

const ask = (clientId: string, at = served) => send(authorizeAddress(at, clientId));

async function expectRefused(clientId: string, words: string, at = served) {
  const { status, headers, body } = await ask(clientId, at);
  expect([status, headers.location]).toEqual([400, undefined]);
  expect(body).toMatch(/metadata document/);
  expect(body).toContain(words);
}

test('a person is asked about a client whose document is right', async () => {
  const { status, body } = await ask(publish());
  expect([status, /<h1>[^<]*Published/.test(body)]).toEqual([200, true]);
});

test('a document may contain more than is needed here', async () => {
  const more = { logo_uri: 'https://client.example/logo.png', grant_types: ['authorization_code'], x: 1 };
  const { status, body } = await ask(publish(more));
  expect([status, body.includes('logo.png')]).toEqual([200, false]);
});

describe('a document is refused', () => {
  test.each<[what: string, changes: Record<string, unknown>, words: string]>([
    ['of another client', { client_id: 'https://client.example/other.json' }, 'another client'],
    ['of a client of another host', { client_id: 'https://elsewhere.example/' }, 'another client'],
    ['that names no client', { client_id: undefined }, 'required field'],
    ['without a name', { client_name: undefined }, 'required field'],
    ['with an empty name', { client_name: ' ' }, 'required field'],
    ['without redirect addresses', { redirect_uris: undefined }, 'required field'],
    ['with none of them', { redirect_uris: [] }, 'redirect_uris'],
    ['with a shared secret', { client_secret: 'S3cr3t' }, 'client_secret'],
    ['with a secret to authenticate by', { token_endpoint_auth_method: 'client_secret_post' }, 'auth_method'],
    ['with private_key_jwt and no keys', { token_endpoint_auth_method: 'private_key_jwt' }, 'names no keys'],
    [
      'with keys at an address that is not https',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://client.example/jwks' },
      'jwks_uri',
    ],
    ['with one that is no text', { redirect_uris: [1] }, 'required field'],
    ['with none that is safe', { redirect_uris: ['http://app.example/', 'x'] }, 'must be an https'],
    ['with a private-use scheme alone', { redirect_uris: ['client://callback'] }, 'https'],
    ['with a fragment in the only one', { redirect_uris: [`${clientCallback}#x`] }, 'has a fragment'],
  ])('%s', async (_what, changes, words) => {
    await expectRefused(publish(changes), words);
  });

  test.each([null, [], 'text', 1])('that is %j', async (document) => {
    const address = publish();
    web.set(address, document);
    await expectRefused(address, 'required field');
  });

  test('whose address differs from what it says in one character', async () => {
    const address = publish();
    web.set(`${address}?`, web.get(address));
    await expectRefused(`${address}?`, 'another client');
  });

  test('that does not list the redirect address of the request', async () => {
    const { status, body } = await ask(publish({ redirect_uris: ['http://localhost:1/'] }));
    expect([status, body.includes('at an address')]).toEqual([400, true]);
  });

  test('with markup in what it says, as text', async () => {
    const { body } = await ask('https://client.example/<script>alert(1)</script>');
    expect(body).not.toContain('<script>');
  });
});

test('a document is fetched once for many requests, whether it can be used or not', async () => {
  for (const address of [publish(), 'https://client.example/nowhere.json']) {
    fetched.length = 0;
    await Promise.all(Array.from({ length: 5 }, () => ask(address)));
    await ask(address);
    expect(fetched).toEqual([address]);
  }
});

test('a document for which there was no room is fetched at the next request', async () => {
  const address = publish();
  const document = web.get(address);
  web.set(address, new DocumentRefused('too many', { transient: true, untried: true }));
  await expectRefused(address, 'too many');
  web.set(address, document);
  expect((await ask(address)).status).toBe(200);
});

test('a code of one published client is of no use to another', async () => {
  const form = await codeForm(served, { clientId: publish() });
  expect((await askToken(served, { ...form, client_id: publish() })).json.error).toBe('invalid_grant');
  expect((await askToken(served, form)).status).toBe(200);
});

describe('a server as it is started by the launcher', () => {
  test('connects to nothing on its own machine, by whatever name, for a document', async () => {
    const launched = keep(await serveWith(sandbox, threeLegged, 'autodesk'));
    const inside = keep(await startTlsServer((_request, response) => response.end('{}')));
    for (const host of ['127.0.0.1', '[::1]', '127.0.0.2', '[::ffff:7f00:1]'])
      await expectRefused(`https://${host}:${inside.port}/client.json`, 'public Internet', launched);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    await expectRefused(`https://localhost:${inside.port}/client.json`, 'could not be fetched', launched);
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('public Internet'));
    expect([inside.connections, inside.requests]).toEqual([0, []]);
  });

  test.each([
    'https://127.0.0.1/x',
    'https://169.254.169.254/x',
    'https://10.0.0.1/x',
    'https://192.168.0.1/x',
    'https://[fd00:ec2::254]/x',
    'https://[64:ff9b::7f00:1]/x',
  ])('asks nobody at %s', async (address) => {
    const launched = keep(await serveWith(sandbox, threeLegged, 'autodesk'));
    await expectRefused(address, 'public Internet', launched);
  });
});
