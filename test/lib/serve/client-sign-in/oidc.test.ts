// Client sign-in with an OpenID provider that is not ours: clients find it by themselves, and people get their data.
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { definition as publicClient } from '../../../../servers/pkce.ts';
import { eras, newest } from '../../../support/clients.ts';
import { later, minutes } from '../../../support/clock.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import { connectSigningIn, TestOAuthProvider } from '../../../support/oauth-client.ts';
import { bearer, inNewestEra, serveOidc, signInThrough, startOidc } from '../../../support/oidc.ts';
import { atProvider, nameOf, scope } from '../../../support/openid-provider.ts';
import { benji } from '../../../support/people.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import { hubsOf, listingsOf } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const { keep, sandbox, provider, served } = await startOidc(twoLegged);

describe.each(eras)('%s', (_name, mode) => {
  test('finds the provider, registers there, signs its person in, and gets the data of 2lo', async () => {
    const memory = new TestOAuthProvider();
    const client = keep(await connectSigningIn(served.url, mode, atProvider('ann'), { provider: memory }));
    expect((await listingsOf(client).call('list_buckets')).items).not.toHaveLength(0);
    expect(decodeJwt(memory.saved.tokens?.access_token ?? '')).toMatchObject({
      iss: provider.issuer,
      aud: `${served.url}/mcp`,
      sub: 'ann',
      scope,
    });
  });

  test.each([threeLegged, publicClient])('of $name signs in to Autodesk besides', async (definition) => {
    const { url } = keep(await serveOidc(sandbox, definition, provider));
    const client = keep(await connectSigningIn(url, mode, atProvider('ann')));
    const address = await askedAddress(client);
    expect((await openBrowser().open(address)).html).toContain(nameOf('ann'));
    expect((await signInThrough(address, benji)).html).toEqual(htmlHeaded(headings.signedIn));
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });
});

test(`a client of ${newest} gets a new token by itself when the old one has expired, and its call is answered`, async () => {
  later(0);
  const memory = new TestOAuthProvider();
  const client = keep(
    await connectSigningIn(served.url, { pin: newest }, atProvider('ann'), { provider: memory }),
  );
  const before = memory.saved.tokens?.access_token;
  later(61 * minutes);
  expect((await listingsOf(client).call('list_buckets')).items).not.toHaveLength(0);
  expect(memory.saved.tokens?.access_token).not.toBe(before);
});

/** What the provider gives a client of the server at `url` that asks for `scope`. */
async function tokensFor(url: string, wanted: string) {
  const memory = new TestOAuthProvider();
  memory.clientMetadata.scope = wanted;
  await keep(await connectSigningIn(url, 'legacy', atProvider('ann'), { provider: memory }));
  return memory.saved.tokens;
}

describe('of what the provider gives a client', () => {
  const outcome = async (url: string, token = '') => {
    const { status } = await inNewestEra(url, 'list_buckets', bearer(token));
    return status;
  };

  test('only the access token is good: neither the ID token, whose audience is the client, nor an opaque one', async () => {
    const { url } = keep(await serveOidc(sandbox, twoLegged, provider, { env: { MCP_AUTH_SCOPES: '' } }));
    const given = await tokensFor(url, 'openid');
    expect(decodeJwt(given?.id_token ?? '')).toMatchObject({ iss: provider.issuer, sub: 'ann' });
    expect(given?.refresh_token).toMatch(/^[\w-]{20,}$/);
    expect(await outcome(url, given?.access_token)).toBe(200);
    expect(await outcome(url, given?.id_token)).toBe(401);
    expect(await outcome(url, given?.refresh_token)).toBe(401);
  });

  test('the access token is good at the server that it was asked for, and at no other', async () => {
    const other = keep(await serveOidc(sandbox, twoLegged, provider));
    const given = await tokensFor(other.url, scope);
    expect(await outcome(other.url, given?.access_token)).toBe(200);
    expect(await outcome(served.url, given?.access_token)).toBe(401);
  });
});
