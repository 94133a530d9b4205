/**
 * What an MCP client receives after a person has signed in: short-lived access tokens for this server, and refresh tokens that work
 * once (OAuth 2.1, section 4.3.1).
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import type { AutodeskAccount } from '../../../aps-sign-in/account-sign-in.ts';
import { signInLifetime } from '../../../aps-sign-in/authorization-code-flow.ts';
import type { Caller } from '../../../caller.ts';
import type { Keys } from '../../../sealed.ts';
import type { Store } from '../../../store/store.ts';
import type { SignedInUser } from '../allowed-users.ts';
import type { VerifiedToken } from '../protected-resource.ts';
import { accessTokens } from './access-tokens.ts';
import type { McpClient } from './clients.ts';
import { type FirstUse, type Grant, grantRecords, refreshLifetime } from './grant-records.ts';

/** Of access tokens, in seconds: as long as those of APS. The grant behind each is looked up with every request anyway. */
const accessLifetime = 3600;

/**
 * How long a used refresh token is still answered after the next one was stored, in milliseconds: a client with several requests
 * under way can renew more than once, and one that lost the answer asks again. Each time it gets the same next refresh token.
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
   * @throws {OAuthError} `invalid_grant` if the person has signed out in the meantime, or the code came again
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
  /** Ends the grant for a code that came again, also if it is just being made, here or at another instance. */
  revokeReplayed(id: string): Promise<void>;
  /** Whether a code has come again while it was redeemed. */
  wasReplayed(id: string): Promise<boolean>;
  /** The caller that an account stands for. */
  callerOf(account: AutodeskAccount): Caller;
  /**
   * Renews a grant. If a refresh token comes again after the leeway, or after the one that it was exchanged for was used,
   * somebody else may have it: all tokens of the grant end (RFC 9700, section 4.14.2). The leeway begins when the next one is
   * stored. Until then, the client can ask again: an outage of the store signs nobody out.
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
  keys: Keys;
  issuer: string;
  /** The MCP server that tokens are issued for. */
  resource: string;
  scopes: readonly string[];
  /** The absolute lifetime of a grant, in seconds. */
  grantLifetime: number;
  store: Store;
  /** Identifies a caller's sign-in to Autodesk; undefined if they are not signed in. */
  signInIdOf: (caller: Caller) => Promise<string | undefined>;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

export function createGrants(options: GrantsOptions): Grants {
  const { keys, issuer, resource, scopes, grantLifetime, store, signInIdOf, now = Date.now } = options;
  const scope = scopes.join(' ');
  const records = grantRecords(store, grantLifetime);
  const access = accessTokens({ keys, issuer, resource, now });
  const successors = keys.all('refresh tokens');

  const callerOf = ({ sub, name, email }: AutodeskAccount): Caller => {
    const known = [name, email].filter(Boolean).join(', ');
    return { id: `${issuer}#${sub}`, user: known || sub };
  };

  /** A grant that has not ended, neither by itself nor with the sign-in behind it. */
  async function load(id: string): Promise<Grant | undefined> {
    const grant = await records.find(id);
    if (!grant || now() >= grant.endsAt) return undefined;
    return (await signInIdOf(grant.caller)) === grant.signInId ? grant : undefined;
  }

  /**
   * The refresh token that follows a used one. It is derived, so that each instance answers a repeated request with the same
   * one, and nothing that can be used is stored. The first use decides with which key, so that a secret can be replaced.
   *
   * @returns undefined if the secret behind that key is no longer accepted
   */
  function successorOf(refreshToken: string, { successorKey }: FirstUse): string | undefined {
    const key = successors.find((each) => nameOf(each) === successorKey);
    return key && createHmac('sha256', key).update(refreshToken).digest('base64url');
  }

  /** Whether a used refresh token can be answered with the next one, as far as `leeway` goes. */
  async function canComeAgain(refreshToken: string, firstUse: FirstUse): Promise<boolean> {
    const next = successorOf(refreshToken, firstUse);
    if (next === undefined) return false;
    const successor = await records.findRefresh(next);
    // It is stored before it is given out, so nobody has it yet.
    if (!successor) return true;
    return now() - successor.at <= leeway && !(await records.firstUseOf(next));
  }

  /** New tokens for a grant. */
  async function issue(id: string, grant: Grant, refreshToken: string): Promise<TokenAnswer> {
    const left = Math.ceil((grant.endsAt - now()) / 1000);
    await records.keep(id, grant, { refreshToken, at: now() }, Math.min(refreshLifetime, left));
    const expiresIn = Math.min(accessLifetime, left);
    return {
      access_token: await access.issue(
        { grant: id, client_id: grant.clientId, scope, sub: grant.sub },
        expiresIn,
      ),
      token_type: 'Bearer',
      expires_in: expiresIn,
      refresh_token: refreshToken,
      scope,
    };
  }

  /** The grant that a refresh token is for. Ends it if the refresh token must not come again. */
  async function grantOf(refreshToken: string, clientId: string): Promise<string> {
    const refresh = await records.findRefresh(refreshToken);
    if (refresh?.clientId !== clientId) throw invalidGrant();
    const firstUse = await records.firstUseOf(refreshToken);
    if (!firstUse || (await canComeAgain(refreshToken, firstUse))) return refresh.grant;
    await records.end(refresh.grant);
    throw invalidGrant();
  }

  return {
    callerOf,

    async create(id, signIn, account, client) {
      const caller = { ...callerOf(account), client: client.name };
      const signInId = await signInIdOf(caller);
      if (signInId === undefined) throw invalidGrant();
      await store.set(signInKey(signIn), true, signInLifetime);
      const endsAt = now() + grantLifetime * 1000;
      const { sub, verifiedEmail } = account;
      const grant = { caller, sub, verifiedEmail, signInId, clientId: client.id, endsAt };
      const answer = await issue(id, grant, randomBytes(32).toString('base64url'));
      // Last, when the grant can be found: see `endReplayed`.
      if (!(await records.wasReplayed(id))) return answer;
      await records.end(id);
      throw invalidGrant();
    },

    isOver: async (signIn) => Boolean(await store.get(signInKey(signIn))),

    async revokeIfExists(id) {
      if (!(await records.exists(id))) return false;
      await records.end(id);
      return true;
    },

    revokeReplayed: records.endReplayed,
    wasReplayed: records.wasReplayed,

    async refresh(refreshToken, clientId, stillSignedIn) {
      const id = await grantOf(refreshToken, clientId);
      const grant = await load(id);
      if (!grant || !(await stillSignedIn(grant.caller, userOf(grant)))) throw invalidGrant();
      // Not before: a request that failed for a transient reason can be repeated.
      const ownUse = { successorKey: nameOf(keys('refresh tokens')) };
      const next = successorOf(refreshToken, await records.markUsed(refreshToken, ownUse));
      // Asking Autodesk can have taken a while.
      if (next === undefined || !(await load(id))) throw invalidGrant();
      return issue(id, grant, next);
    },

    async revoke(token, clientId) {
      const refresh = await records.findRefresh(token);
      const claims = refresh ? undefined : await access.claimsOf(token).catch(() => undefined);
      const id = refresh?.grant ?? claims?.grant;
      if (id && (refresh?.clientId ?? claims?.client_id) === clientId) await records.end(id);
    },

    async verify(accessToken) {
      const claims = await access.claimsOf(accessToken);
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

/** Names a key without revealing it. */
function nameOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('base64url');
}

/** Until the sign-in would expire by itself. */
function signInKey(id: string): string {
  return `signed-in:${id}`;
}
