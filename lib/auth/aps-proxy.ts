/**
 * The OAuth proxy of FastMCP in front of APS: it takes an MCP client's authorization request on to Autodesk, and exchanges
 * what comes back.
 *
 * It is used for what it does well: the exchange with APS, PKCE on both sides, and codes that are good once. What it leaves
 * open is closed by its callers in `lib/serve/client-sign-in/autodesk`: it would fetch metadata documents from private
 * addresses behind public names, do without PKCE, hand any scope on, and ask for consent without saying who asks. Its own
 * tokens are not used: it takes refresh tokens for access tokens and the other way round, and when APS is in trouble at a
 * renewal, it says that the grant has ended.
 */
import { OAuthProxy, OAuthProxyError, type TokenStorage } from 'fastmcp/auth';
import { apsAuthorizationServer } from './aps-oauth.ts';

export type ApsProxyOptions = {
  clientId: string;
  clientSecret: string;
  /** What the APS tokens may be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** Origin of APS. */
  baseUrl: string;
  /** Origin of this server, as browsers see it. */
  publicUrl: string;
  /** The path on it to which APS sends browsers back, as registered with the application. */
  callbackPath: string;
  /** Where sign-ins under way and tokens are kept. */
  storage: Required<TokenStorage>;
  /** Signs the proxy's own tokens, which never leave the server. */
  key: Uint8Array;
};

/** A sign-in that is on its way to APS. */
export type ProxySignIn = {
  /** Where the browser goes on to. */
  address: string;
  /** The `state` with which it comes back. */
  state: string;
  /** The proxy's name for who asked. */
  proxyClient: string;
};

/** What APS gave, named as its token endpoint names it. */
export type ApsTokens = { access_token: string; expires_in: number; refresh_token?: string };

export type ApsProxy = {
  /**
   * Begins a sign-in.
   *
   * @param redirectUri - where the MCP client waits for the browser
   * @param codeChallenge - the client's PKCE challenge, S256
   */
  begin(redirectUri: string, codeChallenge: string): Promise<ProxySignIn>;
  /**
   * Finishes a sign-in that comes back from APS.
   *
   * @returns the authorization code for the MCP client
   * @throws {OAuthProxyError} when APS refuses, or cannot be understood
   */
  finish(request: Request): Promise<string>;
  /** Exchanges such a code, once, for the tokens of APS that it stands for. @throws {OAuthProxyError} */
  exchange(code: string, codeVerifier: string, redirectUri: string, proxyClient: string): Promise<ApsTokens>;
};

/** How long whatever has no lifetime of its own is kept, in seconds: longer than any sign-in takes. */
const longestSignIn = 3600;

export function apsProxy(options: ApsProxyOptions): ApsProxy {
  const { clientId, clientSecret, scopes, baseUrl, publicUrl, callbackPath, storage, key } = options;
  const server = apsAuthorizationServer(baseUrl);
  const config = {
    baseUrl: publicUrl,
    redirectPath: callbackPath,
    scopes: [...scopes],
    upstreamAuthorizationEndpoint: server.authorization_endpoint ?? '',
    upstreamTokenEndpoint: server.token_endpoint ?? '',
    upstreamClientId: clientId,
    upstreamClientSecret: clientSecret,
    allowPlainPkce: false,
    // People are asked on a page of our own, before the proxy hears of it.
    consentRequired: false,
    // So are redirect addresses checked before.
    allowedRedirectUriPatterns: ['*'],
    // Nothing of an APS token is written into the proxy's own.
    customClaimsPassthrough: false,
    // Its own tokens, and its copy of those of APS, are of no use: they are kept no longer than an access token lives.
    refreshTokenTtl: 1,
    jwtSigningKey: Buffer.from(key).toString('base64url'),
    tokenStorage: {
      cleanup: () => storage.cleanup(),
      delete: (name: string) => storage.delete(name),
      get: (name: string) => storage.get(name),
      take: (name: string) => storage.take(name),
      save: (name: string, value: unknown, ttl = longestSignIn) => storage.save(name, value, ttl),
    },
    // Encryption is the business of the storage.
    encryptionKey: false as const,
  };

  /**
   * Each step has a proxy of its own: whatever a later step needs is in the storage, so that any instance can go on, and
   * nothing piles up in memory for clients that never come back.
   */
  async function step<T>(work: (proxy: OAuthProxy) => Promise<T>): Promise<T> {
    const proxy = new OAuthProxy(config);
    try {
      return await work(proxy);
    } finally {
      proxy.destroy();
    }
  }

  return {
    begin: (redirectUri, codeChallenge) =>
      step(async (proxy) => {
        const { client_id: proxyClient } = await proxy.registerClient({ redirect_uris: [redirectUri] });
        const response = await proxy.authorize({
          client_id: proxyClient,
          redirect_uri: redirectUri,
          response_type: 'code',
          code_challenge: codeChallenge,
          code_challenge_method: 'S256',
        });
        const address = locationOf(response);
        return { address: address.href, state: address.searchParams.get('state') ?? '', proxyClient };
      }),

    finish: (request) =>
      step(async (proxy) => locationOf(await proxy.handleCallback(request)).searchParams.get('code') ?? ''),

    exchange: (code, codeVerifier, redirectUri, proxyClient) =>
      step(async (proxy) => {
        const { access_token } = await proxy.exchangeAuthorizationCode({
          grant_type: 'authorization_code',
          client_id: proxyClient,
          code,
          code_verifier: codeVerifier,
          redirect_uri: redirectUri,
        });
        const tokens = await proxy.loadUpstreamTokens(access_token);
        if (!tokens) throw new OAuthProxyError('invalid_grant');
        const { accessToken, expiresIn, refreshToken } = tokens;
        return { access_token: accessToken, expires_in: expiresIn, refresh_token: refreshToken };
      }),
  };
}

function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? '');
}
