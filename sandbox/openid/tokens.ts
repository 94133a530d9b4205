// Signs the tokens of the OpenID provider and publishes the key that verifies them.
import { type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import {
  EncryptJWT,
  exportJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtDecrypt,
  jwtVerify,
  SignJWT,
} from 'jose';
import { generateRsaKeys } from '../rsa-keys.ts';
import type { Employee } from './employees.ts';
import type { Habits } from './habits.ts';

export type AccessTokenRequest = {
  issuer: string;
  employee: Employee;
  clientId: string;
  /** Undefined for a token that only this provider can read. */
  audience: string | readonly string[] | undefined;
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
  /** An access token, a JWT (RFC 9068, or as the habits have it), and its id. */
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

type SigningKey = { kid: string; privateKey: KeyObject; publicKey: KeyObject; jwk: JWK & { kid: string } };

const idTokenLifetimeSeconds = 60 * 60;

export function createOpenIdTokens(now: () => number, habits: Habits): OpenIdTokens {
  // Generated on first use: it takes a while, and most sandboxes never need it.
  let key: Promise<SigningKey> | undefined;
  const signingKey = () => {
    key ??= createSigningKey();
    return key;
  };
  const seconds = () => Math.floor(now() / 1000);

  const secret = randomBytes(32);

  const sign = async (claims: JWTPayload, typ: string | undefined) => {
    const { kid, privateKey } = await signingKey();
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid, ...(typ === undefined ? {} : { typ }) })
      .sign(privateKey);
  };

  return {
    async signAccessToken({ audience, lifetimeSeconds, claims, ...request }) {
      const tokenId = randomUUID();
      const exp = seconds() + lifetimeSeconds;
      const contents = { ...request, tokenId, exp, iat: Math.min(seconds(), exp) };
      if (audience === undefined) {
        const sealed = new EncryptJWT(habits.accessToken({ ...contents, audience: request.issuer }));
        const header = { alg: 'dir', enc: 'A256GCM', iss: request.issuer };
        return { token: await sealed.setProtectedHeader(header).encrypt(secret), tokenId };
      }
      const all = { ...habits.accessToken({ ...contents, audience }), ...claims };
      return { token: await sign(all, habits.accessTokenType), tokenId };
    },

    signIdToken({ issuer, employee, clientId, nonce, signedInAt }) {
      const iat = seconds();
      return sign(
        {
          iss: issuer,
          sub: habits.subject(employee),
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
      const options = { issuer, currentDate: new Date(now()) };
      try {
        if (token.split('.').length === 5) return (await jwtDecrypt(token, secret, options)).payload;
        const { payload } = await jwtVerify(token, publicKey, {
          ...options,
          algorithms: ['RS256'],
          typ: habits.accessTokenType,
        });
        // Where an ID token has the same type, only its lack of an id tells it apart.
        return payload.jti === undefined && payload.uti === undefined ? undefined : payload;
      } catch {
        return undefined;
      }
    },

    async rotateKeys() {
      key = createSigningKey();
      await key;
    },

    async jwks() {
      return { keys: [...habits.publishedKey((await signingKey()).jwk)] };
    },
  };
}

async function createSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateRsaKeys();
  const kid = randomBytes(12).toString('base64url');
  return {
    kid,
    privateKey,
    publicKey,
    jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' },
  };
}
