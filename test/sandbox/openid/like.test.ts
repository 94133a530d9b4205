// The habits of Entra ID, Okta, Auth0 and Keycloak, as the OpenID provider takes them on.
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { type OpenIdLikeness, openIdLikenesses, type Sandbox, startSandbox } from '../../support/sandbox.ts';
import { basic, get } from '../calls.ts';
import { pkce, verifier } from '../sign-in-calls.ts';
import { json, redirectUri, resource } from './calls.ts';

type Parameters = Record<string, string | undefined>;
type Metadata = Record<string, unknown> & { authorization_endpoint: string; token_endpoint: string };

const started: Sandbox[] = [];
afterAll(async () => {
  for (const sandbox of started) await sandbox.close();
});

/** A provider with habits, and the calls of a client that knows no more than its discovery document. */
async function like(openIdLike: OpenIdLikeness) {
  const sandbox = await startSandbox({ openIdLike });
  started.push(sandbox);
  const issuer = sandbox.openIdIssuer;
  const place = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const metadata = (await json(await get(sandbox, place))) as Metadata;
  const usual = { client_id: sandbox.openIdClientId, redirect_uri: redirectUri };

  /** The parameters with which the browser comes back. */
  async function authorize(changes: Parameters): Promise<Record<string, string>> {
    const url = new URL(metadata.authorization_endpoint);
    const all = { ...usual, response_type: 'code', state: 'state-1', ...pkce, ...changes };
    for (const [name, value] of Object.entries(all))
      if (value !== undefined) url.searchParams.set(name, value);
    return Object.fromEntries((await sandbox.openIdSignIn(url)).searchParams);
  }

  async function token(form: Parameters, headers: Record<string, string> = {}) {
    const body = new URLSearchParams();
    const all = { client_id: usual.client_id, ...form };
    for (const [name, value] of Object.entries(all)) if (value !== undefined) body.set(name, value);
    return json(await fetch(metadata.token_endpoint, { method: 'POST', body, headers }));
  }

  async function signIn(changes: Parameters, form: Parameters = {}) {
    const { code } = await authorize(changes);
    const exchange = { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: verifier };
    return token({ ...exchange, code, ...form });
  }

  const refresh = (refresh_token: string | undefined, form: Parameters = {}) =>
    token({ grant_type: 'refresh_token', refresh_token, ...form });

  return { sandbox, issuer, metadata, authorize, token, signIn, refresh };
}

/** The claims of the access token in a response. */
const claimsOf = ({ access_token = '' }: { access_token?: string }) => decodeJwt(access_token);
const headerOf = ({ access_token = '' }: { access_token?: string }) => decodeProtectedHeader(access_token);

