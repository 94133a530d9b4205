// The sign-ins of users: from the request that shows a page to what the user allowed there.
import type { Application } from './applications.ts';
import { createExpiring, type Expiring } from './expiring.ts';

/** A valid authorization request, whose page waits for the user. */
export type PendingSignIn = {
  application: Application;
  redirectUri: string;
  scopes: readonly string[];
  state?: string;
  nonce?: string;
  codeChallenge?: string;
};

/** What a user allowed an application to do. No token outlives the consent that it comes from. */
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
  /** By the transaction id in the page's form. */
  pending: Expiring<PendingSignIn>;
  codes: Expiring<AuthorizationCode>;
  refreshTokens: Expiring<Consent>;
  /** Notes that a user allowed what was asked for, and returns the authorization code. */
  allow(request: PendingSignIn, userId: string): string;
  /** Withdraws what a user allowed, for every application, and says how many times they had allowed something. */
  withdraw(userId: string): number;
};

const minute = 60;
const day = 24 * 60 * minute;

/** Seconds. Codes and refresh tokens as the APS documents state them; how long a page waits is not published. */
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
