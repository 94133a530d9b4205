// An OpenID provider that cannot be reached, or is none: 503, in words that help, and all is well once it is back.
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { newest } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { always, startLocalServer } from '../../../support/local-server.ts';
import { bearer, inHandshakeEra, inNewestEra, serveOidc, type ToolCaller } from '../../../support/oidc.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../../../support/openid-provider.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import type { ServedHttp } from '../../../support/signing-in.ts';

const keep = closing();
let sandbox: Sandbox;
let provider: OpenIdProvider;
let served: ServedHttp;
let said: string[];
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  provider = keep(await startOpenIdProvider());
});
beforeEach(async () => {
  served = keep(await serveOidc(sandbox, twoLegged, provider));
  said = [];
  vi.spyOn(console, 'error').mockImplementation((text) => void said.push(String(text)));
});
afterEach(() => {
  provider.instead = undefined;
  vi.restoreAllMocks();
});

type Answer = NonNullable<OpenIdProvider['instead']>;
const html: Answer = (_request, response) => void response.end('<h1>Back soon</h1>');
const cut: Answer = (request) => void request.destroy();
const elsewhere: Answer = (request, response) => {
  response.writeHead(302, { location: `${provider.issuer}/moved${request.url}` }).end();
};

/** A discovery document that says the right thing, but for `changes`. */
const document =
  (changes: Record<string, unknown>): Answer =>
  (request, response) => {
    const right = { issuer: provider.issuer, jwks_uri: `${provider.issuer}/jwks` };
    always({ ...right, ...changes })(request, response);
  };

/** Answers for the keys alone. */
const forKeys =
  (answer: Answer): Answer =>
  (request, response) => {
    if (request.url === '/jwks') answer(request, response);
    else document({})(request, response);
  };

const troubles: readonly (readonly [what: string, answer: Answer, reason: RegExp])[] = [
  ['drops connections', cut, /MCP_AUTH_ISSUER/],
  ['answers 500', always({}, 500), /MCP_AUTH_ISSUER/],
  ['answers 404', always({ error: 'not here' }, 404), /MCP_AUTH_ISSUER/],
  ['answers with a page for people', html, /MCP_AUTH_ISSUER/],
  ['sends us elsewhere', elsewhere, /MCP_AUTH_ISSUER/],
  ['says that it is another issuer', document({ issuer: 'https://another.example' }), /MCP_AUTH_ISSUER/],
  ['says that it is almost the same issuer', document({ issuer: 'http://127.0.0.1' }), /MCP_AUTH_ISSUER/],
  ['does not say who it is', document({ issuer: undefined }), /MCP_AUTH_ISSUER/],
  ['names no keys', document({ jwks_uri: undefined }), /names no keys.*MCP_AUTH_ISSUER/],
  ['drops connections for its keys', forKeys(cut), /keys/],
  ['answers 500 for its keys', forKeys(always({}, 500)), /keys/],
  ['gives a page for its keys', forKeys(html), /keys/],
  ['gives something else for its keys', forKeys(always({ keys: 'none' })), /keys/],
  ['sends us elsewhere for its keys', forKeys(elsewhere), /keys/],
];

/** A call with a good token is answered 503 while the provider does that, and as usual as soon as it is over. */
async function expectUnavailable(instead: Answer, reason: RegExp, call: ToolCaller): Promise<void> {
  const token = provider.token(served.url);
  provider.instead = instead;
  const answer = await call(served.url, 'list_buckets', bearer(token));
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(answer.headers).not.toHaveProperty('www-authenticate');
  expect(JSON.parse(answer.body)).toEqual({
    ...{ jsonrpc: '2.0', id: null },
    error: { code: -32000, message: expect.stringContaining('again') },
  });
  expect(said).toEqual([expect.stringMatching(reason)]);
  for (const part of token.split('.')) expect(JSON.stringify([said, answer])).not.toContain(part);

  provider.instead = undefined;
  expect((await call(served.url, 'list_buckets', bearer(token))).status).toBe(200);
  expect(said).toHaveLength(1);
}

describe('while the provider', () => {
  test.each(troubles)('%s, a call is answered 503; and right, as soon as that is over', async (...row) => {
    const [, instead, reason] = row;
    await expectUnavailable(instead, reason, inHandshakeEra);
  });

  test(`drops connections, so is a call in the era of ${newest}`, async () => {
    await expectUnavailable(cut, /MCP_AUTH_ISSUER/, inNewestEra);
  });
});

test('a provider that says it is another issuer is not asked for the keys of that', async () => {
  const attacker = keep(await startLocalServer(always({ keys: [] })));
  provider.instead = document({ issuer: attacker.url, jwks_uri: `${attacker.url}/jwks` });
  const answer = await inHandshakeEra(served.url, 'list_buckets', bearer(provider.token(served.url)));
  expect(answer.status).toBe(503);
  expect(attacker.requests).toEqual([]);
});

test('keys at an http address of a provider with https are not fetched, and the operator learns why', async () => {
  const elsewhere = keep(await startLocalServer(always({ keys: [] })));
  const issuer = 'https://login.example';
  // Nothing here trusts a certificate of the test, so its discovery document comes in place of the connection.
  const really = globalThis.fetch;
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) =>
    String(input).startsWith(issuer)
      ? Promise.resolve(Response.json({ issuer, jwks_uri: `${elsewhere.url}/jwks` }))
      : really(input, init),
  );
  const { url } = keep(await serveOidc(sandbox, twoLegged, { issuer }));
  const answer = await inHandshakeEra(url, 'list_buckets', bearer(provider.token(url, { iss: issuer })));
  expect(answer.status).toBe(503);
  expect(said).toEqual([expect.stringMatching(/not https.*MCP_AUTH_ISSUER/)]);
  expect(elsewhere.requests).toEqual([]);
});

test('who brings no token is told where to get one all the same, also while the provider is away', async () => {
  provider.instead = cut;
  expect((await inHandshakeEra(served.url, 'list_buckets')).status).toBe(401);
  expect((await fetch(`${served.url}/.well-known/oauth-protected-resource`)).status).toBe(200);
});

describe('an operator', () => {
  test('is told at the start that the provider cannot be used, and what to check; and need not start again', async () => {
    provider.instead = cut;
    await served.clientSignIn?.prefetch?.();
    expect(said).toHaveLength(1);
    for (const help of [provider.issuer, 'MCP_AUTH_ISSUER', '/.well-known/openid-configuration'])
      expect(said[0]).toContain(help);
    provider.instead = undefined;
    const answer = await inHandshakeEra(served.url, 'list_buckets', bearer(provider.token(served.url)));
    expect(answer.status).toBe(200);
  });

  test('hears nothing about a provider that works, which is not asked twice', async () => {
    provider.requests.length = 0;
    await served.clientSignIn?.prefetch?.();
    await inHandshakeEra(served.url, 'list_buckets', bearer(provider.token(served.url)));
    expect(said).toEqual([]);
    expect(provider.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });
});