describe.each(openIdLikenesses)('like %s', async (name) => {
  const { sandbox, issuer, metadata, authorize, token } = await like(name);

  test('every address in the discovery document is below the path of the provider, and is there', async () => {
    expect(metadata.issuer).toBe(issuer);
    for (const [member, value] of Object.entries(metadata)) {
      if (!/_endpoint$|_uri$/.test(member)) continue;
      expect(value).toMatch(new RegExp(`^${sandbox.url}/openid/`));
      expect((await get(sandbox, String(value))).status).not.toBe(404);
    }
  });

  test('it publishes the key of its tokens', async () => {
    const keys = (await json(await get(sandbox, String(metadata.jwks_uri)))).keys as { kid: string }[];
    const { kid } = headerOf({ access_token: await sandbox.openIdToken() });
    expect(keys.map((key) => key.kid)).toContain(kid);
  });

  test('userinfo, where there is one, names the subject of the token', async () => {
    if (metadata.userinfo_endpoint === undefined) return;
    const address = String(metadata.userinfo_endpoint);
    const token = await sandbox.openIdToken({ user: 'emp-1003', scope: 'openid email' });
    expect(await json(await get(sandbox, address, token))).toMatchObject({
      sub: decodeJwt(token).sub,
      email: 'zoe@works.example',
    });
  });

  test('the client of MCP servers gets a token with its secret, and none without', async () => {
    const { clientId: client_id, clientSecret: client_secret = '' } = sandbox.openIdServerClient;
    const redirect_uri = 'http://localhost:5002/signin/callback';
    const scope = sandbox.openIdEnv(resource).MCP_AUTH_SCOPES_SUPPORTED ?? 'mcp:tools';
    const started = async () => (await authorize({ client_id, redirect_uri, scope })).code;
    const usual = { grant_type: 'authorization_code', redirect_uri, code_verifier: verifier };
    const redeem = async (form: Parameters, headers?: Record<string, string>) =>
      token({ ...usual, code: await started(), client_id, ...form }, headers);
    expect(await redeem({ client_secret })).toHaveProperty('access_token');
    expect(await redeem({}, basic({ id: client_id, secret: client_secret }))).toHaveProperty('access_token');
    for (const wrong of [undefined, '', 'guess'])
      expect(await redeem({ client_secret: wrong })).toMatchObject({ error: 'invalid_client' });
    expect(metadata.token_endpoint_auth_methods_supported).toContain('client_secret_basic');
  });

  test('the client of MCP servers comes back to the addresses that are registered, and no other', async () => {
    const { clientId: client_id } = sandbox.openIdServerClient;
    const scope = sandbox.openIdEnv(resource).MCP_AUTH_SCOPES_SUPPORTED ?? 'mcp:tools';
    const at = (redirect_uri: string) => authorize({ client_id, redirect_uri, scope });
    const added = `https://mcp.example.com/signin/callback`;
    await expect(at(added)).rejects.toThrow('redirect URI');
    sandbox.registerOpenIdRedirectUri(added);
    expect(await at(added)).toHaveProperty('code');
    expect(await at('http://127.0.0.1:6000/signin/callback')).toHaveProperty('code');
  });

  test('the variables for a server name it', () => {
    expect(sandbox.openIdEnv(resource)).toMatchObject({
      MCP_AUTH_ISSUER: issuer,
      MCP_AUTH_SCOPES: 'mcp:tools',
      MCP_AUTH_CLIENT_ID: sandbox.openIdServerClient.clientId,
      MCP_AUTH_CLIENT_SECRET: sandbox.openIdServerClient.clientSecret,
    });
  });
});

