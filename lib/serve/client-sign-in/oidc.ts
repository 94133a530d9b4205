/** Client sign-in with bearer tokens of any OpenID provider, such as a company's own. */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Caller } from '../../caller.ts';
import type { AllowedUser } from '../../config/allowed-users.ts';
import { createSingleFlight } from '../../single-flight.ts';
import { identityCallbackPath } from '../pages/identity-check.ts';
import { shownText } from '../pages/shown-text.ts';
import { createAllowedUsers } from './allowed-users.ts';
import type { ClientSignIn } from './client-sign-in.ts';
import { clientDocumentPath, clientDocumentRoutes } from './oidc/client-document.ts';
import { discover, type Provider, reason } from './oidc/discovery.ts';
import { identityProvider, type ProviderClient } from './oidc/identity-provider.ts';
import { faultOfKind } from './oidc/token-kind.ts';
import { protectedResource, type VerifiedToken, VerifierUnavailable } from './protected-resource.ts';

export type Oidc = {
  /** The issuer identifier of the provider. */
  issuer: string;
  /** The audience that tokens must be issued for (`aud`); the resource identifier by default. */
  audience?: string;
  /** The scopes that a token must have. */
  scopes: readonly string[];
  /** Whether tokens must follow RFC 9068 to the letter. Default false. */
  strict?: boolean;
  /** What clients are told to request, where that differs: see {@link protectedResource}. */
  resourceIdentifier?: string;
  scopesSupported?: readonly string[];
  /** Who can use the server; everybody with a token by default. */
  allowedUsers?: readonly AllowedUser[];
  /** The claim that, with the issuer, identifies a person; `sub` by default. `oid` is read together with `tid`. */
  subjectClaim?: string;
  /** The client of this server at the provider, where it signs people in who open a link to Autodesk. */
  client?: ProviderClient;
  /** Where the provider sends the browsers of such people back to; `/signin/callback` of this server, by default. */
  redirectUri?: string;
  /** The address of this server as its clients see it, with `/mcp`. */
  resource: string;
  /** What this server calls itself. */
  name: string;
};

/** Algorithms with public keys only: a "secret" could be the public key in disguise (RFC 8725, section 2.1). */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** The most by which the clocks of the provider and of this machine can differ, in seconds. */
const clockTolerance = 5;

/**
 * The claims that matter here. Providers disagree on where scopes and the client are: RFC 9068 has `scope` and `client_id`.
 * Entra ID has `scp` and `azp`, Okta `scp` (an array) and `cid`, Auth0 and Keycloak `scope` and `azp`.
 */
const scopes = z.union([z.string(), z.array(z.string())]).optional();
/** For display only: a value of another type is ignored. */
const shown = z
  .string()
  .transform((text) => shownText(text))
  .optional()
  .catch(undefined);
const claimsSchema = z.looseObject({
  exp: z.number(),
  scope: scopes,
  scp: scopes,
  client_id: shown,
  azp: shown,
  cid: shown,
  name: shown,
  /** Unchanged: a value that decides must not be cleaned up. */
  email: z.string().optional().catch(undefined),
  email_verified: z.literal(true).optional().catch(undefined),
  preferred_username: shown,
});
type Claims = z.infer<typeof claimsSchema>;

/**
 * Accepts access tokens that are JWTs of one provider (RFC 9068; OpenID Connect Discovery 1.0). Keys are fetched when they
 * are needed, and again when a token names an unknown one, so that the provider can rotate them.
 */
