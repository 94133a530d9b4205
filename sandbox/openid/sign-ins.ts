// Sign-ins of employees, from the authorization request to the refresh token.
import { createExpiring, type Expiring } from '../expiring.ts';
import type { Client } from './clients.ts';
import type { Employee } from './employees.ts';

/** A valid authorization request that waits for an employee's decision. */
export type PendingSignIn = {
  readonly client: Client;
  readonly redirectUri: string;
  /** From the address at which the page was opened. Tokens issued later carry the same issuer. */
  readonly issuer: string;
  /** The resource indicator of the request. */
  readonly resource: string | undefined;
  /** What access tokens will be for. Undefined: for the provider itself. */
  readonly audience: string | readonly string[] | undefined;
  /** The same, for people. */
  readonly shown: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly codeChallenge: string;
};

/** What an employee allowed a client to do. Revoking it ends its refresh tokens. */
export type Consent = Pick<PendingSignIn, 'client' | 'issuer' | 'resource' | 'audience' | 'scopes'> & {
  readonly employee: Employee;
  /** When they signed in, in milliseconds since the epoch. */
  readonly signedInAt: number;
  revoked: boolean;
};

export type AuthorizationCode = Pick<PendingSignIn, 'redirectUri' | 'nonce' | 'codeChallenge'> & {
  readonly consent: Consent;
  spent: boolean;
};

/** Kept after use, to detect reuse. */
export type RefreshToken = { readonly consent: Consent; spent: boolean };

export type SignIns = {
  /** Keyed by the transaction id in the form. */
  pending: Expiring<PendingSignIn>;
  codes: Expiring<AuthorizationCode>;
  refreshTokens: Expiring<RefreshToken>;
  /** Records that an employee allowed the request, and returns the authorization code. */
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

    allow({ redirectUri, nonce, codeChallenge, ...request }, employee) {
      const { client, issuer, resource, audience, scopes } = request;
      const asked = { client, issuer, resource, audience, scopes };
      const consent = { ...asked, employee, signedInAt: now(), revoked: false };
      return codes.add({ consent, redirectUri, nonce, codeChallenge, spent: false });
    },
  };
}
