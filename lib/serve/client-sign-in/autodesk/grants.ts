/**
 * What an MCP client is granted when a person has signed in: access tokens (RFC 9068) that are good here for a short time,
 * and refresh tokens that are good once (OAuth 2.1, section 4.3.1).
 */
import { randomBytes } from 'node:crypto';
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import type { TokenStorage } from 'fastmcp/auth';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { AutodeskAccount } from '../../../auth/account-tokens.ts';
import { type Caller, callerSchema } from '../../../auth/token-source.ts';
import { digest } from '../../../digest.ts';
import type { Admission } from '../client-sign-in.ts';
import type { McpClient } from './clients.ts';

const grantSchema = z.object({
  caller: callerSchema,
  /** The Autodesk account. */
  sub: z.string(),
  /** What tells the sign-in to Autodesk that it came from from others of the same person. */
  signIn: z.string(),
  clientId: z.string(),
});
type Grant = z.infer<typeof grantSchema>;

const refreshSchema = z.object({
  grant: z.string(),
  clientId: z.string(),
  /** When it was used, in milliseconds since 1970. */
  usedAt: z.number().optional(),
});
type Refresh = z.infer<typeof refreshSchema>;

const claimsSchema = z.object({ grant: z.string(), scope: z.string(), exp: z.number() });

/** Of access tokens, in seconds. */
const accessLifetime = 900;

/** Of refresh tokens, in seconds: as long as those of APS. Each renewal begins it anew. */
const refreshLifetime = 15 * 24 * 3600;

/**
 * How long a refresh token that was used still works, in milliseconds: a client whose requests met an expired token at the
 * same time renews more than once, and one that lost the answer asks again.
 */
const leeway = 30_000;

/** The answer of a token endpoint: RFC 6749, section 5.1. */
export type TokenAnswer = {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  refresh_token: string;
  scope: string;
};

export type Grants = {
  /**
   * Makes the grant that a code stands for.
   *
   * @param code - the authorization code: should it come again, the grant is found by it
   * @throws {OAuthError} `invalid_grant`, if it has come again already
   */
  create(
    code: string,
    account: AutodeskAccount,
    client: Pick<McpClient, 'id' | 'name'>,
  ): Promise<TokenAnswer>;
  /** Ends the grant that was made for a code, or is being made. */
  revokeFor(code: string): Promise<void>;
  /** Who will be calling with the tokens of an account. */
  callerOf(account: AutodeskAccount): Caller;
  /**
   * Renews a grant.
   *
   * @param stillSignedIn - finds out from Autodesk whether the person behind it is still signed in
   * @throws {OAuthError} `invalid_grant`
   */
  refresh(
    refreshToken: string,
    clientId: string,
    stillSignedIn: (caller: Caller) => Promise<boolean>,
  ): Promise<TokenAnswer>;
  /** Checks an access token. @throws {OAuthError} `invalid_token` */
  verify(accessToken: string): Promise<Admission>;
};

