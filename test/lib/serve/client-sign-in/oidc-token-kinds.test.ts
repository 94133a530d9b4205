// Which kinds of token of one provider a server takes: access tokens for bearers, as providers really send them.
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { closing } from '../../../support/closing.ts';
import { bearer, challengeOf, inHandshakeEra, serveOidc } from '../../../support/oidc.ts';
import { type OpenIdProvider, scope, startOpenIdProvider } from '../../../support/openid-provider.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import type { ServedHttp } from '../../../support/signing-in.ts';

type Json = Record<string, unknown>;

const keep = closing();
let provider: OpenIdProvider;
/** It requires no scope: what a token lacks is not what it is refused for. */
let open: ServedHttp;
let strict: ServedHttp;
beforeAll(async () => {
  const sandbox: Sandbox = keep(await startSandbox());
  provider = keep(await startOpenIdProvider());
  const serve = (env: Record<string, string>) =>
    serveOidc(sandbox, twoLegged, provider, { env: { MCP_AUTH_SCOPES: '', ...env } });
  open = keep(await serve({}));
  strict = keep(await serve({ MCP_AUTH_STRICT: '1' }));
});

// Whatever is refused here is the client's affair: nothing of it belongs on the operator's screen.
beforeEach(() => void vi.spyOn(console, 'error'));
afterEach(() => {
  expect(console.error).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

async function answerTo({ url }: ServedHttp, claims: Json, header: Json) {
  const answer = await inHandshakeEra(url, 'list_buckets', bearer(provider.token(url, claims, header)));
  const { error, error_description } = challengeOf(answer) ?? {};
  return [answer.status, error, error_description];
}

const jwt = { typ: 'JWT' };
/** What of the token of the test makes it an access token. */
const bare = { scope: undefined, client_id: undefined };
const idToken = { ...bare, nonce: 'of-the-client', auth_time: 1, azp: 'a-client', email: 'ann@example.com' };

describe('a token is accepted', () => {
  test.each<[which: string, claims: Json, header: Json]>([
    ['of the type at+jwt (RFC 9068)', {}, { typ: 'at+jwt' }],
    ['of the same type in full', {}, { typ: 'application/at+jwt' }],
    ['of the same type in capitals', {}, { typ: 'AT+JWT' }],
    ['of the type JWT', {}, jwt],
    ['without a type, as of Okta and Cognito', {}, { typ: undefined }],
    ['of the type at+jwt without anything else that access tokens carry', bare, { typ: 'at+jwt' }],
    ['with a nonce, as of Keycloak before 25', { nonce: 'of-the-client', typ: 'Bearer' }, jwt],
    ['of Entra ID, with scp', { ...bare, scp: 'mcp:use', azp: 'a', ver: '2.0' }, jwt],
    ['of Entra ID to an application', { ...bare, roles: ['r'], azp: 'a', azpacr: '1' }, jwt],
    ['of Entra ID v1.0 or AD FS', { ...bare, appid: 'a' }, jwt],
    ['of Okta, with scp as a list', { ...bare, scp: [], cid: 'a', uid: 'u' }, { typ: undefined }],
    ['of Auth0 with an empty scope', { ...bare, azp: 'a', scope: '' }, jwt],
    ['of Auth0 with permissions', { ...bare, azp: 'a', permissions: ['p'] }, jwt],
    ['of Auth0 to a program', { ...bare, azp: 'a', gty: 'client-credentials' }, jwt],
    ['of Cognito', { ...bare, token_use: 'access', client_id: 'a' }, { typ: undefined }],
    ['of Zitadel, which has no scope', { ...bare, client_id: 'a', jti: 'j' }, { typ: undefined }],
    ['of authentik, which has no scope', { ...bare, azp: 'a', uid: 'u', auth_time: 1 }, jwt],
    ['with roles and the client', { ...bare, azp: 'a', roles: ['r'] }, jwt],
  ])('%s', async (_which, claims, header) => {
    expect(await answerTo(open, claims, header)).toEqual([200, undefined, undefined]);
  });
});

describe('a token is refused', () => {
  const another = 'another kind';
  test.each<[which: string, claims: Json, header: Json, words: string]>([
    ['of the type logout+jwt', {}, { typ: 'logout+jwt' }, another],
    ['of the type dpop+jwt', {}, { typ: 'dpop+jwt' }, another],
    ['of the type secevent+jwt', {}, { typ: 'application/secevent+jwt' }, another],
    ['of Okta for itself', {}, { typ: 'application/okta-internal-at+jwt' }, another],
    ['of a type that is no text', {}, { typ: 7 }, another],
    ['with events, as logout tokens have', { events: {} }, jwt, another],
    ['of Cognito that identifies a person', { token_use: 'id' }, { typ: undefined }, another],
    ['of Keycloak that identifies a person', { typ: 'ID' }, jwt, another],
    ['of Keycloak that renews others', { typ: 'Refresh' }, jwt, another],
    ['with at_hash', { at_hash: 'hash' }, jwt, 'ID token'],
    ['with at_hash, even of the type at+jwt', { at_hash: 'hash' }, { typ: 'at+jwt' }, 'ID token'],
    ['with c_hash', { c_hash: 'hash' }, jwt, 'ID token'],
    ['with what ID tokens carry and nothing else', idToken, jwt, 'ID token'],
    ['the same without a type', idToken, { typ: undefined }, 'ID token'],
    [
      'of Entra ID that identifies a person with roles',
      { ...bare, roles: ['r'], ver: '2.0' },
      jwt,
      'ID token',
    ],
    ['that is bound to a key by DPoP', { cnf: { jkt: 'thumbprint' } }, { typ: 'at+jwt' }, 'bound to a key'],
    ['that is bound to a certificate', { cnf: { 'x5t#S256': 'thumbprint' } }, jwt, 'bound to a key'],
  ])('%s', async (_which, claims, header, words) => {
    const [status, error, said] = await answerTo(open, claims, header);
    expect([status, error, said]).toEqual([401, 'invalid_token', expect.stringContaining(words)]);
  });
});

describe('with MCP_AUTH_STRICT', () => {
  const whole = { jti: 'the-id' };

  test.each<[which: string, claims: Json, header: Json]>([
    ['at+jwt', { scope: undefined }, { typ: 'at+jwt' }],
    ['application/at+jwt, with a scope', { scope }, { typ: 'application/at+jwt' }],
  ])('a token by RFC 9068 is accepted: %s', async (_which, claims, header) => {
    expect(await answerTo(strict, { ...whole, ...claims }, header)).toEqual([200, undefined, undefined]);
  });

  test.each<[which: string, claims: Json, header: Json, words: string]>([
    ['of the type JWT', {}, jwt, 'at+jwt'],
    ['without a type', {}, { typ: undefined }, 'at+jwt'],
    ['without client_id', { client_id: undefined, azp: 'a' }, {}, 'client_id'],
    ['without iat', { iat: undefined }, {}, 'iat'],
    ['without jti', { jti: undefined }, {}, 'jti'],
    ['with scopes in a list', { scope: [scope] }, {}, 'scope'],
    ['with scopes elsewhere', { scope: undefined, scp: scope }, {}, 'scope'],
    ['with at_hash', { at_hash: 'hash' }, {}, 'ID token'],
    ['that is bound to a key', { cnf: { jkt: 'thumbprint' } }, {}, 'bound to a key'],
  ])('another is refused: %s', async (_which, claims, header, words) => {
    const [status, error, said] = await answerTo(strict, { ...whole, ...claims }, header);
    expect([status, error, said]).toEqual([401, 'invalid_token', expect.stringContaining(words)]);
  });
});