describe('like entra', async () => {
  const { sandbox, issuer, metadata, authorize, signIn, refresh } = await like('entra');
  const api = sandbox.openIdEnv('').MCP_AUTH_AUDIENCE ?? '';
  const scope = `${resource}/mcp:tools`;
  const all = `openid profile offline_access ${scope}`;

  test('the discovery document is at one place, and says nothing of PKCE and registration', async () => {
    const { pathname } = new URL(issuer);
    for (const known of ['oauth-authorization-server', 'openid-configuration'])
      expect((await get(sandbox, `/.well-known/${known}${pathname}`)).status).toBe(404);
    expect(issuer).toMatch(/\/openid\/[\da-f-]{36}\/v2\.0$/);
    for (const absent of ['code_challenge_methods_supported', 'registration_endpoint', 'userinfo_endpoint'])
      expect(metadata).not.toHaveProperty(absent);
  });

  test.each<[string, Parameters, string, string]>([
    ['a foreign resource', { scope, resource: 'https://a.example' }, 'invalid_target', 'AADSTS9010010'],
    ['a slash more', { scope, resource: `${resource}/` }, 'invalid_target', 'AADSTS9010010'],
    ['a scope without URI', { scope: 'mcp:tools', resource }, 'invalid_target', 'AADSTS9010010'],
    ['no scope for the resource', { scope: 'openid', resource }, 'invalid_target', 'AADSTS9010010'],
    ['a scope without URI or resource', { scope: 'mcp:tools' }, 'invalid_client', 'AADSTS650053'],
    ['an unknown scope', { scope: `${resource}/other` }, 'invalid_client', 'AADSTS650053'],
    ['an unknown URI', { scope: 'https://a.example/mcp:tools' }, 'invalid_resource', 'AADSTS500011'],
    ['no scope', { scope: undefined }, 'invalid_request', 'AADSTS900144'],
  ])('%s is refused', async (_name, changes, error, code) => {
    const answer = await authorize(changes);
    expect(answer).toMatchObject({ error, error_description: expect.stringContaining(code) });
    expect(answer).not.toHaveProperty('iss');
  });

  test('a token is for the application, with names of scopes alone, and a subject of its own', async () => {
    const answer = await signIn({ scope: all, resource }, { resource });
    expect(answer).toMatchObject({ scope });
    const claims = claimsOf(answer);
    expect(claims).toMatchObject({
      iss: issuer,
      aud: api,
      scp: 'mcp:tools',
      azp: sandbox.openIdClientId,
      azpacr: '0',
      ver: '2.0',
      tid: issuer.split('/').at(-2),
      oid: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/),
      name: 'Ada Admin',
    });
    for (const absent of ['scope', 'client_id', 'jti', 'email']) expect(claims).not.toHaveProperty(absent);
    expect(claims.sub).not.toBe(claims.oid);
    expect(headerOf(answer).typ).toBe('JWT');
  });

  test('without profile, it does not say who somebody is by name; with api://, it is the same', async () => {
    const claims = claimsOf(await signIn({ scope: `api://${api}/mcp:tools`, resource: `api://${api}` }));
    expect(claims).toMatchObject({ aud: api, scp: 'mcp:tools' });
    expect(claims).not.toHaveProperty('name');
  });

  test('with the scopes of OpenID Connect alone, it is for Microsoft Graph', async () => {
    const claims = claimsOf(await signIn({ scope: 'openid profile' }));
    expect(claims).toMatchObject({ aud: '00000003-0000-0000-c000-000000000000', scp: 'openid profile' });
  });

  test('there is a refresh token with offline_access only, and it stays valid', async () => {
    expect(await signIn({ scope })).not.toHaveProperty('refresh_token');
    const { refresh_token } = await signIn({ scope: all });
    const [first, second] = [await refresh(refresh_token), await refresh(refresh_token)];
    expect(first.refresh_token).toEqual(expect.any(String));
    expect(first.refresh_token).not.toBe(refresh_token);
    expect(claimsOf(second)).toMatchObject({ aud: api, scp: 'mcp:tools' });
  });

  test('a refresh with the resource needs the scope, too', async () => {
    const { refresh_token } = await signIn({ scope: all, resource });
    expect(await refresh(refresh_token, { resource })).toMatchObject({
      error: 'invalid_target',
      error_description: expect.stringContaining('AADSTS9010010'),
    });
    expect(claimsOf(await refresh(refresh_token, { resource, scope }))).toMatchObject({ aud: api });
    const other = `api://${api}/mcp:tools`;
    expect(await refresh(refresh_token, { scope: other })).toMatchObject({ error: 'invalid_grant' });
  });

  test('an application that stands for clients and server has to name the scope when it refreshes', async () => {
    const client_id = api;
    const { refresh_token } = await signIn({ client_id, scope: all }, { client_id });
    expect(await refresh(refresh_token, { client_id })).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('AADSTS90009'),
    });
    expect(claimsOf(await refresh(refresh_token, { client_id, scope }))).toMatchObject({ aud: api });
  });
});

