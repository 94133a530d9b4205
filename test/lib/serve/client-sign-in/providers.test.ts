// The official client signs in through providers with habits of their own, as the sandbox emulates them, and renews.
import { decodeJwt } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Environment } from '../../../../lib/config/settings.ts';
import { randomKeys } from '../../../../lib/sealed.ts';
import { createClientSignIn } from '../../../../lib/serve/client-sign-in/create.ts';
import { createHttpApp } from '../../../../lib/serve/http/app.ts';
import { listen } from '../../../../lib/serve/http/listen.ts';
import { createMcpService } from '../../../../lib/serve/mcp/service.ts';
import { memoryStore } from '../../../../lib/store/memory.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { eras } from '../../../support/clients.ts';
import { later, minutes, now } from '../../../support/clock.ts';
import { closing } from '../../../support/closing.ts';
import { beginSigningIn, connectSigningIn, TestOAuthProvider } from '../../../support/oauth-client.ts';
import { bearer, inHandshakeEra } from '../../../support/oidc.ts';
import { employees, type OpenIdLikeness, type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { answerOn, builtFrom, configurationFrom } from '../../../support/serving.ts';
import { listingsOf } from '../../../support/tool-results.ts';

const keep = closing();
const [ada] = employees;
const entraApi = 'api://2b7c0d4e-5bc0-4000-8000-000000000002';

/** Serves 2LO on any free port, for the provider of `sandbox`: its settings can depend on the address. */
async function serve(sandbox: Sandbox, changes: (address: string) => Environment = () => ({})) {
  const listener = await listen('localhost', 0);
  const address = `${listener.url}/mcp`;
  sandbox.registerOpenIdApi(address);
  const environment = { ...sandbox.env, ...sandbox.openIdEnv(address), ...changes(address) };
  const keys = randomKeys();
  const clientSignIn = await createClientSignIn({
    settings: configurationFrom(twoLegged, environment, 'oidc').clientSignIn,
    serverName: '2lo',
    publicUrl: listener.url,
    ...{ keys, store: memoryStore() },
  });
  const service = createMcpService(builtFrom(twoLegged, sandbox.env), keys);
  const app = createHttpApp(service, { allowed: { hosts: [], origins: [] }, clientSignIn });
  keep(answerOn(listener, app, service));
  const authenticate = (token: string) =>
    clientSignIn?.authenticate(new Request(address, { headers: bearer(token) }));
  return { url: listener.url, address, authenticate };
}

const lifetime = 5 * minutes;

async function start(openIdLike: OpenIdLikeness, changes?: (address: string) => Environment) {
  const sandbox = keep(await startSandbox({ openIdLike, tokenLifetimeSeconds: lifetime / 1000, now }));
  return { sandbox, ...(await serve(sandbox, changes)) };
}

/** A client that was given an id, where it cannot register itself. */
function given(
  memory: TestOAuthProvider,
  { openIdClientId, openIdIssuer: issuer }: Pick<Sandbox, 'openIdClientId' | 'openIdIssuer'>,
): TestOAuthProvider {
  memory.saved.client = openIdClientId === undefined ? undefined : { client_id: openIdClientId, issuer };
  return memory;
}

/** A client that says with a refresh what the token is for, as Entra ID wants it. */
class ScopedRefresh extends TestOAuthProvider {
  scopeForRefresh = ({ scope }: { scope?: string }) => scope;
}

/** A client that sends no resource. */
class WithoutResource extends TestOAuthProvider {
  validateResourceURL = async () => undefined;
}

const atCompany = (sandbox: Sandbox) => (address: URL) => sandbox.openIdSignIn(address);

const statusOf = async (url: string, token = '') =>
  (await inHandshakeEra(url, 'list_buckets', bearer(token))).status;

type Case = {
  name: string;
  like: OpenIdLikeness;
  /** Whether clients register themselves. */
  registers?: boolean;
  changes?: (address: string) => Environment;
  memory?: () => TestOAuthProvider;
  claims(address: string): Record<string, unknown>;
  /** The claims that identify a person; `sub` by default. */
  subject?: readonly string[];
  /** What the caller is, by the token of Ada. */
  caller: Record<string, unknown>;
};

const cases: readonly Case[] = [
  {
    name: 'Entra ID, with the address of the server as Application ID URI',
    like: 'entra',
    memory: () => new ScopedRefresh(),
    claims: () => ({ aud: entraApi.slice('api://'.length), scp: 'mcp:tools', ver: '2.0' }),
    subject: ['tid', 'oid'],
    caller: { user: `${ada.name}, ${ada.email}`, client: 'sandbox' },
  },
  {
    name: 'Entra ID, with an Application ID URI of its own, to a client that sends no resource',
    like: 'entra',
    changes: () => ({ MCP_AUTH_SCOPES_SUPPORTED: `${entraApi}/mcp:tools openid profile` }),
    memory: () => new WithoutResource(),
    claims: () => ({ aud: entraApi.slice('api://'.length), scp: 'mcp:tools', name: ada.name }),
    subject: ['tid', 'oid'],
    caller: { user: `${ada.name}, ${ada.email}`, client: 'sandbox' },
  },
  {
    name: 'Okta',
    like: 'okta',
    claims: () => ({ aud: 'api://default', sub: ada.email, scp: ['mcp:tools', 'offline_access'] }),
    subject: ['uid'],
    caller: { user: `00u${ada.sub}`, client: 'sandbox' },
  },
  {
    name: 'Auth0, to a client that registers itself',
    like: 'auth0',
    registers: true,
    claims: (address) => ({ aud: address, sub: `auth0|${ada.sub}`, scope: 'offline_access mcp:tools' }),
    caller: { user: `auth0|${ada.sub}`, client: 'sandbox' },
  },
  {
    name: 'Auth0, with userinfo as a second audience',
    like: 'auth0',
    changes: () => ({ MCP_AUTH_SCOPES_SUPPORTED: 'openid profile mcp:tools' }),
    claims: (address) => ({ aud: [address, expect.stringMatching(/\/openid\/userinfo$/)] }),
    caller: { user: `auth0|${ada.sub}`, client: 'sandbox' },
  },
  {
    name: 'Keycloak',
    like: 'keycloak',
    claims: (address) => ({ aud: expect.arrayContaining([address, 'account']), typ: 'Bearer' }),
    caller: { user: `${ada.name}, ${ada.email}`, client: 'sandbox' },
  },
];

describe.each(cases)(
  '$name',
  async ({ like, registers, changes, memory, claims, subject = ['sub'], caller }) => {
    const { sandbox, url, address, authenticate } = await start(like, changes);
    const client = () => {
      const provider = memory?.() ?? new TestOAuthProvider();
      return registers ? provider : given(provider, sandbox);
    };

    test.each(eras)('%s signs in, calls, and renews by itself', async (_name, mode) => {
      later(0);
      const provider = client();
      const connected = await connectSigningIn(url, mode, atCompany(sandbox), { provider });
      onTestFinished(() => connected.close());
      expect((await listingsOf(connected).call('list_buckets')).items).not.toHaveLength(0);
      const { access_token: first = '', refresh_token, id_token } = provider.saved.tokens ?? {};
      expect(decodeJwt(first)).toMatchObject({ iss: sandbox.openIdIssuer, ...claims(address) });

      for (const other of [refresh_token, id_token ?? refresh_token])
        expect(await statusOf(url, other)).toBe(401);

      const seen = [first];
      // Twice: some providers give a new refresh token with each, others keep the one.
      for (const _round of [1, 2]) {
        later(lifetime + minutes);
        provider.address = undefined;
        expect((await listingsOf(connected).call('list_buckets')).items).not.toHaveLength(0);
        expect(provider.address).toBeUndefined();
        seen.push(provider.saved.tokens?.access_token ?? '');
      }
      expect(new Set(seen).size).toBe(3);
    });

    test('a token for another server is refused, and so is one of another provider or without the scope', async () => {
      expect(await statusOf(url, await sandbox.openIdToken({ audience: address }))).toBe(
        like === 'auth0' || like === 'keycloak' ? 200 : 401,
      );
      for (const aud of ['https://another.example/mcp', 'account', `${address}/`, undefined])
        expect(await statusOf(url, await sandbox.openIdToken({ claims: { aud } }))).toBe(401);
      const iss = `${sandbox.openIdIssuer}x`;
      expect(await statusOf(url, await sandbox.openIdToken({ claims: { iss } }))).toBe(401);
      const good = await rightful(sandbox, like, address, {});
      expect(await statusOf(url, good)).toBe(200);
      expect(await statusOf(url, await rightful(sandbox, like, address, { scope: 'openid profile' }))).toBe(
        403,
      );
    });

    test('the caller is told by what this provider says of people', async () => {
      const token = await rightful(sandbox, like, address, {});
      const said = decodeJwt(token);
      expect(await authenticate(token)).toEqual({
        id: `${sandbox.openIdIssuer}#${subject.map((claim) => said[claim]).join('/')}`,
        ...caller,
      });
    });
  },
);

/** A token without a browser, for the server at `address`. */
function rightful(sandbox: Sandbox, like: OpenIdLikeness, address: string, choices: { scope?: string }) {
  const audience = like === 'auth0' || like === 'keycloak' ? address : undefined;
  return sandbox.openIdToken({ audience, ...choices });
}

describe('Entra ID refuses', () => {
  const refusal = async (
    changes: (address: string) => Environment,
    memory: TestOAuthProvider = new TestOAuthProvider(),
  ) => {
    const { sandbox, url } = await start('entra', changes);
    const provider = given(memory, sandbox);
    return connectSigningIn(url, 'legacy', atCompany(sandbox), { provider }).then(
      () => 'nothing',
      (error: Error) => error.message,
    );
  };

  test.each([
    ['a resource beside scopes of its own URI', `${entraApi}/mcp:tools`],
    ['a resource beside scopes without a URI', 'mcp:tools'],
    ['a resource beside the scopes of OpenID Connect', 'openid profile'],
  ])('%s', async (_name, scopes) => {
    expect(await refusal(() => ({ MCP_AUTH_SCOPES_SUPPORTED: scopes }))).toContain('AADSTS9010010');
  });

  test('scopes without a URI, also of a client that sends no resource', async () => {
    const answer = await refusal(() => ({ MCP_AUTH_SCOPES_SUPPORTED: '' }), new WithoutResource());
    expect(answer).toContain('AADSTS650053');
  });

  test('a refresh that names the resource and no scope: the client has to send the scope too', async () => {
    later(0);
    const { sandbox, url } = await start('entra');
    const provider = given(new TestOAuthProvider(), sandbox);
    const connected = keep(await connectSigningIn(url, 'legacy', atCompany(sandbox), { provider }));
    later(lifetime + minutes);
    await expect(listingsOf(connected).call('list_buckets')).rejects.toThrow('AADSTS9010010');
  });
});

describe('MCP_AUTH_RESOURCE', () => {
  test('with a URI of another kind, the official client refuses the server before it goes anywhere', async () => {
    const { sandbox, url } = await start('entra', () => ({
      MCP_AUTH_RESOURCE: entraApi,
      MCP_AUTH_SCOPES_SUPPORTED: `${entraApi}/mcp:tools`,
    }));
    const provider = given(new TestOAuthProvider(), sandbox);
    await expect(connectSigningIn(url, 'legacy', atCompany(sandbox), { provider })).rejects.toThrow(
      /api:\/\/.+ does not match expected/,
    );
    expect(provider.address).toBeUndefined();
  });

  test.each(eras)('may be the origin of the server: %s sends it as it stands', async (_name, mode) => {
    const { sandbox, url } = await start('auth0', (address) => {
      const { origin } = new URL(address);
      return { MCP_AUTH_RESOURCE: origin };
    });
    sandbox.registerOpenIdApi(url);
    const provider = new TestOAuthProvider();
    const connected = keep(await connectSigningIn(url, mode, atCompany(sandbox), { provider }));
    expect((await listingsOf(connected).call('list_buckets')).items).not.toHaveLength(0);
    expect(provider.address?.searchParams.get('resource')).toBe(url);
    expect(decodeJwt(provider.saved.tokens?.access_token ?? '').aud).toBe(url);
  });
});

describe('Auth0', () => {
  test('gives a client that sends no resource a token that no server can read', async () => {
    const { sandbox, url } = await start('auth0');
    const provider = given(new WithoutResource(), sandbox);
    await expect(connectSigningIn(url, 'legacy', atCompany(sandbox), { provider })).rejects.toThrow();
    expect(provider.saved.tokens?.access_token.split('.')).toHaveLength(5);
    expect(await statusOf(url, provider.saved.tokens?.access_token)).toBe(401);
  });
});

test('Keycloak before 25 puts the nonce of the client into access tokens, which are good all the same', async () => {
  const { sandbox, url, address } = await start('keycloak');
  const token = await sandbox.openIdToken({ audience: address, claims: { nonce: 'of-the-client' } });
  expect(await statusOf(url, token)).toBe(200);
});

describe.each(['entra', 'okta', 'keycloak'] as const)('a client that %s was not told of', (like) => {
  test('cannot register itself, and says so', async () => {
    const { url } = await start(like);
    await expect(beginSigningIn(url, 'legacy')).rejects.toThrow(/regist|Invalid session|not trusted/i);
  });
});
