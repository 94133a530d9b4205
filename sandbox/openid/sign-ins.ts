// The sign-ins of employees: from the request that shows a page to what they allowed there.
import { createExpiring, type Expiring } from '../expiring.ts';
import type { Client } from './clients.ts';
import type { Employee } from './employees.ts';

/** A valid authorization request, whose page waits for an employee. */
export type PendingSignIn = {
  readonly client: Client;
  readonly redirectUri: string;
  /** By the address that the page was opened at; what is issued later names the same one. */
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly codeChallenge: string;
};

/** What an employee allowed a client to do. No refresh token outlives the consent that it comes from. */
export type Consent = Pick<PendingSignIn, 'client' | 'issuer' | 'audience' | 'scopes'> & {
  readonly employee: Employee;
  /** When they signed in, in milliseconds since the epoch. */
  readonly signedInAt: number;
  revoked: boolean;
};

export type AuthorizationCode = Pick<PendingSignIn, 'redirectUri' | 'nonce' | 'codeChallenge'> & {
  readonly consent: Consent;
  spent: boolean;
};

/** A spent one is kept, so that its being used again is noticed. */
export type RefreshToken = { readonly consent: Consent; spent: boolean };

export type SignIns = {
  /** By the transaction id in the page's form. */
  pending: Expiring<PendingSignIn>;
  codes: Expiring<AuthorizationCode>;
  refreshTokens: Expiring<RefreshToken>;
  /** Notes that an employee allowed what was asked for, and returns the authorization code. */
  allow(request: PendingSignIn, employee: Employee): string;
};

const minute = 60;

/** Seconds. */
const lifetimes = { page: 10 * minute, code: 5 * minute, refreshToken: 15 * 24 * 60 * minute } as const;

export function createSignIns(now: () => number): SignIns {
  const codes = createExpiring<AuthorizationCode>(now, lifetimes.code);
  return {
    pending: createExpiring(now, lifetimes.page),
    codes,
    refreshTokens: createExpiring(now, lifetimes.refreshToken),

    allow({ client, issuer, audience, scopes, redirectUri, nonce, codeChallenge }, employee) {
      const consent = { client, issuer, audience, scopes, employee, signedInAt: now(), revoked: false };
      return codes.add({ consent, redirectUri, nonce, codeChallenge, spent: false });
    },
  };
}
