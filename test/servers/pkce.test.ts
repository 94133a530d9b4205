// The PKCE server: it offers what 3lo does, and signs people in and out without a secret.
import type { VersionNegotiationMode } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../lib/config/settings.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { definition } from '../../servers/pkce.ts';
import { connect, eras } from '../support/clients.ts';
import { headings } from '../support/headings.ts';
import { always, startLocalServer } from '../support/local-server.ts';
import { alice, benji } from '../support/people.ts';
import { startRecordedSandbox } from '../support/recording-aps.ts';
import { builtFrom, type Served } from '../support/serving.ts';
import { askedAddress, open, signInAt } from '../support/sign-in.ts';
import { serveThreeLegged, serveUsers } from '../support/three-legged.ts';
import { hubsOf, said } from '../support/tool-results.ts';

const { keep, sandbox, aps } = await startRecordedSandbox();

/** Serves the PKCE server over HTTP. Each test has its own: in the newest era all of its clients are one person. */
async function servePkce(env: Record<string, string> = {}): Promise<Served> {
  const variables = { APS_BASE_URL: aps.url, APS_CLIENT_ID: sandbox.publicClientId, ...env };
  return keep(await serveUsers(sandbox, (browser) => builtFrom(definition, variables, { browser })));
}

async function clientOf({ url }: Served, mode: VersionNegotiationMode = 'legacy') {
  return keep(await connect(url, mode));
}

/** What was sent to an endpoint of APS, oldest first. */
const sentTo = (endpoint: 'token' | 'revoke') =>
  aps.posted.filter(({ path }) => path === `/authentication/v2/${endpoint}`);

describe('the definition', () => {
  test('has its own name and port, and asks for an application without a secret', async () => {
    expect(definition).toMatchObject({ name: 'pkce', port: 5003, userScopes: ['data:read'] });
    expect(Object.keys(definition.variables)).toEqual(['APS_CLIENT_ID', 'APS_BASE_URL']);
    expect([definition.isPublicClient, threeLegged.isPublicClient]).toEqual([true, false]);
    expect(() => builtFrom(definition, { APS_CLIENT_SECRET: 'a-secret' })).toThrow(SettingsError);
  });

  test.each(eras)('has the tools of 3lo to the letter, for %s', async (_name, mode) => {
    const client = await clientOf(await servePkce(), mode);
    const other = await clientOf(keep(await serveThreeLegged(sandbox)), mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...['list_hubs', 'list_projects', 'list_contents', 'list_versions'],
      ...['get_user_info', 'sign_out'],
    ]);
    expect(tools).toEqual((await other.listTools()).tools);
    expect(client.getServerVersion()?.name).toBe('APS PKCE Demo');
    expect(client.getInstructions()).toBe(other.getInstructions());
  });
});

describe('a sign-in', () => {
  test.each(eras)('of %s goes from the address to the data', async (_name, mode) => {
    const client = await clientOf(await servePkce(), mode);
    const { searchParams } = new URL(await askedAddress(client));
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: sandbox.publicClientId,
      scope: 'data:read',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(await signInAt(sandbox, await askedAddress(client), benji)).toMatchObject({
      status: 200,
      heading: expect.stringMatching(headings.signedIn),
    });
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('sends the client id and the verifier with the code, and nothing that could be a secret', async () => {
    const client = await clientOf(await servePkce({ APS_CLIENT_SECRET: 'of-another-server' }));
    await signInAt(sandbox, await askedAddress(client), alice);
    expect(sentTo('token')).toEqual([
      {
        ...{ path: '/authentication/v2/token', authorization: undefined, status: 200 },
        form: {
          grant_type: 'authorization_code',
          client_id: sandbox.publicClientId,
          code: expect.any(String),
          code_verifier: expect.stringMatching(/^[\w-]{43,}$/),
          redirect_uri: expect.stringMatching(/\/callback$/),
        },
      },
    ]);
  });

  test('uses PKCE also where APS_PKCE says off: that is for 3lo', async () => {
    const client = await clientOf(await servePkce({ APS_PKCE: 'off' }));
    const address = await askedAddress(client);
    expect(new URL(address).searchParams.get('code_challenge_method')).toBe('S256');
    expect((await signInAt(sandbox, address, alice)).status).toBe(200);
    expect(sentTo('token')[0]?.form.code_verifier).toMatch(/^[\w-]{43,}$/);
  });

  test('has a verifier of its own each time', async () => {
    const client = await clientOf(await servePkce());
    for (const address of [await askedAddress(client), await askedAddress(client)])
      await signInAt(sandbox, address, alice);
    const verifiers = sentTo('token').map(({ form }) => form.code_verifier);
    expect([verifiers.length, new Set(verifiers).size]).toEqual([2, 2]);
  });
});

test('tokens are renewed without a secret, and the sign-in goes on', async () => {
  const client = await clientOf(await servePkce());
  await signInAt(sandbox, await askedAddress(client), alice);
  for (let renewals = 1; renewals < 3; renewals += 1) {
    expect(sandbox.revokeAccessTokens()).toBeGreaterThan(0);
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(sentTo('token')).toHaveLength(1 + renewals);
    expect(sentTo('token').at(-1)).toEqual({
      ...{ path: '/authentication/v2/token', authorization: undefined, status: 200 },
      form: {
        ...{ grant_type: 'refresh_token', client_id: sandbox.publicClientId },
        refresh_token: expect.any(String),
      },
    });
  }
});

test('sign_out revokes both tokens without a secret, and the next call asks', async () => {
  const client = await clientOf(await servePkce());
  await signInAt(sandbox, await askedAddress(client), alice);
  expect(await said(client, 'sign_out')).toEqual({
    isError: false,
    text: expect.stringMatching(/was revoked/),
  });
  const revocations = sentTo('revoke');
  expect(revocations.map(({ form }) => form.token_type_hint).sort()).toEqual([
    'access_token',
    'refresh_token',
  ]);
  for (const { authorization, form, status } of revocations) {
    expect([authorization, status]).toEqual([undefined, 200]);
    expect(Object.keys(form).sort()).toEqual(['client_id', 'token', 'token_type_hint']);
  }
  expect(await askedAddress(client)).toContain('/authorize?');
});

describe('with the id of an application that has a secret, the page names the type that it needs', () => {
  const heading = expect.stringMatching(headings.refused);
  const advice = /APS_CLIENT_ID.+of type "Desktop, Mobile, Single-Page App"/;

  test('when APS refuses the code', async () => {
    const client = await clientOf(await servePkce({ APS_CLIENT_ID: sandbox.env.APS_CLIENT_ID ?? '' }));
    const page = await signInAt(sandbox, await askedAddress(client), alice);
    expect(sentTo('token').map(({ status }) => status)).toEqual([401]);
    expect(page).toMatchObject({ status: 400, heading });
    expect(page.html).not.toContain('APS_CLIENT_SECRET');
    expect(page.text.replaceAll('&quot;', '"')).toMatch(advice);
  });

  test('also when APS does not say how an application could prove itself', async () => {
    const refusal = { error: 'invalid_client', error_description: 'No.' };
    const apart = keep(await startLocalServer(always(refusal, 401)));
    const served = await servePkce({ APS_BASE_URL: apart.url });
    const state = new URL(await askedAddress(await clientOf(served))).searchParams.get('state');
    const page = await open(new URL(`/callback?code=any&state=${state}`, served.url));
    expect(page).toMatchObject({ status: 400, heading });
    expect(page.text.replaceAll('&quot;', '"')).toMatch(advice);
  });
});