describe('like okta', async () => {
  const { sandbox, issuer, metadata, authorize, signIn, refresh } = await like('okta');
  const scope = 'openid offline_access mcp:tools';

  test('metadata for OAuth has the well-known part at its end', async () => {
    const place = '.well-known/oauth-authorization-server';
    expect((await json(await get(sandbox, `${issuer}/${place}`))).issuer).toBe(issuer);
    expect((await get(sandbox, `/${place}${new URL(issuer).pathname}`)).status).toBe(404);
  });

  test('whatever the resource, a token is for the audience of the authorization server', async () => {
    for (const indicated of [resource, 'https://a.example', undefined]) {
      const answer = await signIn({ scope, resource: indicated }, { resource: indicated });
      expect(claimsOf(answer)).toMatchObject({
        aud: 'api://default',
        sub: 'ada@works.example',
        cid: sandbox.openIdClientId,
        scp: ['openid', 'offline_access', 'mcp:tools'],
        ver: 1,
      });
      expect(claimsOf(answer)).not.toHaveProperty('scope');
      expect(headerOf(answer)).not.toHaveProperty('typ');
    }
  });

  test.each<[string, Parameters, string]>([
    ['an unknown scope', { scope: 'mcp:tools other' }, 'invalid_scope'],
    ['no scope', { scope: undefined }, 'invalid_scope'],
    ['no state', { scope, state: undefined }, 'invalid_request'],
    ['a state of other characters', { scope, state: 'a/b=' }, 'invalid_request'],
  ])('%s is refused', async (_name, changes, error) => {
    expect(await authorize(changes)).toMatchObject({ error });
  });

  test('a refresh token comes with offline_access only, and works once', async () => {
    expect(await signIn({ scope: 'mcp:tools' })).not.toHaveProperty('refresh_token');
    const { refresh_token } = await signIn({ scope });
    expect(await refresh(refresh_token)).toMatchObject({ refresh_token: expect.any(String) });
    expect(await refresh(refresh_token)).toMatchObject({ error: 'invalid_grant' });
  });

  test('nobody can register a client without being an administrator', async () => {
    const body = JSON.stringify({ redirect_uris: [redirectUri] });
    const answer = await fetch(String(metadata.registration_endpoint), { method: 'POST', body });
    expect([answer.status, (await json(answer)).errorCode]).toEqual([403, 'E0000005']);
  });
});

describe('like auth0', async () => {
  const { sandbox, issuer, metadata, authorize, signIn, refresh } = await like('auth0');
  const register = async () => {
    const body = JSON.stringify({ client_name: 'Test Client', redirect_uris: [redirectUri] });
    const answer = await fetch(String(metadata.registration_endpoint), { method: 'POST', body });
    return String((await json(answer)).client_id);
  };

  test('the issuer has a slash at its end', () => {
    expect(issuer).toMatch(/\/openid\/$/);
  });

  test('a token is for the resource, and with openid for userinfo too; audience wins over resource', async () => {
    expect(claimsOf(await signIn({ scope: 'mcp:tools other', resource }))).toMatchObject({
      iss: issuer,
      aud: resource,
      sub: 'auth0|emp-1001',
      scope: 'mcp:tools',
      azp: sandbox.openIdClientId,
    });
    const audience = 'http://localhost:5001/mcp';
    const claims = claimsOf(await signIn({ scope: 'openid mcp:tools', resource, audience }));
    expect(claims.aud).toEqual([audience, `${issuer}userinfo`]);
    for (const absent of ['name', 'email', 'client_id']) expect(claims).not.toHaveProperty(absent);
  });

  test('a resource that is no API of the tenant is refused, until it is one', async () => {
    const other = 'https://mcp.example.com/mcp';
    expect(await authorize({ scope: 'mcp:tools', resource: other })).toMatchObject({
      error: 'access_denied',
      error_description: `Service not found: ${other}`,
    });
    sandbox.registerOpenIdApi(other);
    expect(claimsOf(await signIn({ scope: 'mcp:tools', resource: other })).aud).toBe(other);
  });

  test('without a resource, a token is for userinfo alone, and no JWT', async () => {
    const { access_token = '' } = await signIn({ scope: 'openid email' });
    expect(decodeProtectedHeader(access_token)).toMatchObject({ alg: 'dir', enc: 'A256GCM' });
    const profile = await get(sandbox, String(metadata.userinfo_endpoint), access_token);
    expect(await json(profile)).toMatchObject({ sub: 'auth0|emp-1001', email: 'ada@works.example' });
  });

  test('a client that registered itself cannot get one', async () => {
    const client_id = await register();
    expect(client_id).toMatch(/^tpc_/);
    expect(await authorize({ client_id, scope: 'openid' })).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('third party clients'),
    });
  });

  test('a refresh token comes with offline_access only, and stays the one', async () => {
    expect(await signIn({ scope: 'mcp:tools', resource })).not.toHaveProperty('refresh_token');
    const { refresh_token } = await signIn({ scope: 'mcp:tools offline_access', resource });
    for (const _round of [1, 2]) {
      const answer = await refresh(refresh_token);
      expect(claimsOf(answer).aud).toBe(resource);
      expect(answer).not.toHaveProperty('refresh_token');
    }
  });
});

