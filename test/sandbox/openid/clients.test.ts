// Two independent clients sign employees in at the OpenID provider: a certified one, and that of the MCP SDK.
import {
  discoverAuthorizationServerMetadata,
  exchangeAuthorization,
  refreshAuthorization,
  registerClient,
  startAuthorization,
} from '@modelcontextprotocol/client';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { describe, expect, test } from 'vitest';
import { startClockedSandbox } from '../clock.ts';
import { ada, emil, redirectUri, resource } from './calls.ts';

const { sandbox, clock } = await startClockedSandbox();

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(sandbox.openIdIssuer);

describe.each(['oidc', 'oauth2'] as const)('a certified client that discovers by %s', (algorithm) => {
  const discover = async () =>
    oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }));

  const register = async (as: oauth.AuthorizationServer): Promise<oauth.Client> => {
    const metadata = { client_name: 'Certified Client', redirect_uris: [redirectUri] };
    const answer = await oauth.dynamicClientRegistrationRequest(as, metadata, insecure);
    const client = await oauth.processDynamicClientRegistrationResponse(answer);
    // The client's clock follows the sandbox's.
    return { ...client, [oauth.clockSkew]: Math.floor((clock.now - Date.now()) / 1000) };
  };

  const request = async (as: oauth.AuthorizationServer, client: oauth.Client, scope: string) => {
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
      resource,
      max_age: '300',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    return { url, verifier, state, nonce };
  };

  const exchange = (
    as: oauth.AuthorizationServer,
    client: oauth.Client,
    parameters: URLSearchParams,
    verifier: string,
  ) =>
    oauth.authorizationCodeGrantRequest(as, client, oauth.None(), parameters, redirectUri, verifier, {
      ...insecure,
      additionalParameters: { resource },
    });

  test('registers, signs an employee in, verifies the ID token, reads the profile, and refreshes', async () => {
    const as = await discover();
    const client = await register(as);
    const scope = 'openid profile email offline_access mcp:tools';
    const { url, verifier, state, nonce } = await request(as, client, scope);
    const sentTo = await sandbox.openIdSignIn(url, { user: emil });
    const parameters = oauth.validateAuthResponse(as, client, sentTo, state);

    const answer = await exchange(as, client, parameters, verifier);
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
      expectedNonce: nonce,
      maxAge: 300,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(as, answer, insecure);
    const seconds = Math.floor(clock.now / 1000);
    const identity = {
      iss: sandbox.openIdIssuer,
      aud: client.client_id,
      sub: emil,
      auth_time: seconds,
      iat: seconds,
      exp: seconds + 3600,
    };
    expect(oauth.getValidatedIdTokenClaims(tokens)).toEqual({ ...identity, nonce });
    expect(tokens.scope).toBe(scope);

    const profile = await oauth.userInfoRequest(as, client, tokens.access_token, insecure);
    expect(await oauth.processUserInfoResponse(as, client, emil, profile)).toEqual({
      sub: emil,
      name: 'Emil Engineer',
      preferred_username: 'emil.engineer',
      email: 'emil@works.example',
      email_verified: true,
    });

    clock.now += 60_000;
    client[oauth.clockSkew] = Math.floor((clock.now - Date.now()) / 1000);
    const renewal = await oauth.refreshTokenGrantRequest(
      as,
      client,
      oauth.None(),
      tokens.refresh_token ?? '',
      insecure,
    );
    const renewed = await oauth.processRefreshTokenResponse(as, client, renewal);
    await oauth.validateApplicationLevelSignature(as, renewal, insecure);
    // OpenID Connect Core section 12.2: the same user and time of sign-in, and no nonce.
    expect(oauth.getValidatedIdTokenClaims(renewed)).toEqual({
      ...identity,
      iat: seconds + 60,
      exp: seconds + 3660,
    });
    expect(renewed.refresh_token).not.toBe(tokens.refresh_token);

    // A resource server verifies the access token like this (RFC 9068 section 4).
    const presented = new Request(resource, { headers: { authorization: `Bearer ${renewed.access_token}` } });
    const skew = { [oauth.clockSkew]: Math.floor((clock.now - Date.now()) / 1000) };
    const claims = await oauth.validateJwtAccessToken(as, presented, resource, { ...skew, ...insecure });
    expect(claims).toMatchObject({ sub: emil, client_id: client.client_id, scope });
  });

  test('gets neither ID token nor refresh token without their scopes', async () => {
    const as = await discover();
    const client = await register(as);
    const { url, verifier, state } = await request(as, client, 'mcp:tools');
    const parameters = oauth.validateAuthResponse(as, client, await sandbox.openIdSignIn(url), state);
    const answer = await exchange(as, client, parameters, verifier);
    expect(await oauth.processAuthorizationCodeResponse(as, client, answer)).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 3599,
      scope: 'mcp:tools',
    });
  });

  test('gets an error after a denial, and for an expired code', async () => {
    const as = await discover();
    const client = await register(as);
    const { url, verifier, state } = await request(as, client, 'mcp:tools');
    const denied = await sandbox.openIdSignIn(url, { allow: false });
    expect(() => oauth.validateAuthResponse(as, client, denied, state)).toThrow(
      expect.objectContaining({ name: 'AuthorizationResponseError', error: 'access_denied' }),
    );

    const parameters = oauth.validateAuthResponse(as, client, await sandbox.openIdSignIn(url), state);
    clock.now += 300_000;
    const late = await exchange(as, client, parameters, verifier);
    await expect(oauth.processAuthorizationCodeResponse(as, client, late)).rejects.toMatchObject({
      name: 'ResponseBodyError',
      error: 'invalid_grant',
    });
  });
});

test('the client of the MCP SDK signs an employee in, and renews the token', async () => {
  const metadata = await discoverAuthorizationServerMetadata(issuer);
  const clientInformation = await registerClient(issuer, {
    metadata,
    clientMetadata: { client_name: 'MCP Client', redirect_uris: [redirectUri], application_type: 'native' },
  });
  const { authorizationUrl, codeVerifier } = await startAuthorization(issuer, {
    metadata,
    clientInformation,
    redirectUrl: redirectUri,
    scope: 'mcp:tools offline_access',
    resource,
  });
  const sentTo = (await sandbox.openIdSignIn(authorizationUrl)).searchParams;

  const tokens = await exchangeAuthorization(issuer, {
    metadata,
    clientInformation,
    authorizationCode: sentTo.get('code') ?? '',
    iss: sentTo.get('iss') ?? undefined,
    codeVerifier,
    redirectUri,
    resource,
  });
  const renewed = await refreshAuthorization(issuer, {
    metadata,
    clientInformation,
    refreshToken: tokens.refresh_token ?? '',
    resource,
  });
  expect(renewed.refresh_token).not.toBe(tokens.refresh_token);
  const keys = createRemoteJWKSet(new URL(metadata?.jwks_uri ?? ''));
  for (const { access_token } of [tokens, renewed]) {
    const options = { audience: resource, currentDate: new Date(clock.now), typ: 'at+jwt' };
    expect((await jwtVerify(access_token, keys, options)).payload.sub).toBe(ada);
  }
  expect(decodeJwt(renewed.access_token).jti).not.toBe(decodeJwt(tokens.access_token).jti);
});
