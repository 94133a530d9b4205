// The OAuth proxy in front of APS, step by step: what goes to APS, what comes of it, and that each step counts once.
import { OAuthProxyError } from 'fastmcp/auth';
import { decodeJwt } from 'jose';
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ApsProxyOptions, apsProxy } from '../../../lib/auth/aps-proxy.ts';
import { createKeys } from '../../../lib/serve/keys.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/index.ts';
import { watchProxyTokens } from '../../support/accounts.ts';
import { now } from '../../support/clock.ts';
import { closing } from '../../support/closing.ts';
import { newPkce } from '../../support/oauth-requests.ts';
import { alice } from '../../support/people.ts';
import { WatchedStorage } from '../../support/watched-storage.ts';

const keep = closing();
const publicUrl = 'http://localhost:5002';
const redirectUri = 'http://localhost:4711/callback';
const key = createKeys('a secret of a deployment')('APS proxy');
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox({ now }));
});
afterEach(() => sandbox.trouble.reset());

function proxyWith(changes: Partial<ApsProxyOptions> = {}) {
  const storage = new WatchedStorage();
  onTestFinished(() => storage.destroy());
  const proxy = apsProxy({
    clientId: sandbox.env.APS_CLIENT_ID ?? '',
    clientSecret: sandbox.env.APS_CLIENT_SECRET ?? '',
    baseUrl: sandbox.url,
    scopes: ['data:read'],
    callbackPath: '/callback',
    ...{ publicUrl, storage, key },
    ...changes,
  });
  return { proxy, storage };
}
type Proxy = ReturnType<typeof apsProxy>;

/** Signs Alice in as far as the code for the MCP client. */
async function codeFrom(proxy: Proxy) {
  const { verifier, challenge } = newPkce();
  const { address, proxyClient } = await proxy.begin(redirectUri, challenge);
  const code = await proxy.finish(new Request(await sandbox.signIn(address, alice)));
  return [code, verifier, redirectUri, proxyClient] as const;
}

/** Signs Alice in. */
const tokensFrom = async (proxy: Proxy) => proxy.exchange(...(await codeFrom(proxy)));

/** The error code that a promise rejects with. */
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof OAuthProxyError ? error.code : error),
  );

test('the way to APS has a state and a challenge of its own, and nothing of the client', async () => {
  const { proxy } = proxyWith();
  const { challenge } = newPkce();
  const [one, other] = [await proxy.begin(redirectUri, challenge), await proxy.begin(redirectUri, challenge)];
  const { searchParams, origin, pathname } = new URL(one.address);
  expect(origin + pathname).toBe(`${sandbox.url}/authentication/v2/authorize`);
  expect(Object.fromEntries(searchParams)).toEqual({
    response_type: 'code',
    client_id: sandbox.env.APS_CLIENT_ID,
    redirect_uri: `${publicUrl}/callback`,
    scope: 'data:read',
    state: one.state,
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
  });
  expect(searchParams.get('code_challenge')).not.toBe(challenge);
  // APS takes nothing else in a state.
  expect(one.state).toMatch(/^[\w-]{43}$/);
  expect(new Set([one.state, other.state, one.proxyClient, other.proxyClient]).size).toBe(4);
});

test('a sign-in gives the tokens of APS, and tells how long those live', async () => {
  const tokens = await tokensFrom(proxyWith().proxy);
  expect(tokens).toMatchObject({ expires_in: 3599, refresh_token: expect.stringMatching(/./) });
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  expect((await fetch(`${sandbox.url}/project/v1/hubs`, { headers })).status).toBe(200);
});

test('the proxy’s own tokens do not come out, and hold nothing of what APS says of the person', async () => {
  const proxyTokens = watchProxyTokens();
  const given = await tokensFrom(proxyWith().proxy);
  const own = await proxyTokens();
  expect(own).toHaveLength(2);
  for (const token of own) {
    expect(JSON.stringify(given)).not.toContain(token);
    const claims = ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope'];
    expect(Object.keys(decodeJwt(token)).sort()).toEqual(claims);
  }
});

test('each step can be taken by another instance with the same storage and key', async () => {
  const { storage } = proxyWith();
  const another = () => proxyWith({ storage }).proxy;
  const { verifier, challenge } = newPkce();
  const { address, proxyClient } = await another().begin(redirectUri, challenge);
  const code = await another().finish(new Request(await sandbox.signIn(address, alice)));
  const tokens = await another().exchange(code, verifier, redirectUri, proxyClient);
  expect(tokens.access_token).toMatch(/./);
});

describe('it is refused', () => {
  test('to exchange a code twice, for another client, or with another verifier', async () => {
    const { proxy } = proxyWith();
    const [code, verifier, uri, client] = await codeFrom(proxy);
    await proxy.exchange(code, verifier, uri, client);
    expect(await refusal(proxy.exchange(code, verifier, uri, client))).toBe('invalid_grant');
    const [stolen, , , owner] = await codeFrom(proxy);
    expect(await refusal(proxy.exchange(stolen, newPkce().verifier, uri, owner))).toBe('invalid_grant');
    const [another, itsVerifier] = await codeFrom(proxy);
    expect(await refusal(proxy.exchange(another, itsVerifier, uri, client))).toBe('invalid_client');
    expect(await refusal(proxy.exchange('made-up', verifier, uri, client))).toBe('invalid_grant');
  });

  test('to exchange a code without a verifier, or with the challenge in its place', async () => {
    const { proxy } = proxyWith();
    const { challenge } = newPkce();
    for (const verifier of ['', challenge]) {
      const { address, proxyClient } = await proxy.begin(redirectUri, challenge);
      const code = await proxy.finish(new Request(await sandbox.signIn(address, alice)));
      expect(await refusal(proxy.exchange(code, verifier, redirectUri, proxyClient))).toMatch(/^invalid_/);
    }
  });

  test('to come back twice, with a state that is made up, or without a code', async () => {
    const { proxy } = proxyWith();
    const { address } = await proxy.begin(redirectUri, newPkce().challenge);
    const back = await sandbox.signIn(address, alice);
    await proxy.finish(new Request(back));
    expect(await refusal(proxy.finish(new Request(back)))).toBe('invalid_request');
    for (const query of ['?code=x&state=made-up', '?code=x', '?state=x', ''])
      expect(await refusal(proxy.finish(new Request(`${publicUrl}/callback${query}`)))).toBe(
        'invalid_request',
      );
  });

  test('what APS refuses, in APS’s words', async () => {
    const { proxy } = proxyWith();
    const { address } = await proxy.begin(redirectUri, newPkce().challenge);
    const denied = await sandbox.signIn(address, { allow: false });
    expect(await refusal(proxy.finish(new Request(denied)))).toBe('access_denied');
    const wrong = proxyWith({ clientSecret: 'wrong' }).proxy;
    const { address: other } = await wrong.begin(redirectUri, newPkce().challenge);
    const back = await sandbox.signIn(other, alice);
    expect(await refusal(wrong.finish(new Request(back)))).not.toBe('none');
  });
});

test('nothing is kept for longer than it can be of use, and nothing without an end', async () => {
  const { proxy, storage } = proxyWith();
  const lifetimes: (number | undefined)[] = [];
  const save = vi.spyOn(storage, 'save');
  await tokensFrom(proxy);
  for (const [, , lifetime] of save.mock.calls) lifetimes.push(lifetime);
  expect(lifetimes.length).toBeGreaterThan(3);
  for (const lifetime of lifetimes) {
    expect(lifetime).toBeGreaterThan(0);
    expect(lifetime).toBeLessThanOrEqual(3600);
  }
});
