// Which access tokens of an OpenID provider are good, and what is said of those that are not (RFC 6750, RFC 9068).
import { createHmac } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { newest } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import {
  bearer,
  challengeOf,
  inHandshakeEra,
  inNewestEra,
  serveOidc,
  type ToolCaller,
} from '../../../support/oidc.ts';
import { type OpenIdProvider, scope, signed, startOpenIdProvider } from '../../../support/openid-provider.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import type { ServedHttp } from '../../../support/signing-in.ts';

const keep = closing();
const audience = 'api://another-name-for-it';
let sandbox: Sandbox;
let provider: OpenIdProvider;
let other: OpenIdProvider;
let served: ServedHttp;
let named: ServedHttp;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  provider = keep(await startOpenIdProvider());
  other = keep(await startOpenIdProvider());
  served = keep(await serveOidc(sandbox, twoLegged, provider));
  named = keep(await serveOidc(sandbox, twoLegged, provider, { env: { MCP_AUTH_AUDIENCE: audience } }));
});

// Whatever is refused here is the client's affair: nothing of it belongs on the operator's screen.
beforeEach(() => void vi.spyOn(console, 'error'));
afterEach(() => {
  expect(console.error).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

/** A token that is good, but for what is given. */
const token = (claims?: Record<string, unknown>, header?: Record<string, unknown>) =>
  provider.token(served.url, claims, header);
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());

/** A good token's claims, signed with a secret that everybody knows: the provider's public key, in this form. */
function signedWithPublicKey(secret: (key: OpenIdProvider['key']['publicKey']) => string | Buffer): string {
  const { kid, publicKey } = provider.key;
  return signed({ alg: 'HS256', typ: 'at+jwt', kid }, claimsOf(token()), (input) =>
    createHmac('sha256', secret(publicKey)).update(input).digest(),
  );
}
const nothing = () => Buffer.alloc(0);

const refused: readonly (readonly [which: string, make: () => string, why: string])[] = [
  ['has expired', () => token({ exp: secondsFromNow(-60) }), 'expired'],
  ['never expires', () => token({ exp: undefined }), 'claim'],
  ['expires at no time', () => token({ exp: 'never' }), 'claim'],
  ['is not good yet', () => token({ nbf: secondsFromNow(60) }), 'not valid yet'],
  ['is for another audience', () => token({ aud: audience }), 'for this server'],
  ['is for the origin alone', () => token({ aud: served.url }), 'for this server'],
  ['is for nobody', () => token({ aud: undefined }), 'for this server'],
  ['is of nobody', () => token({ iss: undefined }), 'another provider'],
  ['says that it is of another issuer', () => token({ iss: other.issuer }), 'another provider'],
  ['is of another issuer', () => other.token(served.url), 'key'],
  [
    'is signed with the key of another issuer, under the id of the right one',
    () => other.token(served.url, { iss: provider.issuer }, { kid: provider.key.kid }),
    'signature',
  ],
  [
    'brings its own key',
    () =>
      other.token(
        served.url,
        { iss: provider.issuer },
        {
          kid: provider.key.kid,
          jwk: other.key.publicKey.export({ format: 'jwk' }),
          jku: `${other.issuer}/jwks`,
        },
      ),
    'signature',
  ],
  [
    'was changed after it was signed',
    () => {
      const [header, , signature] = token().split('.');
      const [, payload] = token({ sub: 'somebody else' }).split('.');
      return [header, payload, signature].join('.');
    },
    'signature',
  ],
  ['lacks its signature', () => token().replace(/[^.]+$/, ''), 'signature'],
  [
    'is unsigned',
    () => signed({ alg: 'none', typ: 'at+jwt', kid: provider.key.kid }, claimsOf(token()), nothing),
    'algorithm',
  ],
  ...(
    [
      ['PEM', (key) => key.export({ format: 'pem', type: 'spki' })],
      ['DER', (key) => key.export({ format: 'der', type: 'spki' })],
      ['JWK', (key) => JSON.stringify(key.export({ format: 'jwk' }))],
    ] satisfies [string, Parameters<typeof signedWithPublicKey>[0]][]
  ).map(
    ([form, secret]) =>
      [
        `is signed with HS256 and the public key (${form})`,
        () => signedWithPublicKey(secret),
        'algorithm',
      ] as const,
  ),
  [
    'must not be used by who does not understand it (crit)',
    () => token({}, { crit: ['condition'], condition: 'on Sundays only' }),
    'not supported',
  ],
  ['is of no person', () => token({ sub: undefined }), 'claim sub'],
  ['is of a person without a name', () => token({ sub: '' }), 'claim sub'],
  ['is opaque', () => 'an-opaque-access-token-of-whatever-kind', 'JWT'],
  ['is encrypted', () => 'eyJhbGciOiJkaXIifQ.aaaa.bbbb.cccc.dddd', 'JWT'],
  ['is no JSON', () => 'bm90.an.object', 'JWT'],
];

const accepted: readonly (readonly [which: string, make: () => string])[] = [
  ['is as the provider issues them', () => token()],
  ['is about to expire', () => token({ exp: secondsFromNow(5) })],
  ['became good a moment ago', () => token({ nbf: secondsFromNow(0) })],
  ['is for several audiences', () => token({ aud: [audience, `${served.url}/mcp`] })],
  ['has the scope among others', () => token({ scope: `openid ${scope} mcp:more` })],
  ['has its scopes in scp', () => token({ scope: undefined, scp: `${scope} mcp:more` })],
  ['has its scopes in a list', () => token({ scope: undefined, scp: ['mcp:more', scope] })],
  ['does not name its type', () => token({}, { typ: undefined })],
  ['does not name the only key there is', () => token({}, { kid: undefined })],
  ['names no client', () => token({ client_id: undefined })],
];

const lacking: readonly (readonly [how: string, claims: Record<string, unknown>])[] = [
  ['nothing', { scope: undefined }],
  ['an empty list', { scope: undefined, scp: [] }],
  ['another scope', { scope: 'mcp:more' }],
  ['one that begins like it', { scope: `${scope}:not x${scope}` }],
  ['two in one', { scope: undefined, scp: [`${scope} mcp:more`] }],
];

/** Calls a tool with a token that must be refused: what is said. */
async function refusal(given: string, call: ToolCaller): Promise<string> {
  const answer = await call(served.url, 'list_buckets', bearer(given));
  expect(answer.status).toBe(401);
  const { error_description: said = '', ...challenge } = challengeOf(answer) ?? {};
  expect(challenge).toEqual({
    scheme: 'Bearer',
    error: 'invalid_token',
    scope,
    resource_metadata: `${served.url}/.well-known/oauth-protected-resource/mcp`,
  });
  expect(JSON.parse(answer.body)).toEqual({
    ...{ jsonrpc: '2.0', id: null },
    error: {
      code: -32000,
      message: expect.stringContaining(said),
      data: { error: 'invalid_token', error_description: said },
    },
  });
  for (const part of given.split('.').filter((it) => it.length > 8))
    expect(JSON.stringify(answer)).not.toContain(part);
  return said;
}

async function expectLackOfScope(claims: Record<string, unknown>, call: ToolCaller): Promise<void> {
  const answer = await call(served.url, 'list_buckets', bearer(token(claims)));
  expect(answer.status).toBe(403);
  expect(challengeOf(answer)).toEqual({
    scheme: 'Bearer',
    error: 'insufficient_scope',
    error_description: expect.any(String),
    scope,
    resource_metadata: `${served.url}/.well-known/oauth-protected-resource/mcp`,
  });
}

describe('an access token', () => {
  test.each(accepted)('that %s is accepted', async (_which, make) => {
    const { status, body } = await inHandshakeEra(served.url, 'list_buckets', bearer(make()));
    expect([status, body]).toEqual([200, expect.stringContaining('bucket_key')]);
  });

  test.each(refused)('that %s is refused: 401', async (_which, make, why) => {
    expect(await refusal(make(), inHandshakeEra)).toContain(why);
  });

  test.each(lacking)('that has %s in place of the scope is refused: 403', async (_how, claims) => {
    await expectLackOfScope(claims, inHandshakeEra);
  });

  test(`is judged in the same way in the era of ${newest}`, async () => {
    expect((await inNewestEra(served.url, 'list_buckets', bearer(token()))).status).toBe(200);
    expect(await refusal(token({ exp: secondsFromNow(-60) }), inNewestEra)).toContain('expired');
    expect(await refusal(other.token(served.url), inNewestEra)).toContain('key');
    await expectLackOfScope({ scope: 'mcp:more' }, inNewestEra);
  });
});

describe('a server', () => {
  test('with MCP_AUTH_AUDIENCE accepts only tokens for that audience', async () => {
    const outcome = async (aud: unknown) => {
      const { status } = await inHandshakeEra(named.url, 'list_buckets', bearer(token({ aud })));
      return status;
    };
    expect(await outcome(audience)).toBe(200);
    expect(await outcome(`${named.url}/mcp`)).toBe(401);
    expect(await outcome(provider.issuer)).toBe(401);
  });

  test('that needs two scopes names both to a client with one of them', async () => {
    const env = { MCP_AUTH_SCOPES: `${scope} mcp:more` };
    const { url } = keep(await serveOidc(sandbox, twoLegged, provider, { env }));
    const call = (claims: Record<string, unknown>) =>
      inHandshakeEra(url, 'list_buckets', bearer(provider.token(url, claims)));
    const answer = await call({ scope });
    expect([answer.status, challengeOf(answer)]).toMatchObject([403, { scope: `${scope} mcp:more` }]);
    expect((await call({ scope: `mcp:more ${scope}` })).status).toBe(200);
  });

  test('that needs no scope accepts tokens without any', async () => {
    const { url } = keep(await serveOidc(sandbox, twoLegged, provider, { env: { MCP_AUTH_SCOPES: '' } }));
    const bare = provider.token(url, { scope: undefined });
    expect((await inHandshakeEra(url, 'list_buckets', bearer(bare))).status).toBe(200);
  });
});
