// The metadata document by which a server is a client of an OpenID provider that has never heard of it.
import { expect, test } from 'vitest';
import { randomKeys } from '../../../../lib/sealed.ts';
import { createClientSignIn } from '../../../../lib/serve/client-sign-in/create.ts';
import { memoryStore } from '../../../../lib/store/memory.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { startOidc } from '../../../support/oidc.ts';
import { configurationFrom } from '../../../support/serving.ts';

const { sandbox, provider } = await startOidc(threeLegged);
const publicUrl = 'https://mcp.example.com';
const address = `${publicUrl}/signin/client.json`;

function signIn(clientId: string | undefined) {
  const env = { MCP_PUBLIC_URL: publicUrl, MCP_AUTH_ISSUER: provider.issuer, MCP_AUTH_CLIENT_ID: clientId };
  const settings = configurationFrom(threeLegged, { ...sandbox.env, ...env }, 'oidc').clientSignIn;
  return createClientSignIn({
    settings,
    serverName: '3lo',
    publicUrl,
    keys: randomKeys(),
    store: memoryStore(),
  });
}
const fetched = async (clientId: string | undefined) =>
  (await signIn(clientId))?.publicRoutes.request(address);

test('it is at the address that is the client id, and says where browsers come back to', async () => {
  const answer = await fetched(address);
  expect(answer?.headers.get('content-type')).toContain('application/json');
  expect(await answer?.json()).toEqual({
    client_id: address,
    client_name: 'APS MCP server (3lo)',
    client_uri: publicUrl,
    redirect_uris: [`${publicUrl}/signin/callback`],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  });
});

test('it is what the provider is shown, with that address to come back to', async () => {
  const to = new URL(
    (await (await signIn(address))?.identityProvider?.authorizationUrl('a-state', 'v')) ?? '',
  );
  expect(Object.fromEntries(to.searchParams)).toMatchObject({
    client_id: address,
    redirect_uri: `${publicUrl}/signin/callback`,
    resource: `${publicUrl}/mcp`,
  });
});

test('there is none for a server with another client, or without one', async () => {
  for (const clientId of ['another', undefined]) expect((await fetched(clientId))?.status).toBe(404);
});
