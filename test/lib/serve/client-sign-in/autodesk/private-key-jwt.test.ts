// Clients that authenticate with a private key (private_key_jwt): RFC 7523, and OAuth Client ID Metadata Document.
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DocumentRefused } from '../../../../../lib/serve/client-sign-in/autodesk/metadata-document.ts';
import { later, minutes, now, seconds } from '../../../../support/clock.ts';
import { closing } from '../../../../support/closing.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import {
  askToken,
  call,
  codeForm,
  newTokens,
  refreshForm,
  revoke,
} from '../../../../support/oauth-requests.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedAutodesk, serveAutodesk } from '../../../../support/serving-autodesk.ts';

const keep = closing();
const clientId = 'https://client.example/client.json';
const inDocument = 'https://client.example/with-keys.json';
const jwksUri = 'https://client.example/jwks.json';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const newKey = async (kid: string, alg = 'ES256') => {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
};
type Key = Awaited<ReturnType<typeof newKey>>;

let key: Key;
let stranger: Key;
let sandbox: Sandbox;
let served: ServedAutodesk;
/** What there is on the web, by address; errors are what happens there. */
const web = new Map<string, unknown>();
const fetched: { address: string; largest?: number }[] = [];
const document = (client_id: string, changes: object) => ({
  ...{ client_id, client_name: 'Published', redirect_uris: [clientCallback] },
  ...{ token_endpoint_auth_method: 'private_key_jwt', ...changes },
});
beforeAll(async () => {
  [key, stranger] = await Promise.all([newKey('1'), newKey('1')]);
  sandbox = keep(await startSandbox({ now }));
});
// What was fetched in one test is not known in the next, whose clock is an earlier one.
beforeEach(async () => {
  fetched.length = 0;
  web.set(clientId, document(clientId, { jwks_uri: jwksUri }));
  web.set(inDocument, document(inDocument, { jwks: { keys: [key.jwk] } }));
  web.set(jwksUri, { keys: [key.jwk] });
  served = await serveAutodesk(sandbox, {
    async fetchDocument(address, largest) {
      fetched.push({ address, largest });
      const found = web.get(address) ?? new DocumentRefused('there is nothing');
      if (found instanceof Error) throw found;
      return found;
    },
  });
});
afterEach(() => served.close());

const claimsOf = (client = clientId, at = served): JWTPayload => ({
  ...{ iss: client, sub: client, aud: at.url, jti: crypto.randomUUID() },
  ...{ iat: Math.floor(now() / 1000), exp: Math.floor(now() / 1000) + 60 },
});

/** The parameters by which a client authenticates. All is right with them but for what `changes` say. */
async function assertion(changes: JWTPayload = {}, signer = key, client = clientId) {
  const client_assertion = await new SignJWT({ ...claimsOf(client), ...changes })
    .setProtectedHeader({ alg: signer.alg, kid: signer.kid })
    .sign(signer.privateKey);
  return { client_assertion_type: assertionType, client_assertion };
}

/** A code of the client, and what becomes of it with these parameters. */
async function exchange(parameters: Record<string, string>, client = clientId) {
  const form = await codeForm(served, { clientId: client });
  const { status, json } = await askToken(served, { ...form, ...parameters });
  return { status, error: json.error, description: json.error_description, form };
}

