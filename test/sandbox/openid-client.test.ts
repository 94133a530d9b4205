// A certified OpenID client, an independent implementation of the same specifications, signs users in at the sandbox.
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { demo } from './calls.ts';
import { alice, benji, callback, publicCallback } from './sign-in-calls.ts';

const insecure = { [oauth.allowInsecureRequests]: true };
let clock = Date.UTC(2026, 0, 5, 9);
let sandbox: Sandbox;
let as: oauth.AuthorizationServer;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => clock });
  const issuer = new URL(sandbox.url);
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
});
afterAll(() => sandbox.close());

/** The client's clock follows the sandbox's. */
const clientOf = (client_id: string): oauth.Client => ({
  client_id,
  [oauth.clockSkew]: Math.floor((clock - Date.now()) / 1000),
});

async function authorizationRequest(client: oauth.Client, redirectUri: string, scope: string) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(as.authorization_endpoint ?? '');
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString();
  return { url, verifier, state, nonce };
}

describe.each([
  ['with a secret', demo.id, oauth.ClientSecretBasic(demo.secret), callback],
  ['without a secret', 'sandbox-public-client-id', oauth.None(), publicCallback],
])('an application %s', (_case, clientId, authentication, redirectUri) => {
  const exchange = (client: oauth.Client, parameters: URLSearchParams, verifier: string) =>
    oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      parameters,
      redirectUri,
      verifier,
      insecure,
    );

  test('signs a user in, verifies the ID token, reads the profile, refreshes and revokes', async () => {
    const client = clientOf(clientId);
    const scope = 'openid data:read';
    const { url, verifier, state, nonce } = await authorizationRequest(client, redirectUri, scope);
    const sentTo = await sandbox.signIn(url, { userId: benji });

    const parameters = oauth.validateAuthResponse(as, client, sentTo, state);
    const answer = await exchange(client, parameters, verifier);
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(as, answer, insecure);
    const seconds = Math.floor(clock / 1000);
    expect(oauth.getValidatedIdTokenClaims(tokens)).toEqual({
      iss: sandbox.url,
      aud: clientId,
      sub: benji,
      nonce,
      iat: seconds,
      exp: seconds + 3600,
    });

    const profile = await oauth.userInfoRequest(as, client, tokens.access_token, insecure);
    expect(await oauth.processUserInfoResponse(as, client, benji, profile)).toMatchObject({
      name: 'Benji Builder',
      email: 'benji@sandbox.example',
    });

    const refreshToken = tokens.refresh_token ?? '';
    const renewal = await oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, insecure);
    const renewed = await oauth.processRefreshTokenResponse(as, client, renewal);
    await oauth.validateApplicationLevelSignature(as, renewal, insecure);
    // OpenID Connect Core section 12.2: the same user, and no nonce.
    expect(oauth.getValidatedIdTokenClaims(renewed)).toEqual({
      iss: sandbox.url,
      aud: clientId,
      sub: benji,
      iat: seconds,
      exp: seconds + 3600,
    });

    const revocation = await oauth.revocationRequest(
      as,
      client,
      authentication,
      renewed.refresh_token ?? '',
      { ...insecure, additionalParameters: { token_type_hint: 'refresh_token' } },
    );
    await oauth.processRevocationResponse(revocation);
    const refused = oauth.userInfoRequest(as, client, renewed.access_token, insecure);
    expect((await refused).status).toBe(401);
  });

  test('gets no ID token without the scope openid', async () => {
    const client = clientOf(clientId);
    const { url, verifier, state } = await authorizationRequest(client, redirectUri, 'data:read');
    const parameters = oauth.validateAuthResponse(as, client, await sandbox.signIn(url), state);
    const answer = await exchange(client, parameters, verifier);
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer);
    expect(tokens.id_token).toBeUndefined();
    expect(tokens.refresh_token).toEqual(expect.any(String));
  });

  test('gets an error after a denial, and for an expired code', async () => {
    const client = clientOf(clientId);
    const { url, verifier, state } = await authorizationRequest(client, redirectUri, 'data:read');
    const denied = await sandbox.signIn(url, { userId: alice, allow: false });
    expect(() => oauth.validateAuthResponse(as, client, denied, state)).toThrow(
      expect.objectContaining({ name: 'AuthorizationResponseError', error: 'access_denied' }),
    );

    const parameters = oauth.validateAuthResponse(as, client, await sandbox.signIn(url), state);
    clock += 300_000;
    const late = await exchange(client, parameters, verifier);
    await expect(oauth.processAuthorizationCodeResponse(as, client, late)).rejects.toMatchObject({
      name: 'ResponseBodyError',
      error: 'invalid_grant',
    });
  });
});
