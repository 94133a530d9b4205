/** Signing users in: what a server needs besides their tokens, whichever grant is used. */
import type { Caller, TokenSource } from './token-source.ts';

/** The field of a failed tool result that holds the address of a sign-in; the serving makes a question of it. */
export const signInField = 'sign_in_address';

/** Why a sign-in that came back from the browser did not succeed. */
export type SignInProblem =
  /** Its `state` is not one that is waited for: made up, expired, used already, or from another server. */
  | 'unknown'
  /** It began in another browser than it ended in: the link was passed on. */
  | 'elsewhere'
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

/** Tokens that belong to users. */
export type UserTokens = TokenSource & {
  /**
   * Ends a caller's sign-in: the tokens are revoked at APS, and forgotten here. `forgotten only` says that APS
   * could not be told: there they live on until they expire.
   */
  signOut(caller: Caller): Promise<'signed out' | 'forgotten only' | 'was not signed in'>;
};

/** Tokens of users, and the sign-ins in their browsers from which they come. */
export type UserSignIn = UserTokens & {
  /**
   * Finishes the sign-in that a browser brings back to the callback address.
   *
   * @param query - the query of that address
   * @param browsers - what tells this browser from others, where sign-ins are confirmed; it may be known by several ids
   * @returns whose account it was
   * @throws {SignInFailed}
   */
  finish(query: URLSearchParams, browsers?: readonly string[]): Promise<Account>;
  /**
   * Resolves when `caller` has signed in, at once if so already; rejects when `signal` aborts, and with
   * {@link SignInFailed} when they said no.
   */
  signedIn(caller: Caller, signal: AbortSignal): Promise<void>;
  /** For whom the sign-in with this `state` was made; undefined if none is waited for. */
  askerOf(state: string): Promise<Caller | undefined>;
  /**
   * Lets a sign-in go on that its person has confirmed; from now on it can end in this browser only.
   *
   * @param browser - what tells this browser from others
   * @returns the address at Autodesk to go on to; undefined if no such sign-in is waited for
   */
  confirm(state: string, browser: string): Promise<string | undefined>;
  /** Forgets everything that is only in memory, and lets the process end. */
  close(): void;
};
