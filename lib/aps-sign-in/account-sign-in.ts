/** Sign-in of MCP users with their Autodesk accounts: whose account it is, and its APS tokens. */
import { ApsError } from '../aps/errors.ts';
import type { Caller } from '../caller.ts';
import type { Store } from '../store/store.ts';
import type { UserTokens } from '../token-source.ts';
import { type AuthorizationCodeFlow, authorizationCodeFlow } from './authorization-code-flow.ts';
import { type ApsApplication, apsOAuth } from './oauth.ts';
import type { TokenAnswer } from './token-requests.ts';
import { type UserTokenStore, userTokenStore } from './user-tokens.ts';

export type AutodeskAccount = {
  sub: string;
  name?: string;
  /** For display only: people can enter any. */
  email?: string;
  /** The same, if Autodesk has verified it. */
  verifiedEmail?: string;
};

export type AccountSignInOptions = ApsApplication & {
  clientSecret: string;
  /** What the tokens can be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** Where APS sends the browser back to, as registered with the application. */
  callbackUrl: string;
  /** Whether to use PKCE at APS. Default true; false only for an application for which APS refuses it. */
  pkce?: boolean;
  store: Store;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

export type AccountSignIn = UserTokens &
  Pick<UserTokenStore, 'signInIdOf' | 'discard'> &
  Pick<AuthorizationCodeFlow, 'authorizationUrl' | 'codeIn' | 'redeem'> & {
    /** Whose account tokens are for. @throws {ApsError} when APS does not say */
    accountOf(tokens: TokenAnswer): Promise<AutodeskAccount>;
    /** Keeps the tokens of a caller who has signed in, in place of earlier ones. */
    keep(caller: Caller, tokens: TokenAnswer): Promise<void>;
  };

/** Signs people in with their Autodesk accounts, and renews their tokens. */
export function accountSignIn(options: AccountSignInOptions): AccountSignIn {
  const { scopes, callbackUrl, pkce, store, now = Date.now } = options;
  const aps = apsOAuth(options);
  const flow = authorizationCodeFlow(aps, { scopes, callbackUrl: async () => callbackUrl, pkce });
  const tokens = userTokenStore({
    ...{ aps, store, now },
    notSignedIn: async () =>
      new ApsError('Your sign-in with your Autodesk account has ended', {
        advice: 'Sign in again: your MCP client asks you to when it next calls this server.',
      }),
  });

  return {
    ...flow,
    ...tokens,

    async accountOf({ access_token }) {
      const { sub, email_verified, ...profile } = (await flow.profileOf(access_token)) ?? {};
      if (sub) return { sub, ...profile, verifiedEmail: email_verified && profile.email };
      throw new ApsError('APS did not say whose account it is', { advice: 'Sign in again in a minute.' });
    },

    keep: (caller, answer) => tokens.keep(caller, answer, now()),
  };
}
