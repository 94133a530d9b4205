/** Signing a person in at Autodesk to learn which caller they are, for the page of this server. It leaves no access behind. */
import { ApsError } from '../../../aps/errors.ts';
import type { AccountSignIn } from '../../../aps-sign-in/account-sign-in.ts';
import { SignInFailed } from '../../../aps-sign-in/user-sign-in.ts';
import type { IdentityProvider } from '../../pages/identity-check.ts';
import type { AllowedUsers } from '../allowed-users.ts';
import type { Grants } from './grants.ts';

export type AccountProviderOptions = {
  accounts: AccountSignIn;
  grants: Pick<Grants, 'callerOf'>;
  allowedUsers: AllowedUsers;
};

export function accountProvider({
  accounts,
  grants,
  allowedUsers,
}: AccountProviderOptions): IdentityProvider {
  /** Whose account it is. The tokens that say so have served their purpose. */
  async function accountFor(code: string, verifier: string) {
    const tokens = await accounts.redeem(code, verifier);
    try {
      return await accounts.accountOf(tokens);
    } finally {
      await accounts.discard(tokens);
    }
  }

  return {
    issuer: 'Autodesk',
    authorizationUrl: accounts.authorizationUrl,

    async callerIn(query, state, verifier) {
      const account = await accountFor(accounts.codeIn(query, state), verifier).catch((error: unknown) => {
        throw error instanceof ApsError ? failureOf(error) : error;
      });
      const reason = allowedUsers.refusalOf({ subject: account.sub, verifiedEmail: account.verifiedEmail });
      if (reason) throw new SignInFailed('denied', `${reason} Nothing was changed.`);
      return grants.callerOf(account);
    },
  };
}

function failureOf(error: ApsError): SignInFailed {
  const { message, status = 503 } = error;
  const problem = status >= 500 || status === 429 ? 'unavailable' : 'refused';
  return new SignInFailed(problem, message, { cause: error });
}
