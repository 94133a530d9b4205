/** Client sign-in with bearer tokens of any OpenID provider, such as the one that a company signs its people in with. */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { Caller } from '../../auth/token-source.ts';
import type { Admission, ClientSignIn } from './client-sign-in.ts';
import { CannotTell, protectedResource } from './protected-resource.ts';

export type Oidc = {
  /** The issuer identifier of the provider. */
  issuer: string;
  /** Whom tokens must be made for (`aud`); the resource if left out. */
  audience?: string;
  /** The scopes that a token must have. */
  scopes: readonly string[];
  /** The address of this server as its clients see it, with `/mcp`. */
  resource: string;
  /** What this server calls itself. */
  name: string;
};

/** What a provider may sign with: public keys only. A secret could be the public key in disguise (RFC 8725, section 2.1). */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** How far the clocks of the provider and of this machine may be apart, in seconds. */
const clockTolerance = 5;

/** How long the provider may take to answer, in milliseconds. */
const patience = 5000;

/** The claims that matter here. Providers disagree on where scopes are: RFC 9068 has `scope`, others have `scp`. */
const scopes = z.union([z.string(), z.array(z.string())]).optional();
/** For people to read: whatever else is there counts as nothing. */
const shown = z.string().optional().catch(undefined);
const claimsSchema = z.object({
  sub: z.string().min(1),
  exp: z.number(),
  scope: scopes,
  scp: scopes,
  client_id: shown,
  azp: shown,
  name: shown,
  email: shown,
  preferred_username: shown,
});
type Claims = z.infer<typeof claimsSchema>;

/**
 * Admits access tokens that are JWTs of one provider (RFC 9068; OpenID Connect Discovery 1.0). Keys are fetched when they
 * are needed, and again when a token names one that is not known, so that the provider can rotate them.
 */
export function oidc({ issuer, audience, scopes, resource, name }: Oidc): ClientSignIn {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;

  function provider(): NonNullable<typeof keys> {
    keys ??= discover(issuer).catch((error: unknown) => {
      // It may be there by the next request.
      keys = undefined;
      throw error;
    });
    return keys;
  }

  async function verify(token: string): Promise<Admission> {
    const { sub, exp, ...claims } = await claimsOf(token);
    return {
      token,
      clientId: claims.client_id ?? claims.azp ?? '',
      scopes: scopesOf(claims),
      expiresAt: exp + clockTolerance,
      resource: new URL(resource),
      extra: { caller: callerOf(issuer, { sub, exp, ...claims }) },
    };
  }

  async function claimsOf(token: string): Promise<Claims> {
    const options = {
      issuer,
      audience: audience ?? resource,
      algorithms,
      clockTolerance,
      requiredClaims: ['exp', 'sub'],
    };
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, await provider(), options));
    } catch (error) {
      throw refusal(error);
    }
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) throw invalid('The token has claims that cannot be read');
    return claims.data;
  }

  return {
    whoMayCall: `whoever has an access token of ${issuer}`,
    ...protectedResource({ resource, name, issuer, scopes, verify }),
    lookAhead: () =>
      provider().then(
        () => {},
        () => {},
      ),
  };
}

/** Finds the keys of a provider. */
async function discover(issuer: string) {
  const identifier = new URL(issuer);
  try {
    const response = await oauth.discoveryRequest(identifier, {
      [oauth.allowInsecureRequests]: identifier.protocol === 'http:',
      signal: AbortSignal.timeout(patience),
    });
    const { issuer: named, jwks_uri: address } = await oauth.processDiscoveryResponse(identifier, response);
    // To the letter, as its tokens will have it: a slash at the end makes another one.
    if (named !== issuer) throw new Error(`it calls itself ${named}`);
    if (!address) throw new Error('its discovery document names no keys');
    return createRemoteJWKSet(new URL(address), { timeoutDuration: patience });
  } catch (error) {
    console.error(
      `The OpenID provider ${issuer} cannot be used, so nobody can sign in: ${reason(error)}. Check MCP_AUTH_ISSUER, and ` +
        `that ${issuer.replace(/\/$/, '')}/.well-known/openid-configuration answers.`,
    );
    throw new CannotTell('The OpenID provider cannot be reached, or is none: try again later.');
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** What is wrong with a token, in words that say nothing of what is in it; anything else is no fault of the token. */
const faults: readonly (readonly [fault: new (...args: never[]) => Error, words: string])[] = [
  [errors.JWTExpired, 'The token has expired'],
  [errors.JOSEAlgNotAllowed, 'The token is not signed with an algorithm that is accepted here'],
  [errors.JWSSignatureVerificationFailed, 'The signature of the token is wrong'],
  [errors.JWKSNoMatchingKey, 'The token is signed with a key that its issuer does not publish'],
  [errors.JWKSMultipleMatchingKeys, 'The token does not say with which key it is signed'],
  [errors.JWSInvalid, 'The token is not a signed JWT'],
  [errors.JWTInvalid, 'The token is not a signed JWT'],
  [errors.JOSENotSupported, 'The token uses something that is not supported here'],
];

const claimFaults: Record<string, string> = {
  aud: 'The token was not made for this server',
  iss: 'The token is of another issuer',
  nbf: 'The token is not good yet',
};

function refusal(error: unknown): Error {
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalid(claimFaults[error.claim] ?? 'The token lacks a claim that is needed');
  const [, words] = faults.find(([fault]) => error instanceof fault) ?? [];
  if (words) return invalid(words);
  if (error instanceof CannotTell) return error;
  console.error(`The keys of the OpenID provider cannot be had: ${reason(error)}`);
  return new CannotTell('The keys of the OpenID provider cannot be had: try again later.');
}

function invalid(description: string): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidToken, description);
}

function scopesOf({ scope, scp }: Pick<Claims, 'scope' | 'scp'>): string[] {
  const given = scope ?? scp ?? [];
  return typeof given === 'string' ? given.split(' ') : given;
}

/** The caller is issuer and `sub` (OpenID Connect Core, section 2): an issuer has no fragment, so no two are alike. */
function callerOf(issuer: string, { sub, name, email, preferred_username, client_id, azp }: Claims): Caller {
  const known = [name, email ?? preferred_username].filter(Boolean).join(', ');
  return {
    id: `${issuer}#${sub}`,
    user: known || sub,
    client: client_id ?? azp,
  };
}
