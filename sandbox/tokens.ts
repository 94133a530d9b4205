// Issues access tokens, knows which of them are live, and revokes them.
import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';

/** An access token that the sandbox issued. */
export type AccessToken = {
  /** The JWT itself. */
  token: string;
  /** Its `jti`. */
  tokenId: string;
  clientId: string;
  scopes: readonly string[];
  /** Seconds since the epoch. */
  expiresAt: number;
  /** The user on whose behalf it was issued; absent from a two-legged token. */
  userId?: string;
};

export type TokenRequest = {
  /** The address the sandbox was called by, without a trailing slash. */
  issuer: string;
  clientId: string;
  scopes: readonly string[];
  lifetimeSeconds: number;
  userId?: string;
};

export type Tokens = {
  issue(request: TokenRequest): Promise<AccessToken>;
  /** The live token with this text; undefined when it is unknown, has expired or was revoked. */
  find(token: string): AccessToken | undefined;
  revoke(token: string): void;
  /** Revokes every live token and says how many those were. */
  revokeAll(): number;
  /** The public half of the signing key, with the members that APS publishes. */
  jwks: JSONWebKeySet;
};

/**
 * An empty token table with a signing key of its own.
 *
 * Tokens are RS256 JWTs with the claims of APS
 * (https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/asymmetric-encryption/), except for `iss`: see
 * `discovery` in authentication.ts. The table, not the signature, decides what is live: a token of another
 * sandbox, or one from before a restart, is unknown here.
 */
export async function createTokens(now: () => number): Promise<Tokens> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const { kty, n, e } = await exportJWK(publicKey);
  const kid = `${randomBytes(16).toString('base64url')}_RS256`;
  const live = new Map<string, AccessToken>();

  const dropExpired = () => {
    for (const [token, { expiresAt }] of live) {
      if (expiresAt * 1000 <= now()) live.delete(token);
    }
  };

  return {
    jwks: { keys: [{ kid, kty, use: 'sig', n, e }] },

    async issue({ issuer, clientId, scopes, lifetimeSeconds, userId }) {
      const tokenId = randomBytes(48).toString('base64url');
      const expiresAt = Math.floor(now() / 1000) + lifetimeSeconds;
      const claims = {
        scope: scopes,
        client_id: clientId,
        ...(userId === undefined ? {} : { userid: userId }),
      };
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuer(issuer)
        .setAudience('https://autodesk.com')
        .setJti(tokenId)
        .setExpirationTime(expiresAt)
        .sign(privateKey);
      dropExpired();
      const issued: AccessToken = { token, tokenId, clientId, scopes, expiresAt, userId };
      live.set(token, issued);
      return issued;
    },

    find(token) {
      const found = live.get(token);
      return found !== undefined && found.expiresAt * 1000 > now() ? found : undefined;
    },

    revoke(token) {
      live.delete(token);
    },

    revokeAll() {
      dropExpired();
      const count = live.size;
      live.clear();
      return count;
    },
  };
}
