// Signs the tokens of the OpenID provider and publishes the key that verifies them.
import { randomBytes, randomUUID } from 'node:crypto';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import type { Employee } from './employees.ts';

export type AccessTokenRequest = {
  issuer: string;
  employee: Employee;
  clientId: string;
  audience: string;
  scopes: readonly string[];
  /** Negative for a token that has already expired. */
  lifetimeSeconds: number;
  /** Claims to add or replace. Undefined removes a claim. */
  claims?: Record<string, unknown>;
};

export type IdTokenRequest = {
  issuer: string;
  employee: Employee;
  clientId: string;
  nonce: string | undefined;
  /** Milliseconds since the epoch. */
  signedInAt: number;
};

export type OpenIdTokens = {
  /** A JWT access token (RFC 9068) and its `jti`. */
  signAccessToken(request: AccessTokenRequest): Promise<{ token: string; tokenId: string }>;
  /** An ID token with the claims of OpenID Connect Core section 2. */
  signIdToken(request: IdTokenRequest): Promise<string>;
  /** The claims of an access token, undefined if it is not valid now. */
  verify(token: string, issuer: string): Promise<JWTPayload | undefined>;
  /** Replaces the signing key and publishes only the new one. */
  rotateKeys(): Promise<void>;
  /** The public signing key. */
  jwks(): Promise<JSONWebKeySet>;
};

type SigningKey = { kid: string; privateKey: CryptoKey; publicKey: CryptoKey; jwk: JWK };

const idTokenLifetimeSeconds = 60 * 60;

export function createOpenIdTokens(now: () => number): OpenIdTokens {
  // Generated on first use: it takes a while, and most sandboxes never need it.
  let key: Promise<SigningKey> | undefined;
  const signingKey = () => {
    key ??= createSigningKey();
    return key;
  };
  const seconds = () => Math.floor(now() / 1000);

  const sign = async (claims: JWTPayload, typ: string) => {
    const { kid, privateKey } = await signingKey();
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ }).sign(privateKey);
  };

  return {
    async signAccessToken({ issuer, employee, clientId, audience, scopes, lifetimeSeconds, claims }) {
      const tokenId = randomUUID();
      const exp = seconds() + lifetimeSeconds;
      const token = await sign(
        {
          iss: issuer,
          ...employee,
          aud: audience,
          exp,
          iat: Math.min(seconds(), exp),
          jti: tokenId,
          client_id: clientId,
          scope: scopes.join(' '),
          ...claims,
        },
        'at+jwt',
      );
      return { token, tokenId };
    },

    signIdToken({ issuer, employee: { sub }, clientId, nonce, signedInAt }) {
      const iat = seconds();
      return sign(
        {
          iss: issuer,
          sub,
          aud: clientId,
          exp: iat + idTokenLifetimeSeconds,
          iat,
          auth_time: Math.floor(signedInAt / 1000),
          nonce,
        },
        'JWT',
      );
    },

    async verify(token, issuer) {
      const { publicKey } = await signingKey();
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          algorithms: ['RS256'],
          typ: 'at+jwt',
          issuer,
          currentDate: new Date(now()),
        });
        return payload;
      } catch {
        return undefined;
      }
    },

    async rotateKeys() {
      key = createSigningKey();
      await key;
    },

    async jwks() {
      return { keys: [(await signingKey()).jwk] };
    },
  };
}

async function createSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const kid = randomBytes(12).toString('base64url');
  return {
    kid,
    privateKey,
    publicKey,
    jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' },
  };
}
