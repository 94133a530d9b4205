/** Signing users in: what a server needs besides their tokens, whichever grant is used. */
import type { Caller, TokenSource } from './token-source.ts';

/** The field of a failed tool result that holds the address of a sign-in; the serving makes a question of it. */
export const signInField = 'sign_in_address';

/** Why a sign-in that came back from the browser did not succeed. */
export type SignInProblem =
  /** Its `state` is not one that is waited for: made up, expired, used already, or from another server. */
  | 'unknown'
  /** The person said no. */
  | 'denied'
  /** APS refused the request, e.g. because of the application's settings. */
  | 'refused'
  /** The address that the browser brought has no code in it. */
  | 'incomplete'
  /** APS has trouble, or cannot be reached. */
  | 'trouble';

/** A sign-in that did not succeed. The message is for the person in the browser, and may quote APS: escape it. */
export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
  readonly problem: SignInProblem;

  constructor(problem: SignInProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/** Who signed in, as far as APS tells. */
export type Account = { name?: string; email?: string };

/** Tokens of users, and their sign-ins. */
export type UserSignIn = TokenSource & {
  /**
   * Finishes the sign-in that a browser brings back to the callback address.
   *
   * @param query - the query of that address
   * @returns whose account it was
   * @throws {SignInFailed}
   */
  finish(query: URLSearchParams): Promise<Account>;
  /** Resolves when `caller` has signed in, at once if so already; rejects when `signal` aborts. */
  signedIn(caller: Caller, signal: AbortSignal): Promise<void>;
  /**
   * Ends a caller's sign-in: the tokens are revoked at APS, and forgotten here. `forgotten only` says that APS
   * could not be told: there they live on until they expire.
   */
  signOut(caller: Caller): Promise<'signed out' | 'forgotten only' | 'was not signed in'>;
  /** Forgets everything that is only in memory, and lets the process end. */
  close(): void;
};
