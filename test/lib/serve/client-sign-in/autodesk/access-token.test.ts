// Which bearer tokens are let in: those that this server made for itself, and that have not ended. Nothing else is one.
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { createKeys } from '../../../../../lib/sealed.ts';
import { later, minutes, now, seconds } from '../../../../support/clock.ts';
import { closing } from '../../../../support/closing.ts';
import {
  askToken,
  call,
  codeForm,
  newClient,
  newTokens,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { alice, benji } from '../../../../support/people.ts';
import { post, toolCall } from '../../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedAutodesk, serveAutodesk } from '../../../../support/serving-autodesk.ts';
import { atAutodesk } from '../../../../support/signing-in.ts';
import { watchedStore } from '../../../../support/watched-store.ts';

const keep = closing();
const secret = 'a secret that all instances of a deployment share';
const store = keep(watchedStore());
let sandbox: Sandbox;
let served: ServedAutodesk;
beforeAll(async () => {
  sandbox = keep(await startSandbox({ now }));
  served = keep(await serveAutodesk(sandbox, { store, secret }));
});

/** It is refused, with the challenge of RFC 6750, and the answer tells nothing. */
async function expectRefused(token: string, at = served) {
  const { status, headers, body } = await call(at, token);
  expect(status).toBe(401);
  expect(headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
  expect(headers['www-authenticate']).toContain('resource_metadata="');
  expect(body).not.toContain(token);
}

test('an access token says whose it is and for what, and holds nothing of APS', async () => {
  const { access, clientId } = await newTokens(served);
  expect(decodeJwt(access)).toEqual({
    iss: served.url,
    aud: `${served.url}/mcp`,
    sub: alice.userId,
    client_id: clientId,
    scope: 'data:read',
    grant: expect.any(String),
    jti: expect.any(String),
    iat: expect.any(Number),
    exp: expect.any(Number),
  });
});

test('an access token is good for 60 minutes, and no longer', async () => {
  later(0);
  const { access } = await newTokens(served);
  later(60 * minutes - seconds);
  expect((await call(served, access)).status).toBe(200);
  later(2 * seconds);
  await expectRefused(access);
});

describe('a token with the claims of one that is good is refused', () => {
  /** Signs the claims of a good token, with changes. */
  async function made(
    changes: Record<string, unknown> = {},
    { purpose = 'access tokens', typ = 'at+jwt', alg = 'HS256', server = '3lo' } = {},
  ) {
    const { access } = await newTokens(served);
    const claims = { ...decodeJwt(access), ...changes };
    const keys = createKeys([secret], { server, origin: served.url });
    return new SignJWT(claims).setProtectedHeader({ alg, typ }).sign(keys(purpose));
  }

  test('but not when all is right with it', async () => {
    expect((await call(served, await made())).status).toBe(200);
  });

  test.each<[what: string, changes: Record<string, unknown>]>([
    ['for another resource', { aud: 'http://localhost:1/mcp' }],
    ['for this origin, not this server', { aud: 'http://localhost' }],
    ['for nobody', { aud: undefined }],
    ['of another issuer', { iss: 'https://developer.api.autodesk.com' }],
    ['of no issuer', { iss: undefined }],
    ['that has expired', { exp: 1 }],
    ['that never expires', { exp: undefined }],
    ['that is not good yet', { nbf: 32_503_680_000 }],
    ['of a grant that there is not', { grant: 'made-up' }],
    ['of no grant', { grant: undefined }],
  ])('%s', async (_what, changes) => {
    await expectRefused(await made(changes));
  });

  test.each([
    ['signed for another purpose', { purpose: 'MCP clients' }],
    ['signed as a session id', { purpose: 'sessions' }],
    ['signed by another server with the same secret', { server: '2lo' }],
    ['of another type', { typ: 'JWT' }],
    ['of the type of a form', { typ: 'mcp-form' }],
    ['signed with another algorithm', { alg: 'HS512' }],
  ])('%s', async (_what, header) => {
    await expectRefused(await made({}, header));
  });

  test('with no signature (alg none)', async () => {
    const { access } = await newTokens(served);
    const [header = '', payload = ''] = access.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
    const unsigned = [
      new UnsecuredJWT(decodeJwt(access)).encode(),
      `${none}.${payload}.`,
      `${header}.${payload}.`,
    ];
    for (const token of unsigned) await expectRefused(token);
  });

  test('with another person’s name put into it', async () => {
    const [hers, his] = [await newTokens(served), await newTokens(served, { person: atAutodesk(benji) })];
    const [header = '', , signature = ''] = his.access.split('.');
    await expectRefused(`${header}.${hers.access.split('.')[1]}.${signature}`);
  });

  test('without a scope that this server needs: 403, and insufficient_scope', async () => {
    const { status, headers } = await call(served, await made({ scope: 'user-profile:read' }));
    expect(status).toBe(403);
    expect(headers['www-authenticate']).toMatch(/error="insufficient_scope".*scope="data:read"/);
  });
});

describe('not an access token is', () => {
  test('a token of APS, even of this very sign-in', async () => {
    await newTokens(served);
    const { accessToken, refreshToken } = store.apsTokens();
    for (const token of [accessToken, refreshToken]) await expectRefused(token);
  });

  test('anything else that a client has or sees', async () => {
    const form = await codeForm(served);
    const { clientId, refresh } = await tokensFor(served, form);
    for (const token of [refresh, clientId, form.code ?? '', form.code_verifier ?? ''])
      await expectRefused(token);
  });

  test('a token of another server of the same deployment, or of the same name elsewhere', async () => {
    const sameKeys = keep(await serveAutodesk(sandbox, { store, secret }));
    const sameName = keep(
      await serveAutodesk(sandbox, { store, publicUrl: served.url, resource: `${served.url}/mcp` }),
    );
    const { access } = await newTokens(served);
    await expectRefused(access, sameKeys);
    await expectRefused(access, sameName);
    await expectRefused((await newTokens(sameKeys)).access);
  });
});

test('what a client gets is never a token of APS', async () => {
  store.given.length = 0;
  const form = await codeForm(served);
  const first = await askToken(served, form);
  const second = await askToken(served, {
    ...{ grant_type: 'refresh_token', client_id: form.client_id },
    refresh_token: String(first.json.refresh_token),
  });
  const answers = JSON.stringify([form, first, second]);
  expect([first.status, second.status]).toEqual([200, 200]);
  const inside = Object.values(store.apsTokens());
  expect(inside).toHaveLength(2);
  for (const token of inside) expect(answers).not.toContain(token);
});

test('nothing in the store is a token, a code or a refresh token of a client', async () => {
  const form = await codeForm(served);
  const tokens = await tokensFor(served, form);
  const stored = JSON.stringify(store.given);
  for (const value of [tokens.access, tokens.refresh, form.code ?? '']) expect(stored).not.toContain(value);
});

test('what is remembered of a sign-in has the name of the client that it is for', async () => {
  const clientId = await newClient(served, { client_name: 'A Client' });
  await newTokens(served, { clientId });
  const grant = store.given.findLast(({ key }) => key.startsWith('grant:'));
  expect(grant?.value).toMatchObject({ clientId, caller: { client: 'A Client' }, sub: alice.userId });
});

test('a session of one person gives another one their own data, and nothing of hers', async () => {
  const [hers, his] = [await newTokens(served), await newTokens(served, { person: atAutodesk(benji) })];
  const initialize = {
    ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  };
  const opened = await post(served.url, initialize, { authorization: `Bearer ${hers.access}` });
  const session = { 'mcp-session-id': String(opened.headers['mcp-session-id']) };
  const callAs = ({ access }: { access: string }) =>
    post(served.url, toolCall('list_hubs'), { ...session, authorization: `Bearer ${access}` });
  expect((await callAs(hers)).body).toContain(alice.hubs[0]);
  const { status, body } = await callAs(his);
  expect([status, body]).toEqual([200, expect.stringContaining(benji.hubs[0])]);
  for (const hub of alice.hubs) expect(body).not.toContain(hub);
});
