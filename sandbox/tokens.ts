// Issues, finds and revokes access tokens.
import { randomBytes } from 'node:crypto';
import { exportJWK, type JSONWebKeySet, SignJWT } from 'jose';
import { generateRsaKeys } from './rsa-keys.ts';
import type { Consent } from './sign-ins.ts';

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
  /** The user that it acts for. Undefined for a two-legged token. */
  userId?: string;
  /** The user's consent, if they signed in themselves. */
  consent?: Consent;
};

export type TokenRequest = {
  /** The origin of the request URL. */
  issuer: string;
  clientId: string;
  scopes: readonly string[];
  lifetimeSeconds: number;
  userId?: string;
  consent?: Consent;
};

export type IdTokenRequest = { issuer: string; clientId: string; userId: string; nonce?: string };

/** Published. */
const idTokenLifetimeSeconds = 60 * 60;

export type Tokens = {
  issue(request: TokenRequest): Promise<AccessToken>;
  /** An ID token with the claims of OpenID Connect Core section 2, as a signed JWT. */
  issueIdToken(request: IdTokenRequest): Promise<string>;
  /** The token with this text. Undefined if it is unknown, expired or revoked. */
  find(token: string): AccessToken | undefined;
  revoke(token: string): void;
  /** Revokes the tokens that act for a user or service account. */
  revokeOf(userId: string): void;
  /** Revokes every valid token and returns how many there were. */
  revokeAll(): number;
  /** The public signing key, with the members that APS publishes. */
  jwks: JSONWebKeySet;
};

/** The key of every sandbox in this process: making one takes a tenth of a second. */
let signingKey: ReturnType<typeof generateRsaKeys> | undefined;

/**
 * An empty token table with its own signing key.
 *
 * Tokens are RS256 JWTs with the claims of APS
 * (https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/asymmetric-encryption/), except for `iss`: see
 * `discovery` in authentication.ts. Only tokens in the table are valid: one from another sandbox, or from before a
 * restart, is unknown.
 */
export async function createTokens(now: () => number): Promise<Tokens> {
  signingKey ??= generateRsaKeys();
  const { privateKey, publicKey } = await signingKey;
  const { kty, n, e } = await exportJWK(publicKey);
  const kid = `${randomBytes(16).toString('base64url')}_RS256`;
  const live = new Map<string, AccessToken>();

  const dropExpired = () => {
    for (const [token, { expiresAt, consent }] of live) {
      if (expiresAt * 1000 <= now() || consent?.revoked) live.delete(token);
    }
  };

  return {
    jwks: { keys: [{ kid, kty, use: 'sig', n, e }] },

    async issue({ issuer, clientId, scopes, lifetimeSeconds, userId, consent }) {
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
      const issued: AccessToken = { token, tokenId, clientId, scopes, expiresAt, userId, consent };
      live.set(token, issued);
      return issued;
    },

    issueIdToken({ issuer, clientId, userId, nonce }) {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT(nonce === undefined ? {} : { nonce })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuer(issuer)
        .setAudience(clientId)
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + idTokenLifetimeSeconds)
        .sign(privateKey);
    },

    find(token) {
      const found = live.get(token);
      if (found === undefined || found.expiresAt * 1000 <= now() || found.consent?.revoked) return undefined;
      return found;
    },

    revoke(token) {
      live.delete(token);
    },

    revokeOf(userId) {
      for (const [token, issued] of live) if (issued.userId === userId) live.delete(token);
    },

    revokeAll() {
      dropExpired();
      const count = live.size;
      live.clear();
      return count;
    },
  };
}
