// What the server publishes of itself as an OAuth protected resource (RFC 9728), for clients in browsers, too.
import { describe, expect, test } from 'vitest';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import {
  bearer,
  challengeOf,
  inHandshakeEra,
  serveOidc,
  serveOidcAt,
  startOidc,
} from '../../../support/oidc.ts';
import { scope } from '../../../support/openid-provider.ts';
import { send } from '../../../support/raw-http.ts';

const wellKnown = '/.well-known/oauth-protected-resource';
const { keep, sandbox, provider, served } = await startOidc(twoLegged);

describe('the metadata', () => {
  test.each([wellKnown, `${wellKnown}/mcp`])(
    'at %s says all there is to know, to everybody',
    async (path) => {
      for (const origin of ['https://anywhere.example', 'null', undefined]) {
        const answer = await send(new URL(path, served.url), { headers: origin ? { origin } : {} });
        expect(answer.status).toBe(200);
        expect(answer.headers).toMatchObject({
          'content-type': 'application/json',
          'access-control-allow-origin': '*',
        });
        expect(JSON.parse(answer.body)).toEqual({
          resource: `${served.url}/mcp`,
          authorization_servers: [provider.issuer],
          scopes_supported: [scope],
          bearer_methods_supported: ['header'],
          resource_name: 'APS MCP server (2lo)',
        });
      }
    },
  );

  test('may be requested by a page with custom headers, as MCP clients in browsers do', async () => {
    const preflight = await send(new URL(`${wellKnown}/mcp`, served.url), {
      method: 'OPTIONS',
      headers: {
        origin: 'https://anywhere.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'mcp-protocol-version',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'mcp-protocol-version',
    });
  });

  test('and the challenge name the public address of a server that has one', async () => {
    const { url } = keep(
      await serveOidcAt({ publicUrl: 'https://mcp.example.com' }, sandbox, twoLegged, provider),
    );
    const headers = { host: 'mcp.example.com' };
    const metadata = await send(new URL(wellKnown, url), { headers });
    expect(JSON.parse(metadata.body)).toMatchObject({ resource: 'https://mcp.example.com/mcp' });
    expect(challengeOf(await inHandshakeEra(url, 'list_buckets', headers))).toEqual({
      scheme: 'Bearer',
      resource_metadata: `https://mcp.example.com${wellKnown}/mcp`,
      scope,
    });
    const call = (at: string) =>
      inHandshakeEra(url, 'list_buckets', { ...headers, ...bearer(provider.token(at)) });
    expect((await call('https://mcp.example.com')).status).toBe(200);
    expect((await call(url)).status).toBe(401);
  });
});

describe('with MCP_AUTH_RESOURCE and MCP_AUTH_SCOPES_SUPPORTED', async () => {
  const [resource, requested] = ['api://an-id', `api://an-id/${scope}`];
  const env = { MCP_AUTH_RESOURCE: resource, MCP_AUTH_SCOPES_SUPPORTED: `${requested} openid` };
  const { url } = keep(await serveOidc(sandbox, twoLegged, provider, { env }));
  const call = (claims: Record<string, unknown>) =>
    inHandshakeEra(url, 'list_buckets', bearer(provider.token(url, claims)));

  test.each([wellKnown, `${wellKnown}/mcp`])('the metadata at %s names these', async (path) => {
    expect(JSON.parse((await send(new URL(path, url))).body)).toMatchObject({
      resource,
      scopes_supported: [requested, 'openid'],
    });
  });

  test('every challenge asks for these scopes, and leads to the metadata of the server', async () => {
    const answers = [
      await inHandshakeEra(url, 'list_buckets'),
      await call({ aud: 'another' }),
      await call({ aud: resource, scope: 'another' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 403]);
    for (const answer of answers)
      expect(challengeOf(answer)).toMatchObject({
        scope: `${requested} openid`,
        resource_metadata: `${url}${wellKnown}/mcp`,
      });
  });

  test('a token must be for this resource, and have the scopes of MCP_AUTH_SCOPES', async () => {
    expect((await call({ aud: resource })).status).toBe(200);
    expect((await call({ aud: resource, scope: requested })).status).toBe(403);
    expect((await call({})).status).toBe(401);
  });

  test('or for MCP_AUTH_AUDIENCE, where that is set', async () => {
    const other = keep(
      await serveOidc(sandbox, twoLegged, provider, { env: { ...env, MCP_AUTH_AUDIENCE: 'an-id' } }),
    );
    for (const [aud, status] of [
      ['an-id', 200],
      [resource, 401],
    ] as const) {
      const headers = bearer(provider.token(other.url, { aud }));
      expect((await inHandshakeEra(other.url, 'list_buckets', headers)).status).toBe(status);
    }
  });
});

test('a page that may call the server can read the challenge, and send a token', async () => {
  const origin = 'http://localhost:6274';
  const answer = await inHandshakeEra(served.url, 'list_buckets', { origin });
  expect(answer.headers['access-control-allow-origin']).toBe(origin);
  expect(answer.headers['access-control-expose-headers']).toMatch(/www-authenticate/i);
  const preflight = await send(new URL('/mcp', served.url), {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  });
  expect(preflight.headers['access-control-allow-headers']).toMatch(/authorization/i);
});
