// Client sign-in with the Autodesk account, from end to end: MCP clients of the official SDK, which find their way by
// themselves, and people who follow them.
import { UnauthorizedError } from '@modelcontextprotocol/client';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { DocumentRefused } from '../../../../lib/serve/client-sign-in/autodesk/metadata-document.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { eras } from '../../../support/clients.ts';
import { later, minutes, now } from '../../../support/clock.ts';
import { closing } from '../../../support/closing.ts';
import { clientCallback, connectSigningIn, TestOAuthProvider } from '../../../support/oauth-client.ts';
import { alice, benji } from '../../../support/people.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { type ServedAutodesk, serveAutodesk } from '../../../support/serving-autodesk.ts';
import { atAutodesk, serveWith } from '../../../support/signing-in.ts';
import { callListing, hubsOf, said } from '../../../support/tool-results.ts';

const keep = closing();
const published = 'https://client.example/oauth/client.json';
let sandbox: Sandbox;
let served: ServedAutodesk;

async function fetchDocument(address: string): Promise<unknown> {
  if (address !== published) throw new DocumentRefused('there is none');
  return { client_id: published, client_name: 'Published Client', redirect_uris: [clientCallback] };
}

beforeAll(async () => {
  sandbox = keep(await startSandbox({ now }));
  served = keep(await serveAutodesk(sandbox, { fetchDocument }));
});

const ways = [
  ['registered by itself', undefined],
  ['with a metadata document', published],
] as const;
const clients = eras.flatMap(([era, mode]) =>
  ways.map(([way, url]) => [`${era}, ${way},`, mode, url] as const),
);

test.each(clients)(
  '%s signs in, calls, renews its tokens and calls again',
  async (_who, mode, metadataUrl) => {
    const provider = new TestOAuthProvider({ metadataUrl });
    const client = keep(await connectSigningIn(served.url, mode, atAutodesk(alice), { provider }));
    expect(await hubsOf(client)).toEqual(alice.hubs);
    const { client: identity, tokens } = provider.saved;
    expect(identity?.client_id).toMatch(metadataUrl ?? /^eyJ[\w.-]+$/);

    later(61 * minutes);
    provider.address = undefined;
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(provider.address).toBeUndefined();
    expect(provider.saved.tokens).toMatchObject({
      access_token: expect.not.stringMatching(tokens?.access_token ?? ''),
      refresh_token: expect.not.stringMatching(tokens?.refresh_token ?? ''),
    });
  },
);

test.each(clients)('%s is served as the launcher serves it', async (_who, mode, metadataUrl) => {
  const launched = keep(await serveWith(sandbox, threeLegged, 'autodesk', { fetchDocument }));
  const provider = new TestOAuthProvider({ metadataUrl });
  const client = keep(await connectSigningIn(launched.url, mode, atAutodesk(benji), { provider }));
  expect(await hubsOf(client)).toEqual(benji.hubs);
});

test.each(eras)('%s and another see what their own person may see, at one server', async (_name, mode) => {
  const hers = keep(await connectSigningIn(served.url, mode, atAutodesk(alice)));
  const his = keep(await connectSigningIn(served.url, mode, atAutodesk(benji)));
  const hersToo = keep(await connectSigningIn(served.url, mode, atAutodesk(alice)));
  const seen = await Promise.all([hers, his, hersToo, his, hers].map(hubsOf));
  expect(seen).toEqual([alice.hubs, benji.hubs, alice.hubs, benji.hubs, alice.hubs]);
});

test('2lo asks Autodesk for the profile alone, and calls APS as the application', async () => {
  const launched = keep(await serveWith(sandbox, twoLegged, 'autodesk'));
  sandbox.requests.length = 0;
  const client = keep(await connectSigningIn(launched.url, 'auto', atAutodesk(alice)));
  expect((await callListing(client, 'list_buckets')).items).toHaveLength(23);
  const asked = sandbox.requests.filter(
    ({ path, method }) => path.endsWith('/authorize') && method === 'GET',
  );
  expect(asked.map(({ query }) => query.scope)).toEqual(['user-profile:read']);
});

test.each(eras)('%s whose person withdrew their consent hears so, and signs in anew', async (_name, mode) => {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warnings.mockRestore());
  const provider = new TestOAuthProvider();
  const client = keep(await connectSigningIn(served.url, mode, atAutodesk(alice), { provider }));
  sandbox.revokeUserTokens(alice.userId);
  expect(await said(client, 'list_hubs')).toEqual({
    isError: true,
    text: expect.stringMatching(/Autodesk account has ended.*Sign in again/),
  });
  provider.address = undefined;
  await expect(hubsOf(client)).rejects.toBeInstanceOf(UnauthorizedError);
  expect(String(provider.address)).toContain('/oauth/authorize?');
  const again = keep(await connectSigningIn(served.url, mode, atAutodesk(alice), { provider }));
  expect(await hubsOf(again)).toEqual(alice.hubs);
});

test.each(eras)(
  '%s that signs out has to sign in again, and others are not signed out',
  async (_name, mode) => {
    const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warnings.mockRestore());
    const hers = keep(await connectSigningIn(served.url, mode, atAutodesk(alice)));
    const his = keep(await connectSigningIn(served.url, mode, atAutodesk(benji)));
    expect((await said(hers, 'sign_out')).text).toMatch(/was revoked/);
    await expect(hubsOf(hers)).rejects.toBeInstanceOf(UnauthorizedError);
    expect(await hubsOf(his)).toEqual(benji.hubs);
  },
);
