/**
 * The exchange of an authorization code for tokens (RFC 6749, section 4.1.3): one request redeems it at a time, and if it comes
 * again, the grant ends.
 */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import * as oauth from 'oauth4webapi';
import { ApsError } from '../../../aps/errors.ts';
import type { AccountSignIn } from '../../../aps-sign-in/account-sign-in.ts';
import { codeLifetime } from '../../../aps-sign-in/authorization-code-flow.ts';
import { digest } from '../../../digest.ts';
import { nowOrLater } from '../../../store/later.ts';
import { giveBack } from '../../../store/lease.ts';
import { type Store, StoreUnavailable } from '../../../store/store.ts';
import type { SignedInUser } from '../allowed-users.ts';
import type { McpClient } from './clients.ts';
import type { Code, Codes } from './codes.ts';
import type { Grants, TokenAnswer } from './grants.ts';

/** The value of a parameter that must be given, once. @throws {OAuthError} `invalid_request` */
export type GetParameter = (name: string) => string;

export type CodeExchangeOptions = {
  codes: Codes;
  grants: Grants;
  accounts: AccountSignIn;
  /** Where marks of codes are kept: the same for every instance. */
  store: Store;
  /** The error for a person who cannot use the server. */
  denialOf(user: SignedInUser): OAuthError | undefined;
};

/** @returns what exchanges the code in a request of an authenticated client */
export function codeExchange({
  codes,
  grants,
  accounts,
  store,
  denialOf,
}: CodeExchangeOptions): (client: Pick<McpClient, 'id'>, get: GetParameter) => Promise<TokenAnswer> {
  return async ({ id: clientId }, get) => {
    const code = await codes.open(get('code'));
    if (!code || code.client !== digest(clientId) || code.redirectUri !== digest(get('redirect_uri')))
      throw new OAuthError(OAuthErrorCode.InvalidGrant, 'The code is not valid, or not for this client');
    const id = codes.idOf(code);
    const holder = crypto.randomUUID();
    try {
      // A code that comes a second time has been seen by somebody else: the grant ends (RFC 6749, section 4.1.2). The first
      // request can still be under way, here or at another instance.
      if (!(await store.add(redeemingKey(id), holder, codeLifetime))) {
        await grants.revokeReplayed(id);
        throw usedCode();
      }
      if ((await store.get(spentKey(id))) || (await grants.revokeIfExists(id))) throw usedCode();
      if (code.codeChallenge !== (await oauth.calculatePKCECodeChallenge(get('code_verifier')))) {
        // Somebody who has the code without the verifier has stolen it.
        await nowOrLater(() => store.set(spentKey(id), true, codeLifetime), codeLifetime * 1000);
        throw new OAuthError(OAuthErrorCode.InvalidGrant, 'The verifier does not belong to the code');
      }
      return await redeem(id, code, clientId);
    } finally {
      // Also if the store did not answer: it may have the mark, and a client that tries again would be taken for another.
      await nowOrLater(() => giveBack(store, redeemingKey(id), holder), codeLifetime * 1000);
    }
  };

  /**
   * Redeems the code at APS, and makes the grant. A transient failure of APS leaves the code as it was. Once APS has taken the
   * code, the client has nothing to retry with: any failure sends the person to sign in.
   */
  async function redeem(id: string, code: Code, clientId: string): Promise<TokenAnswer> {
    const tokens = await accounts.redeem(code.code, code.verifier).catch(async (error: unknown) => {
      if (!(error instanceof ApsError && error.code === 'invalid_grant')) throw error;
      // APS takes a code once: another instance may have redeemed it, and be about to make the grant.
      await grants.revokeReplayed(id);
      throw usedCode();
    });
    try {
      const account = await accounts.accountOf(tokens);
      if (await grants.wasReplayed(id)) throw usedCode();
      const denial = denialOf({ subject: account.sub, verifiedEmail: account.verifiedEmail });
      if (denial) {
        await accounts.discard(tokens);
        throw denial;
      }
      await accounts.keep(grants.callerOf(account), tokens);
      return await grants.create(id, codes.signInOf(code), account, { id: clientId, name: code.clientName });
    } catch (error) {
      if (error instanceof ApsError) throw new OAuthError(OAuthErrorCode.InvalidGrant, error.message);
      if (error instanceof StoreUnavailable)
        throw new OAuthError(OAuthErrorCode.InvalidGrant, 'The sign-in could not be stored: sign in again');
      throw error;
    }
  }
}

function usedCode(): OAuthError {
  return new OAuthError(
    OAuthErrorCode.InvalidGrant,
    'The code has already been used, or Autodesk does not accept it',
  );
}

/** Of a code that is being redeemed. */
function redeemingKey(id: string): string {
  return `code-redeeming:${id}`;
}

/** Of a code that came with a wrong verifier. */
function spentKey(id: string): string {
  return `code-spent:${id}`;
}