describe('like keycloak', async () => {
  const { sandbox, issuer, metadata, authorize, signIn, refresh } = await like('keycloak');

  test('the issuer is a realm', async () => {
    expect(issuer).toMatch(/\/openid\/realms\/works$/);
    const place = `/.well-known/oauth-authorization-server${new URL(issuer).pathname}`;
    expect((await json(await get(sandbox, place))).issuer).toBe(issuer);
  });

  test('the scope, not the resource, makes a token for the server', async () => {
    const elsewhere = 'https://a.example';
    const answer = await signIn({ scope: 'mcp:tools', resource: elsewhere });
    expect(claimsOf(answer)).toMatchObject({
      aud: expect.arrayContaining([resource, 'account']),
      scope: 'mcp:tools profile email',
      azp: sandbox.openIdClientId,
      typ: 'Bearer',
      name: 'Ada Admin',
    });
    expect(claimsOf(answer).aud).not.toContain(elsewhere);
    expect(claimsOf(await signIn({ scope: 'openid', resource })).aud).toBe('account');
  });

  test('an unknown scope is refused, and the response names the issuer', async () => {
    expect(await authorize({ scope: 'mcp:tools other' })).toMatchObject({
      error: 'invalid_scope',
      error_description: 'Invalid scopes: mcp:tools other',
      iss: issuer,
    });
  });

  test('the nonce is in the ID token, not in the access token', async () => {
    const { access_token = '', id_token = '' } = await signIn({ scope: 'openid mcp:tools', nonce: 'n-1' });
    expect(decodeJwt(id_token).nonce).toBe('n-1');
    expect(decodeJwt(access_token)).not.toHaveProperty('nonce');
    const userinfo = (token: string) => get(sandbox, String(metadata.userinfo_endpoint), token);
    expect((await userinfo(access_token)).status).toBe(200);
    expect((await userinfo(id_token)).status).toBe(401);
  });

  test('there is a refresh token without offline_access, too', async () => {
    const { refresh_token } = await signIn({ scope: 'mcp:tools' });
    expect(await refresh(refresh_token)).toMatchObject({ refresh_token: expect.any(String) });
    expect(await refresh(refresh_token)).toMatchObject({ access_token: expect.any(String) });
  });

  test('clients on hosts that are not trusted cannot register', async () => {
    const body = JSON.stringify({ redirect_uris: [redirectUri] });
    const answer = await fetch(String(metadata.registration_endpoint), { method: 'POST', body });
    expect([answer.status, await json(answer)]).toMatchObject([
      403,
      { error: 'insufficient_scope', error_description: expect.stringContaining('Trusted Hosts') },
    ]);
  });

  test('keys for encryption are published beside those for signatures', async () => {
    const { keys } = (await json(await get(sandbox, String(metadata.jwks_uri)))) as { keys?: unknown };
    expect(keys).toMatchObject([{ use: 'enc' }, { use: 'sig' }]);
  });
});
