/**
 * What an MCP client receives after a person has signed in: short-lived access tokens (RFC 9068) for this server, and refresh
 * tokens that work once (OAuth 2.1, section 4.3.1).
 */
import { randomBytes } from 'node:crypto';
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import type { TokenStorage } from 'fastmcp/auth';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { AutodeskAccount } from '../../../aps-sign-in/account-sign-in.ts';
import { signInLifetime } from '../../../aps-sign-in/authorization-code-flow.ts';
import { type Caller, callerSchema } from '../../../caller.ts';
import { digest } from '../../../digest.ts';
import type { SignedInUser } from '../allowed-users.ts';
import type { VerifiedToken } from '../protected-resource.ts';
import type { McpClient } from './clients.ts';

const grantSchema = z.object({
  caller: callerSchema,
  /** The Autodesk account. */
  sub: z.string(),
  /** Its address, if Autodesk had verified it at the sign-in. */
  verifiedEmail: z.string().optional(),
  /** Identifies the sign-in to Autodesk that it came from among others of the same person. */
  signInId: z.string(),
  clientId: z.string(),
  /** When it ends whatever is renewed, in milliseconds since 1970. */
  endsAt: z.number(),
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

/** Of access tokens, in seconds: as long as those of APS. The grant behind each is looked up with every request anyway. */
const accessLifetime = 3600;

/** Of refresh tokens, in seconds: as long as those of APS. Each renewal starts it again. */
const refreshLifetime = 15 * 24 * 3600;

/**
 * How long a used refresh token still works, in milliseconds: a client with several requests under way can renew more than
 * once, and one that lost the answer asks again.
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
   * Makes the grant for a code.
   *
   * @param id - identifies the code: if it comes again, the grant is found by it
   * @param signIn - identifies the sign-in that the code is from, which is over now
   * @throws {OAuthError} `invalid_grant` if the person has signed out meanwhile
   */
  create(
    id: string,
    signIn: string,
    account: AutodeskAccount,
    client: Pick<McpClient, 'id' | 'name'>,
  ): Promise<TokenAnswer>;
  /** Whether a sign-in has led to a grant. */
  isOver(signIn: string): Promise<boolean>;
  /** Ends the grant that was made for a code. Says whether there was one, ended or not. */
  revokeIfExists(id: string): Promise<boolean>;
  /** The caller that an account stands for. */
  callerOf(account: AutodeskAccount): Caller;
  /**
   * Renews a grant.
   *
   * @param stillSignedIn - whether its person is still signed in at Autodesk; throws if they cannot use the server
   * @throws {OAuthError} `invalid_grant`
   */
  refresh(
    refreshToken: string,
    clientId: string,
    stillSignedIn: (caller: Caller, user: SignedInUser) => Promise<boolean>,
  ): Promise<TokenAnswer>;
  /**
   * Ends the grant behind a token, access or refresh token, if it is one of this client (RFC 7009). Does nothing for any
   * other text.
   */
  revoke(token: string, clientId: string): Promise<void>;
  /** Verifies an access token. @throws {OAuthError} `invalid_token` */
  verify(accessToken: string): Promise<VerifiedToken>;
};

export type GrantsOptions = {
  /** Signs access tokens (HS256): only this server reads them. */
  key: Uint8Array;
  issuer: string;
  /** The MCP server that tokens are issued for. */
  resource: string;
  scopes: readonly string[];
  /** The absolute lifetime of a grant, in seconds. */
  grantLifetime: number;
  storage: Required<TokenStorage>;
  /** Identifies a caller's sign-in to Autodesk; undefined if they are not signed in. */
  signInIdOf: (caller: Caller) => Promise<string | undefined>;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

export function createGrants(options: GrantsOptions): Grants {
  const { key, issuer, resource, scopes, grantLifetime, storage, signInIdOf, now = Date.now } = options;
  const scope = scopes.join(' ');

  const callerOf = ({ sub, name, email }: AutodeskAccount): Caller => {
    const known = [name, email].filter(Boolean).join(', ');
    return { id: `${issuer}#${sub}`, user: known || sub };
  };

  async function exists(id: string): Promise<boolean> {
    return Boolean(await storage.get(grantKey(id)));
  }

  async function revokeIfExists(id: string): Promise<boolean> {
    if (!(await exists(id))) return false;
    // Not deleted: the record also says that the code was used, until no code is that old.
    await storage.save(grantKey(id), { revoked: true }, accessLifetime);
    return true;
  }

  /** A grant that has not ended, neither by itself nor with the sign-in behind it. */
  async function load(id: string): Promise<Grant | undefined> {
    const grant = grantSchema.safeParse(await storage.get(grantKey(id))).data;
    if (!grant || now() >= grant.endsAt) return undefined;
    return (await signInIdOf(grant.caller)) === grant.signInId ? grant : undefined;
  }

  /** New tokens for a grant. */
  async function issue(id: string, grant: Grant): Promise<TokenAnswer> {
    const refreshToken = randomBytes(32).toString('base64url');
    const refresh: Refresh = { grant: id, clientId: grant.clientId };
    const left = Math.ceil((grant.endsAt - now()) / 1000);
    const lifetime = Math.min(refreshLifetime, left);
    await storage.save(grantKey(id), grant, lifetime);
    await storage.save(refreshKey(refreshToken), refresh, lifetime);
    const issuedAt = Math.floor(now() / 1000);
    const expiresIn = Math.min(accessLifetime, left);
    const accessToken = await new SignJWT({ grant: id, client_id: grant.clientId, scope })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(resource)
      .setSubject(grant.sub)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + expiresIn)
      .setJti(crypto.randomUUID())
      .sign(key);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      refresh_token: refreshToken,
      scope,
    };
  }

  /**
   * The record of a client's refresh token. If it was used before, somebody else may have it: all tokens of the grant end
   * (RFC 9700, section 4.14.2).
   */
  async function refreshOf(refreshToken: string, clientId: string): Promise<Refresh> {
    const refresh = refreshSchema.safeParse(await storage.get(refreshKey(refreshToken))).data;
    if (refresh?.clientId !== clientId) throw invalidGrant();
    if (refresh.usedAt === undefined || now() - refresh.usedAt <= leeway) return refresh;
    await storage.delete(grantKey(refresh.grant));
    throw invalidGrant();
  }

  /** Reads and writes, and does not take: requests at the same moment can all use it. */
  async function markUsed(refreshToken: string, refresh: Refresh): Promise<void> {
    if (refresh.usedAt !== undefined) return;
    await storage.save(refreshKey(refreshToken), { ...refresh, usedAt: now() }, refreshLifetime);
  }

  return {
    callerOf,

    async create(id, signIn, account, client) {
      const caller = { ...callerOf(account), client: client.name };
      const signInId = await signInIdOf(caller);
      if (signInId === undefined) throw invalidGrant();
      await storage.save(signInKey(signIn), true, signInLifetime);
      const endsAt = now() + grantLifetime * 1000;
      const { sub, verifiedEmail } = account;
      return issue(id, { caller, sub, verifiedEmail, signInId, clientId: client.id, endsAt });
    },

    isOver: async (signIn) => Boolean(await storage.get(signInKey(signIn))),

    revokeIfExists,

    async refresh(refreshToken, clientId, stillSignedIn) {
      const refresh = await refreshOf(refreshToken, clientId);
      const grant = await load(refresh.grant);
      if (!grant || !(await stillSignedIn(grant.caller, userOf(grant)))) throw invalidGrant();
      // Not before: a request that failed for a transient reason can be repeated.
      await markUsed(refreshToken, refresh);
      if (!(await load(refresh.grant))) throw invalidGrant();
      return issue(refresh.grant, grant);
    },

    async revoke(token, clientId) {
      const refresh = refreshSchema.safeParse(await storage.get(refreshKey(token))).data;
      const id = refresh?.grant ?? (await claimsOf(token).catch(() => undefined))?.grant;
      const grant = id && (await load(id));
      if (id && grant && grant.clientId === clientId) await revokeIfExists(id);
    },

    async verify(accessToken) {
      const claims = await claimsOf(accessToken);
      const grant = await load(claims.grant);
      if (!grant) throw new OAuthError(OAuthErrorCode.InvalidToken, 'The sign-in behind the token has ended');
      return {
        caller: grant.caller,
        ...userOf(grant),
        clientId: grant.clientId,
        scopes: claims.scope.split(' '),
        expiresAt: claims.exp,
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
        'The token has expired, or was not issued by this server',
      );
    }
  }
}

function userOf({ sub, verifiedEmail }: Grant): SignedInUser {
  return { subject: sub, verifiedEmail };
}

function invalidGrant(): OAuthError {
  return new OAuthError(
    OAuthErrorCode.InvalidGrant,
    'The refresh token is not valid or has expired: sign in again',
  );
}

/** Until the sign-in would expire by itself. */
function signInKey(id: string): string {
  return `signed-in:${id}`;
}

function grantKey(id: string): string {
  return `grant:${id}`;
}

/** A digest, so that nobody who reads the storage finds a usable token in it. */
function refreshKey(refreshToken: string): string {
  return `refresh:${digest(refreshToken)}`;
}