export function oidc({
  issuer,
  scopes,
  strict = false,
  resource,
  name,
  subjectClaim = 'sub',
  client,
  ...others
}: Oidc): ClientSignIn {
  const { origin } = new URL(resource);
  const { resourceIdentifier, scopesSupported, audience = resourceIdentifier ?? resource } = others;
  const { redirectUri = `${origin}${identityCallbackPath}` } = others;
  const allowedUsers = createAllowedUsers(others.allowedUsers);
  const discovery = createSingleFlight<Provider>();
  let discovered: Provider | undefined;

  /** The provider and its keys. If discovery fails, the next request tries again. */
  async function provider(): Promise<Provider> {
    discovered ??= await discovery.run('provider', () => findProvider(issuer));
    return discovered;
  }

  async function verify(token: string): Promise<VerifiedToken> {
    const claims = await claimsOf(token);
    const caller = callerOf(issuer, subjectClaim, claims);
    return {
      caller,
      subject: caller.id.slice(issuer.length + 1),
      verifiedEmail: claims.email_verified && claims.email,
      clientId: clientOf(claims) ?? '',
      scopes: scopesOf(claims),
      expiresAt: claims.exp + clockTolerance,
    };
  }

  async function claimsOf(token: string): Promise<Claims> {
    const options = {
      issuer,
      audience,
      algorithms,
      clockTolerance,
      requiredClaims: ['exp'],
    };
    let header: JWTHeaderParameters;
    let payload: JWTPayload;
    try {
      ({ protectedHeader: header, payload } = await jwtVerify(token, (await provider()).keys, options));
    } catch (error) {
      throw refusal(error);
    }
    const fault = faultOfKind(header.typ, payload, strict);
    if (fault) throw invalid(fault);
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) throw invalid('The token has malformed claims');
    return claims.data;
  }

  const { callerOf: callerOfToken, ...guarded } = protectedResource({
    ...{ resource, resourceIdentifier, name, issuer, scopes, scopesSupported, allowedUsers, verify },
  });
  if (client?.id === `${origin}${clientDocumentPath}`)
    guarded.publicRoutes.route('/', clientDocumentRoutes(origin, name));
  return {
    whoCanCall: allowedUsers.describe(`with an access token from ${issuer}`),
    howToSignIn: `When your MCP client connects, it asks you to sign in at ${issuer}.`,
    ...guarded,
    identityProvider:
      client &&
      identityProvider({
        ...{ issuer, client, redirectUri },
        scopes: scopesSupported ?? scopes,
        // A provider that does not take the audience from the resource needs none, and Entra ID may refuse one.
        resource: resourceIdentifier ?? (audience === resource ? resource : undefined),
        server: async () => (await provider()).server,
        callerOf: callerOfToken,
      }),
    prefetch: () =>
      provider().then(
        () => {},
        () => {},
      ),
  };
}

/** The provider and its keys. If they cannot be found, the operator is told why. */
async function findProvider(issuer: string): Promise<Provider> {
  try {
    return await discover(issuer);
  } catch (error) {
    console.error(
      `The OpenID provider ${issuer} is unusable, so nobody can sign in: ${reason(error)}. Check MCP_AUTH_ISSUER, and ` +
        `that ${issuer.replace(/\/$/, '')}/.well-known/openid-configuration answers.`,
    );
    throw new VerifierUnavailable('The OpenID provider is unavailable: try again later.');
  }
}

/** What is wrong with a token, without revealing its contents. Any other error is not the token's fault. */
const faults: readonly (readonly [fault: new (...args: never[]) => Error, words: string])[] = [
  [errors.JWTExpired, 'The token has expired'],
  [errors.JOSEAlgNotAllowed, 'The token is signed with an algorithm that is not accepted'],
  [errors.JWSSignatureVerificationFailed, 'The token has an invalid signature'],
  [errors.JWKSNoMatchingKey, 'The token is signed with a key that its issuer does not publish'],
  [errors.JWKSMultipleMatchingKeys, 'The token does not say which key signed it'],
  [errors.JWSInvalid, 'The token is not a signed JWT'],
  [errors.JWTInvalid, 'The token is not a signed JWT'],
  [errors.JOSENotSupported, 'The token uses a feature that is not supported'],
];

const claimFaults: Record<string, string> = {
  aud: 'The token was not issued for this server',
  iss: 'The token was issued by another provider',
  nbf: 'The token is not valid yet',
};

function refusal(error: unknown): Error {
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalid(claimFaults[error.claim] ?? 'The token lacks a required claim');
  const [, words] = faults.find(([fault]) => error instanceof fault) ?? [];
  if (words) return invalid(words);
  if (error instanceof VerifierUnavailable) return error;
  console.error(`The keys of the OpenID provider could not be fetched: ${reason(error)}`);
  return new VerifierUnavailable('The keys of the OpenID provider could not be fetched: try again later.');
}

function invalid(description: string): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidToken, description);
}

function scopesOf({ scope, scp }: Pick<Claims, 'scope' | 'scp'>): string[] {
  const given = scope ?? scp ?? [];
  return typeof given === 'string' ? given.split(' ') : given;
}

function clientOf({ client_id, azp, cid }: Claims): string | undefined {
  return client_id || azp || cid;
}

/**
 * Issuer and `sub` identify a person (OpenID Connect Core, section 2), or the claim that the operator chose in its place. An
 * issuer has no fragment, so `#` is unambiguous. Entra ID's `oid` is unique within its directory, `tid`.
 */
function callerOf(issuer: string, subjectClaim: string, claims: Claims): Caller {
  const values = (subjectClaim === 'oid' ? ['tid', 'oid'] : [subjectClaim]).map((name) => {
    const value = claims[name];
    if (typeof value === 'string' && value !== '') return value;
    throw invalid(`The token lacks the claim ${name}, which says whose it is`);
  });
  const subject =
    values.length === 1
      ? String(values[0])
      : values.map((value) => value.replaceAll(/[%/]/g, encodeURIComponent)).join('/');
  const { name, email, preferred_username } = claims;
  const known = [name, (email && shownText(email)) || preferred_username].filter(Boolean).join(', ');
  return {
    id: `${issuer}#${subject}`,
    user: known || shownText(subject),
    client: clientOf(claims),
  };
}
