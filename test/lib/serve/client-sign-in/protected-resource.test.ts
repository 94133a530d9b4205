// The server as an OAuth protected resource: how it asks for a token, and where it takes one (RFC 6750).
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import {
  bearer,
  challengeOf,
  inHandshakeEra,
  serveOidc,
  startOidc,
  toolCallers,
} from '../../../support/oidc.ts';
import { scope } from '../../../support/openid-provider.ts';
import { mcpHeaders, post, send, toolCall } from '../../../support/raw-http.ts';

const wellKnown = '/.well-known/oauth-protected-resource';
const { keep, sandbox, provider, served } = await startOidc(twoLegged);

/** The challenge to a client that has not tried a token: no error, as there was none (RFC 6750, section 3.1). */
const signInFirst = (url = served.url) => ({
  scheme: 'Bearer',
  resource_metadata: `${url}${wellKnown}/mcp`,
  scope,
});

describe('who brings no token is told where to get one', () => {
  test.each(toolCallers)('when they call a tool %s', async (_era, call) => {
    const answer = await call(served.url, 'list_buckets');
    expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
    expect(answer.body).not.toContain('bucket');
  });

  test('when they begin a session, which they do not get', async () => {
    const answer = await post(served.url, { jsonrpc: '2.0', id: 0, method: 'initialize', params: {} });
    expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
    expect(answer.headers).not.toHaveProperty('mcp-session-id');
  });

  test.each(['GET', 'DELETE', 'PUT', 'PATCH'])('whatever they ask of /mcp with %s', async (method) => {
    const headers = { accept: 'text/event-stream', 'mcp-session-id': 'any' };
    const answer = await send(new URL('/mcp', served.url), { method, headers });
    expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
  });

  test.each([
    ['that is no JSON', 'not JSON'],
    ['that is empty', ''],
    ['that is larger than any may be', ' '.repeat(5 * 1024 * 1024)],
  ])('whatever they send: a body %s', async (_what, body) => {
    const answer = await post(served.url, body);
    expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
  });

  test('and no scope is asked for where none is needed', async () => {
    const { url } = keep(await serveOidc(sandbox, twoLegged, provider, { env: { MCP_AUTH_SCOPES: '' } }));
    const { scope: _none, ...withoutScope } = signInFirst(url);
    expect(challengeOf(await inHandshakeEra(url, 'list_buckets'))).toEqual(withoutScope);
    expect(await (await fetch(url + wellKnown)).json()).not.toHaveProperty('scopes_supported');
  });
});

describe('a refusal is an error of JSON-RPC, which clients show,', () => {
  const errorIn = ({ body }: { body: string }) =>
    z
      .strictObject({
        jsonrpc: z.literal('2.0'),
        id: z.null(),
        error: z.looseObject({ message: z.string() }),
      })
      .parse(JSON.parse(body)).error;

  test.each(toolCallers)('without a token, %s', async (_era, call) => {
    const answer = await call(served.url, 'list_buckets');
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
    expect(errorIn(answer)).toEqual({ code: -32000, message: expect.stringMatching(/token.*sign in/) });
  });

  test('with the words of OAuth, for a token that is not good or lacks a scope', async () => {
    const outcome = async (token: string) =>
      errorIn(await inHandshakeEra(served.url, 'list_buckets', bearer(token)));
    for (const [token, error] of [
      ['made-up', 'invalid_token'],
      [provider.token(served.url, { scope: 'other' }), 'insufficient_scope'],
    ] as const)
      expect(await outcome(token)).toEqual({
        code: -32000,
        message: expect.stringMatching(/sign in again/),
        data: { error, error_description: expect.any(String) },
      });
  });

  test('with the right address for whoever comes by another name, and for nobody else', async () => {
    const { port } = new URL(served.url);
    for (const headers of [{}, bearer('made-up')]) {
      const strayed = await inHandshakeEra(`http://127.0.0.1:${port}`, 'list_buckets', headers);
      expect(strayed.status).toBe(401);
      expect(errorIn(strayed).message).toContain(`${served.url}/mcp`);
      const right = await inHandshakeEra(served.url, 'list_buckets', headers);
      expect(errorIn(right).message).not.toContain('http');
    }
  });
});

describe('a good token is of no use', () => {
  const good = () => provider.token(served.url);
  const body = JSON.stringify(toolCall('list_buckets'));

  test('in the query', async () => {
    const address = new URL(`/mcp?access_token=${good()}`, served.url);
    const answer = await send(address, { method: 'POST', headers: mcpHeaders, body });
    expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
  });

  test('in a form', async () => {
    const headers = { ...mcpHeaders, 'content-type': 'application/x-www-form-urlencoded' };
    const form = { method: 'POST', headers, body: `access_token=${good()}` };
    const answer = await send(new URL('/mcp', served.url), form);
    expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
  });

  test('in a cookie', async () => {
    const answer = await post(served.url, toolCall('list_buckets'), { cookie: `access_token=${good()}` });
    expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
  });

  test.each(['Basic', 'DPoP', 'Token'])(
    'under the scheme %s, which is not asked for: as if there were none',
    async (scheme) => {
      const authorization = `${scheme} ${good()}`;
      const answer = await inHandshakeEra(served.url, 'list_buckets', { authorization });
      expect([answer.status, challengeOf(answer)]).toEqual([401, signInFirst()]);
    },
  );

  test.each([
    ['nothing', () => ''],
    ['the scheme alone', () => 'Bearer'],
    ['the token alone', good],
    ['no space between them', () => `Bearer${good()}`],
    ['something behind it', () => `Bearer ${good()} and-more`],
    ['another token behind it', () => `Bearer ${good()}, Bearer ${good()}`],
  ])('in a header that has %s', async (_what, authorization) => {
    const answer = await inHandshakeEra(served.url, 'list_buckets', { authorization: authorization() });
    // RFC 6750 calls it invalid_request, 400; a client that is to mend it by signing in gets 401.
    expect([400, 401]).toContain(answer.status);
    expect(challengeOf(answer)).toMatchObject(signInFirst());
    expect(answer.body).not.toContain('bucket');
  });

  test.each([
    ['origin', 'https://evil.example'],
    ['host', 'evil.example'],
  ])('where the request names a strange %s', async (name, value) => {
    const headers = { ...bearer(good()), [name]: value };
    const { status, body } = await inHandshakeEra(served.url, 'list_buckets', headers);
    expect([status, body]).toEqual([403, expect.not.stringContaining('bucket')]);
  });
});

test.each(['bearer', 'BEARER'])('a good token is good under the scheme %s', async (scheme) => {
  const authorization = `${scheme} ${provider.token(served.url)}`;
  expect((await inHandshakeEra(served.url, 'list_buckets', { authorization })).status).toBe(200);
});

test('no token is needed for /health, the page at /, and the address that browsers come back to', async () => {
  const users = keep(await serveOidc(sandbox, threeLegged, provider));
  const status = async (path: string) => (await send(new URL(path, users.url))).status;
  expect(await status('/health')).toBe(200);
  expect(await status('/')).toBe(200);
  expect(await status('/callback?state=made-up&code=any')).toBe(400);
  expect(await status('/signin?state=made-up')).toBe(400);
});