export type GrantsOptions = {
  /** Signs access tokens (HS256): nobody but this server reads them. */
  key: Uint8Array;
  issuer: string;
  /** The MCP server that tokens are made for. */
  resource: string;
  scopes: readonly string[];
  storage: Required<TokenStorage>;
  /** What tells a caller's sign-in to Autodesk from others; undefined if they are not signed in. */
  signInOf: (caller: Caller) => Promise<string | undefined>;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

export function createGrants(options: GrantsOptions): Grants {
  const { key, issuer, resource, scopes, storage, signInOf, now = Date.now } = options;
  const scope = scopes.join(' ');

  const callerOf = ({ sub, name, email }: AutodeskAccount): Caller => {
    const known = [name, email].filter(Boolean).join(', ');
    return { id: `${issuer}#${sub}`, user: known || sub };
  };

  /** A grant that has not ended, neither by itself nor with the sign-in that it came from. */
  async function load(id: string): Promise<Grant | undefined> {
    const grant = grantSchema.safeParse(await storage.get(grantKey(id))).data;
    return grant && (await signInOf(grant.caller)) === grant.signIn ? grant : undefined;
  }

  /** New tokens for a grant. */
  async function issue(id: string, grant: Grant): Promise<TokenAnswer> {
    const refreshToken = randomBytes(32).toString('base64url');
    const refresh: Refresh = { grant: id, clientId: grant.clientId };
    await storage.save(grantKey(id), grant, refreshLifetime);
    await storage.save(refreshKey(refreshToken), refresh, refreshLifetime);
    const issuedAt = Math.floor(now() / 1000);
    const accessToken = await new SignJWT({ grant: id, client_id: grant.clientId, scope })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(resource)
      .setSubject(grant.sub)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + accessLifetime)
      .setJti(crypto.randomUUID())
      .sign(key);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessLifetime,
      refresh_token: refreshToken,
      scope,
    };
  }

  /**
   * What a refresh token of a client stands for. One that was used before is a sign that somebody else has it: then all
   * tokens of the grant end (RFC 9700, section 4.14.2).
   */
  async function refreshOf(refreshToken: string, clientId: string): Promise<Refresh> {
    const refresh = refreshSchema.safeParse(await storage.get(refreshKey(refreshToken))).data;
    if (refresh?.clientId !== clientId) throw invalidGrant();
    if (refresh.usedAt === undefined || now() - refresh.usedAt <= leeway) return refresh;
    await storage.delete(grantKey(refresh.grant));
    throw invalidGrant();
  }

  /** Read and written, not taken: clients that come at the same moment may all have it. */
  async function markUsed(refreshToken: string, refresh: Refresh): Promise<void> {
    if (refresh.usedAt !== undefined) return;
    await storage.save(refreshKey(refreshToken), { ...refresh, usedAt: now() }, refreshLifetime);
  }

  return {
    callerOf,

    async create(code, account, client) {
      const id = digest(code);
      const caller = { ...callerOf(account), client: client.name };
      const signIn = await signInOf(caller);
      // What is there already says that the code has come a second time.
      if (signIn === undefined || (await storage.get(grantKey(id)))) throw invalidGrant();
      return issue(id, { caller, sub: account.sub, signIn, clientId: client.id });
    },

    revokeFor: (code) => storage.save(grantKey(digest(code)), { revoked: true }, accessLifetime),

    async refresh(refreshToken, clientId, stillSignedIn) {
      const refresh = await refreshOf(refreshToken, clientId);
      const grant = await load(refresh.grant);
      if (!grant || !(await stillSignedIn(grant.caller))) throw invalidGrant();
      // Not before: an attempt that failed for trouble can be made again.
      await markUsed(refreshToken, refresh);
      if (!(await load(refresh.grant))) throw invalidGrant();
      return issue(refresh.grant, grant);
    },

    async verify(accessToken) {
      const claims = await claimsOf(accessToken);
      const grant = await load(claims.grant);
      if (!grant)
        throw new OAuthError(OAuthErrorCode.InvalidToken, 'The sign-in that the token is from has ended');
      return {
        token: accessToken,
        clientId: grant.clientId,
        scopes: claims.scope.split(' '),
        expiresAt: claims.exp,
        resource: new URL(resource),
        extra: { caller: grant.caller },
      };
    },
  };

  async function claimsOf(accessToken: string) {
    try {
      const { payload } = await jwtVerify(accessToken, key, {
        algorithms: ['HS256'],
        typ: 'at+jwt',
        issuer,
        audience: resource,
        requiredClaims: ['exp'],
        currentDate: new Date(now()),
      });
      return claimsSchema.parse(payload);
    } catch {
      throw new OAuthError(
        OAuthErrorCode.InvalidToken,
        'The token has expired, or was not made by this server',
      );
    }
  }
}

function invalidGrant(): OAuthError {
  return new OAuthError(
    OAuthErrorCode.InvalidGrant,
    'The refresh token is not good, or no longer: sign in again',
  );
}

function grantKey(id: string): string {
  return `grant:${id}`;
}

/** Nothing in the storage can be used as a token by whoever reads it. */
function refreshKey(refreshToken: string): string {
  return `refresh:${digest(refreshToken)}`;
}
