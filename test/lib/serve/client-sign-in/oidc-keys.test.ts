// The keys of an OpenID provider: fetched when they are needed, and again when it has changed them.
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { later, minutes, seconds } from '../../../support/clock.ts';
import { closing } from '../../../support/closing.ts';
import { bearer, challengeOf, inHandshakeEra, serveOidc } from '../../../support/oidc.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../../../support/openid-provider.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import type { ServedHttp } from '../../../support/signing-in.ts';

const keep = closing();
const [discovery, keys] = ['/.well-known/openid-configuration', '/jwks'];
let sandbox: Sandbox;
let provider: OpenIdProvider;
let served: ServedHttp;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  provider = keep(await startOpenIdProvider());
});
beforeEach(async () => {
  later(0);
  served = keep(await serveOidc(sandbox, twoLegged, provider));
  provider.requests.length = 0;
});

const call = (token: string) => inHandshakeEra(served.url, 'list_buckets', bearer(token));
const statusOf = async (token: string) => (await call(token)).status;
const good = () => provider.token(served.url);
const unknownKey = () => provider.token(served.url, {}, { kid: crypto.randomUUID() });
const fifty = <T>(make: () => T): T[] => Array.from({ length: 50 }, make);

describe('the provider is asked', () => {
  test('nothing until there is a token to check', async () => {
    await inHandshakeEra(served.url, 'list_buckets');
    expect(provider.requests).toEqual([]);
    expect(await statusOf(good())).toBe(200);
    expect(provider.requests).toEqual([discovery, keys]);
  });

  test('once, however many requests come at the same moment and after it', async () => {
    expect(await Promise.all(fifty(good).map(statusOf))).toEqual(fifty(() => 200));
    expect(await Promise.all(fifty(good).map(statusOf))).toEqual(fifty(() => 200));
    expect(provider.requests).toEqual([discovery, keys]);
  });

  test('for its keys again after ten minutes', async () => {
    await statusOf(good());
    later(10 * minutes - seconds);
    await statusOf(good());
    expect(provider.requests).toEqual([discovery, keys]);
    later(2 * seconds);
    expect(await statusOf(good())).toBe(200);
    expect(provider.requests).toEqual([discovery, keys, keys]);
  });
});

describe('when the provider has changed its key', () => {
  test('tokens with the new one are good half a minute after the last look at the keys, and old ones no longer are', async () => {
    const old = good();
    expect(await statusOf(old)).toBe(200);
    await provider.rotateKeys();
    later(29 * seconds);
    const answer = await call(good());
    expect([answer.status, challengeOf(answer)]).toMatchObject([
      401,
      { error: 'invalid_token', error_description: expect.stringContaining('does not publish') },
    ]);
    expect(await statusOf(old)).toBe(200);
    expect(provider.requests).toEqual([discovery, keys]);
    later(2 * seconds);
    expect(await statusOf(good())).toBe(200);
    expect(await statusOf(old)).toBe(401);
    expect(provider.requests).toEqual([discovery, keys, keys]);
  });

  test('tokens that name unknown keys cause one look in half a minute, however many there are', async () => {
    await statusOf(good());
    later(31 * seconds);
    expect(await Promise.all(fifty(unknownKey).map(statusOf))).toEqual(fifty(() => 401));
    expect(await Promise.all(fifty(unknownKey).map(statusOf))).toEqual(fifty(() => 401));
    expect(provider.requests).toEqual([discovery, keys, keys]);
  });

  test('but not the id of it, tokens signed with the old one are refused as soon as that is known', async () => {
    const old = good();
    await statusOf(old);
    const { kid } = provider.key;
    await provider.rotateKeys();
    expect(await statusOf(provider.token(served.url, {}, { kid }))).toBe(401);
    expect(await statusOf(old)).toBe(200);
  });
});

describe('while the provider is silent', () => {
  test('what is known of its keys is good for ten minutes, then nobody can be let in, and then again', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    await statusOf(good());
    provider.instead = (request) => request.destroy();
    later(9 * minutes);
    expect(await statusOf(good())).toBe(200);
    expect(said).not.toHaveBeenCalled();
    later(2 * minutes);
    expect(await statusOf(good())).toBe(503);
    provider.instead = undefined;
    expect(await statusOf(good())).toBe(200);
    said.mockRestore();
  });

  test('a token with a key that is not known may be good or not: 503, and everybody else is let in', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    await statusOf(good());
    later(31 * seconds);
    provider.instead = (request) => request.destroy();
    expect(await statusOf(unknownKey())).toBe(503);
    expect(await statusOf(good())).toBe(200);
    provider.instead = undefined;
    expect(await statusOf(unknownKey())).toBe(401);
    said.mockRestore();
  });
});
