// Sign-ins of users, from the authorization request to the refresh token.
import type { Application } from './applications.ts';
import { createExpiring, type Expiring } from './expiring.ts';

/** A valid authorization request that waits for a user's decision. */
export type PendingSignIn = {
  application: Application;
  redirectUri: string;
  scopes: readonly string[];
  state?: string;
  nonce?: string;
  codeChallenge?: string;
};

/** What a user allowed an application to do. Revoking it ends its codes and tokens. */
export type Consent = {
  readonly clientId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  revoked: boolean;
};

export type AuthorizationCode = {
  readonly consent: Consent;
  readonly redirectUri: string;
  readonly nonce?: string;
  readonly codeChallenge?: string;
  spent: boolean;
};

export type SignIns = {
  /** Keyed by the transaction id in the form. */
  pending: Expiring<PendingSignIn>;
  codes: Expiring<AuthorizationCode>;
  refreshTokens: Expiring<Consent>;
  /** Records that a user allowed the request, and returns the authorization code. */
  allow(request: PendingSignIn, userId: string): string;
  /** Revokes every consent of a user and returns how many there were. */
  withdraw(userId: string): number;
};

const minute = 60;
const day = 24 * 60 * minute;

/** Seconds. Published for codes and refresh tokens, but not for the page. */
export const lifetimes = { page: 10 * minute, code: 5 * minute, refreshToken: 15 * day } as const;

export function createSignIns(now: () => number): SignIns {
  const codes = createExpiring<AuthorizationCode>(now, lifetimes.code);
  let consents: Consent[] = [];

  return {
    pending: createExpiring(now, lifetimes.page),
    codes,
    refreshTokens: createExpiring(now, lifetimes.refreshToken),

    allow({ application: { clientId }, redirectUri, scopes, nonce, codeChallenge }, userId) {
      const consent: Consent = { clientId, userId, scopes, revoked: false };
      consents.push(consent);
      return codes.add({ consent, redirectUri, nonce, codeChallenge, spent: false });
    },

    withdraw(userId) {
      const theirs = consents.filter((consent) => consent.userId === userId && !consent.revoked);
      for (const consent of theirs) consent.revoked = true;
      consents = consents.filter(({ revoked }) => !revoked);
      return theirs.length;
    },
  };
}
