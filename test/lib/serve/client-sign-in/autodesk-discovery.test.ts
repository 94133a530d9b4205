// What clients find out before anybody has signed in: the two metadata documents, and the challenge that leads to them.
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { withSandbox } from '../../../../lib/serve/launch/sandbox.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import { authorizeAddress } from '../../../support/oauth-requests.ts';
import { mcpHeaders, post, send, toolCall } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { configurationFrom } from '../../../support/serving.ts';
import { type ServedHttp, serveWith } from '../../../support/signing-in.ts';

const keep = closing();
const foreign = { origin: 'https://elsewhere.example' };
const page = { origin: 'http://localhost:6274' };
let sandbox: Sandbox;
let served: ServedHttp;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveWith(sandbox, threeLegged, 'autodesk'));
});

const wellKnown = [
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-authorization-server',
];

/** Those with public keys: an assertion that is signed with anything else proves nothing. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

describe('the metadata', () => {
  test.each(wellKnown.slice(0, 2))('of the protected resource is at %s (RFC 9728)', async (path) => {
    const { status, headers, body } = await send(served.url + path);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(body)).toEqual({
      resource: `${served.url}/mcp`,
      authorization_servers: [served.url],
      scopes_supported: ['data:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'APS MCP server (3lo)',
    });
  });

  test('of the authorization server says what it does, and nothing that it does not (RFC 8414)', async () => {
    const { status, body } = await send(`${served.url}/.well-known/oauth-authorization-server`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      issuer: served.url,
      authorization_endpoint: `${served.url}/oauth/authorize`,
      token_endpoint: `${served.url}/oauth/token`,
      revocation_endpoint: `${served.url}/oauth/revoke`,
      registration_endpoint: `${served.url}/oauth/register`,
      scopes_supported: ['data:read'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: algorithms,
      revocation_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      revocation_endpoint_auth_signing_alg_values_supported: algorithms,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      protected_resources: [`${served.url}/mcp`],
    });
  });

  test('of a server whose tokens are no user’s asks for the profile alone', async () => {
    const other = keep(await serveWith(sandbox, twoLegged, 'autodesk'));
    for (const path of wellKnown)
      expect(JSON.parse((await send(other.url + path)).body).scopes_supported).toEqual(['user-profile:read']);
  });

  test.each(wellKnown)('at %s can be read by pages of every origin', async (path) => {
    const { status, headers } = await send(served.url + path, { headers: foreign });
    expect([status, headers['access-control-allow-origin']]).toEqual([200, '*']);
  });

  test.each(wellKnown)('at %s can be requested with custom headers, too', async (path) => {
    const { status, headers } = await send(served.url + path, {
      method: 'OPTIONS',
      headers: { ...foreign, 'access-control-request-method': 'GET' },
    });
    expect([status, headers['access-control-allow-origin']]).toEqual([204, '*']);
  });
});

describe('a server', () => {
  const served = async (env: Record<string, string>, fetchDocument = unused) => {
    const { url } = keep(await serveWith(sandbox, threeLegged, 'autodesk', { env, fetchDocument }));
    const metadata = JSON.parse((await send(`${url}/.well-known/oauth-authorization-server`)).body);
    return { url, metadata };
  };
  const unused = () => Promise.reject(new Error('nobody asks'));

  test('with MCP_AUTH_REGISTRATION=off registers nobody, and does not say that it does', async () => {
    const { url, metadata } = await served({ MCP_AUTH_REGISTRATION: 'off' });
    expect(metadata).not.toHaveProperty('registration_endpoint');
    expect(metadata).toHaveProperty('revocation_endpoint');
    const body = JSON.stringify({ redirect_uris: ['http://localhost/'] });
    expect((await send(`${url}/oauth/register`, { method: 'POST', body })).status).toBe(404);
  });

  test('with MCP_AUTH_DOCUMENTS=off fetches no documents, and does not say that it does', async () => {
    const fetchDocument = vi.fn(unused);
    const { url, metadata } = await served({ MCP_AUTH_DOCUMENTS: 'off' }, fetchDocument);
    expect(metadata).toMatchObject({
      client_id_metadata_document_supported: false,
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
    });
    expect(Object.keys(metadata).join()).not.toContain('signing_alg');
    const { status, body } = await send(authorizeAddress({ url }, 'https://client.example/client.json'));
    expect([status, body]).toEqual([400, expect.stringMatching(/no metadata documents.*register/)]);
    expect(fetchDocument).not.toHaveBeenCalled();
  });

  test('has the settings that the environment gives', () => {
    const env = {
      ...{ MCP_AUTH_DOCUMENTS: 'off', MCP_AUTH_REGISTRATION: 'off' },
      ...{ MCP_AUTH_REDIRECT_URIS: 'app://callback', MCP_AUTH_GRANT_DAYS: '7' },
    };
    const { clientSignIn } = configurationFrom(threeLegged, { ...sandbox.env, ...env }, 'autodesk');
    expect(clientSignIn).toMatchObject({
      ...{ documents: false, registration: false, redirectUris: ['app://callback'], grantDays: 7 },
    });
  });

  test.each([
    [undefined, false],
    [' ', false],
    ['off', false],
    ['on', true],
  ])('with the sandbox and MCP_AUTH_DOCUMENTS=%j has documents: %j', (given, documents) => {
    const environment = withSandbox({ MCP_AUTH_DOCUMENTS: given }, sandbox, false, 'autodesk');
    expect(configurationFrom(threeLegged, environment, 'autodesk').clientSignIn).toMatchObject({ documents });
  });
});

describe('a request', () => {
  const where = () => `resource_metadata="${served.url}/.well-known/oauth-protected-resource/mcp"`;

  test('without a token is shown the way, and told of no error: it has made none', async () => {
    const { status, headers } = await post(served.url, toolCall('list_hubs'));
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe(`Bearer ${where()}, scope="data:read"`);
  });

  test.each(['GET', 'DELETE', 'POST'])('by %s without a token gets no further', async (method) => {
    expect((await send(`${served.url}/mcp`, { method, headers: mcpHeaders })).status).toBe(401);
  });

  test.each(['Bearer x', 'Bearer a.b.c', 'Bearer', 'Bearer  ', 'Bearer a b'])(
    'with "%s" is told that it is not a token',
    async (authorization) => {
      const { status, headers, body } = await post(served.url, toolCall('list_hubs'), { authorization });
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toContain('error="invalid_token"');
      expect(headers['www-authenticate']).toContain(where());
      expect(headers['www-authenticate']).toContain('scope="data:read"');
      expect(body).not.toContain('hub');
    },
  );

  test('with another scheme is shown the way like one without a token (RFC 6750, section 3.1)', async () => {
    const { status, headers } = await post(served.url, toolCall('list_hubs'), {
      authorization: 'Basic YTpi',
    });
    expect([status, headers['www-authenticate']]).toEqual([401, expect.stringContaining(where())]);
    expect(headers['www-authenticate']).not.toContain('error');
  });

  test('with a token in its address alone has none', async () => {
    const address = `${served.url}/mcp?access_token=x`;
    const { status, headers } = await send(address, {
      ...{ method: 'POST', headers: mcpHeaders },
      body: JSON.stringify(toolCall('list_hubs')),
    });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).not.toContain('error');
  });

  test('of a page of a foreign origin is refused wherever a token is used or given out', async () => {
    for (const path of ['/mcp', '/oauth/token', '/oauth/revoke', '/oauth/register']) {
      const { status, headers } = await send(served.url + path, { method: 'POST', headers: foreign });
      expect([path, status, headers['access-control-allow-origin']]).toEqual([path, 403, undefined]);
    }
  });

  test('of a page of this machine may come for tokens', async () => {
    const { status, headers } = await send(`${served.url}/oauth/token`, { method: 'POST', headers: page });
    expect([status, headers['access-control-allow-origin']]).toEqual([400, page.origin]);
  });

  test.each(['/oauth/token', '/oauth/revoke', '/oauth/register'])(
    'of a page of this machine to %s may be announced, and one of a foreign page may not',
    async (path) => {
      const announce = (headers: Record<string, string>) =>
        send(served.url + path, {
          method: 'OPTIONS',
          headers: { ...headers, 'access-control-request-method': 'POST' },
        });
      expect(await announce(page)).toMatchObject({
        status: 204,
        headers: { 'access-control-allow-origin': page.origin },
      });
      expect((await announce(foreign)).status).toBe(403);
    },
  );
});

describe('a body', () => {
  const paths = ['/oauth/token', '/oauth/revoke', '/oauth/register', '/oauth/consent'];

  test.each(paths)('of 64 KiB is read at %s', async (path) => {
    const body = 'x'.repeat(64 * 1024);
    expect((await send(served.url + path, { method: 'POST', body })).status).toBe(400);
  });

  test.each(paths)('of more than that is refused at %s', async (path) => {
    const body = 'x'.repeat(64 * 1024 + 1);
    expect((await send(served.url + path, { method: 'POST', body })).status).toBe(413);
  });

  test('may come in pieces, whose length nobody has said', async () => {
    const { status } = await send(`${served.url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      body: JSON.stringify({ redirect_uris: ['http://localhost:4711/'] }),
    });
    expect(status).toBe(201);
  });

  test('that comes in pieces is refused when they are more than 64 KiB', async () => {
    const { status } = await send(`${served.url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      body: 'x'.repeat(64 * 1024 + 1),
    });
    expect(status).toBe(413);
  });
});