describe('a client whose document asks for it', () => {
  test.each([
    ['at an address', clientId],
    ['in the document', inDocument],
  ])('with keys %s gets and renews tokens, and revokes them', async (_where, client) => {
    const form = await codeForm(served, { clientId: client });
    const { json } = await askToken(served, { ...form, ...(await assertion({}, key, client)) });
    const tokens = {
      clientId: client,
      access: String(json.access_token),
      refresh: String(json.refresh_token),
    };
    expect((await call(served, tokens.access)).status).toBe(200);
    const authenticated = async () => assertion({}, key, client);
    expect((await askToken(served, refreshForm(tokens))).json.error).toBe('invalid_client');
    const renewed = await askToken(served, { ...refreshForm(tokens), ...(await authenticated()) });
    expect(renewed.status).toBe(200);
    const revocation = { client_id: client, token: String(renewed.json.refresh_token) };
    expect((await revoke(served, revocation)).status).toBe(401);
    expect((await call(served, tokens.access)).status).toBe(200);
    expect((await revoke(served, { ...revocation, ...(await authenticated()) })).status).toBe(200);
    expect((await call(served, tokens.access)).status).toBe(401);
  });

  test('may name itself in the assertion alone, as the official SDK does (RFC 7521, section 4.2)', async () => {
    const { client_id: _, ...form } = await codeForm(served, { clientId });
    expect((await askToken(served, { ...form, ...(await assertion()) })).status).toBe(200);
    expect((await askToken(served, { ...form, client_assertion: 'x' })).json.error).toBe('invalid_request');
  });

  test.each(['RS256', 'PS256', 'ES384', 'EdDSA'])('may sign with %s', async (alg) => {
    const other = await newKey('1', alg);
    web.set(jwksUri, { keys: [other.jwk] });
    expect((await exchange(await assertion({}, other))).status).toBe(200);
  });

  test('may name the issuer or the token endpoint as the audience', async () => {
    for (const aud of [served.url, `${served.url}/oauth/token`, [served.url]])
      expect((await exchange(await assertion({ aud }))).status).toBe(200);
  });

  test.each<[what: string, changes: () => JWTPayload]>([
    ['of another issuer', () => ({ iss: inDocument })],
    ['about another client', () => ({ sub: inDocument })],
    ['for nobody', () => ({ aud: undefined })],
    ['for somebody else', () => ({ aud: 'https://elsewhere.example' })],
    ['for the MCP server', () => ({ aud: `${served.url}/mcp` })],
    ['for somebody else, too', () => ({ aud: [served.url, 'https://elsewhere.example'] })],
    ['for both addresses', () => ({ aud: [served.url, `${served.url}/oauth/token`] })],
    ['that never expires', () => ({ exp: undefined })],
    ['that has expired', () => ({ exp: Math.floor(now() / 1000) - 31 })],
    ['that expires in an hour', () => ({ exp: Math.floor(now() / 1000) + 3600 })],
    ['that is not good yet', () => ({ nbf: Math.floor(now() / 1000) + 120 })],
    ['without an id', () => ({ jti: undefined })],
  ])('is refused with an assertion %s', async (_what, changes) => {
    const { status, error, form } = await exchange(await assertion(changes()));
    expect([status, error]).toEqual([401, 'invalid_client']);
    // The code is still good.
    expect((await askToken(served, { ...form, ...(await assertion()) })).status).toBe(200);
  });

  test('is refused without one, with two, with one of another type, or of another key', async () => {
    const right = await assertion();
    const refused = [
      {},
      { ...right, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' },
      { client_assertion: right.client_assertion },
      { ...right, client_assertion: '' },
      { ...right, client_assertion: 'not.a.jwt' },
      { ...right, client_assertion: new UnsecuredJWT(claimsOf()).encode() },
      await assertion({}, stranger),
    ];
    const form = await codeForm(served, { clientId });
    for (const parameters of refused)
      expect((await askToken(served, { ...form, ...parameters })).json.error).toBe('invalid_client');
    const twice = { ...form, ...right, client_assertion: [right.client_assertion, right.client_assertion] };
    expect((await askToken(served, twice)).json.error).toBe('invalid_client');
    expect((await askToken(served, { ...form, client_secret: 'x' })).json.error).toBe('invalid_client');
    expect((await askToken(served, { ...form, ...right })).status).toBe(200);
  });

  test('is refused with the public key as a secret (HS256)', async () => {
    const client_assertion = await new SignJWT(claimsOf())
      .setProtectedHeader({ alg: 'HS256', kid: '1' })
      .sign(new TextEncoder().encode(JSON.stringify(key.jwk)));
    const parameters = { client_assertion_type: assertionType, client_assertion };
    expect((await exchange(parameters)).error).toBe('invalid_client');
  });

  test('uses each assertion once, also for something else, and until it has expired', async () => {
    const parameters = await assertion({ exp: Math.floor(now() / 1000) + 600 });
    later(0);
    expect((await exchange(parameters)).status).toBe(200);
    expect(await exchange(parameters)).toMatchObject({
      error: 'invalid_client',
      description: expect.stringMatching(/already/),
    });
    later(9 * minutes);
    expect((await revoke(served, { client_id: clientId, token: 'x', ...parameters })).status).toBe(401);
  });
});

test('a public client that sends an assertion is refused: nobody could check it', async () => {
  const tokens = await newTokens(served);
  const answer = await askToken(served, { ...refreshForm(tokens), ...(await assertion()) });
  expect([answer.status, answer.json.error]).toEqual([401, 'invalid_client']);
});

describe('keys at an address', () => {
  test('may have the size that identity providers’ have', async () => {
    await exchange(await assertion());
    const limits = new Map(fetched.map(({ address, largest }) => [address, largest ?? 0]));
    expect(limits.get(jwksUri)).toBeGreaterThanOrEqual(32 * 1024);
    expect(limits.get(clientId)).toBe(0);
  });

  test('are kept, and fetched again for an unknown one, though not for every stranger', async () => {
    later(0);
    const fetches = () => fetched.filter(({ address }) => address === jwksUri).length;
    await exchange(await assertion());
    await exchange(await assertion());
    expect(fetches()).toBe(1);
    const rotated = await newKey('2');
    web.set(jwksUri, { keys: [key.jwk, rotated.jwk] });
    later(31 * seconds);
    expect((await exchange(await assertion({}, rotated))).status).toBe(200);
    expect(fetches()).toBe(2);
    expect((await exchange(await assertion({}, await newKey('3')))).error).toBe('invalid_client');
    expect(fetches()).toBe(2);
  });

  test('that are none refuse the client', async () => {
    web.set(jwksUri, { keys: 'none' });
    expect(await exchange(await assertion())).toMatchObject({
      error: 'invalid_client',
      description: expect.stringMatching(/Key Set/),
    });
  });
});

describe('a host that is away for the moment', () => {
  const away = new DocumentRefused('it could not be fetched', { transient: true });

  test.each([
    ['its document', clientId],
    ['its keys', jwksUri],
  ])('signs a client out neither by %s: those that were known last are used', async (_what, address) => {
    later(0);
    expect((await exchange(await assertion())).status).toBe(200);
    web.set(address, away);
    for (const time of [6 * minutes, 20 * 60 * minutes]) {
      later(time);
      expect((await exchange(await assertion())).status).toBe(200);
    }
    // And if they are withdrawn, they are not known any more.
    web.delete(address);
    later(6 * minutes);
    const form = { client_id: clientId, token: 'x' };
    expect((await revoke(served, { ...form, ...(await assertion()) })).status).toBe(401);
    web.set(address, away);
    later(6 * minutes);
    expect((await revoke(served, { ...form, ...(await assertion()) })).status).toBe(503);
  });
});
