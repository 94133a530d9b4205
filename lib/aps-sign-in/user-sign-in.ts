/** Signing users in, in their browsers: what a server needs for that besides their tokens. */
import type { Caller } from '../caller.ts';
import type { UserTokens } from '../token-source.ts';
import type { UserTokenStore } from './user-tokens.ts';

/** Why a sign-in that came back from the browser did not succeed. */
export type SignInProblem =
  /** The link was not made by this server, has expired, or has been used. */
  | 'invalid-link'
  /** It ended in another browser than it started in: somebody passed the link on. */
  | 'other-browser'
  /** The person declined. */
  | 'denied'
  /** APS or the OpenID provider refused, for example because of the settings of the application there. */
  | 'refused'
  /** The address that the browser brought back has no usable code in it. */
  | 'incomplete'
  /** APS or the OpenID provider has an internal problem, or is unreachable. */
  | 'unavailable';

/** A sign-in that did not succeed. The message is for the person in the browser, and can quote others: escape it. */
export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
  readonly problem: SignInProblem;

  constructor(problem: SignInProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/** Whose Autodesk account it is, as far as APS says. */
export type Account = { name?: string; email?: string };

/** A sign-in that succeeded: whose account it is, and the caller who can use it from now on. */
export type SignedIn = { account: Account; caller: Caller };

/** Tokens of users, and the sign-ins in their browsers that those tokens come from. */
export type UserSignIn = UserTokens &
  Pick<UserTokenStore, 'signInIdOf'> & {
    /**
     * Finishes the sign-in that a browser brings back to the callback URL.
     *
     * @param query - the query of that URL
     * @param browserIds - what identifies this browser, where sign-ins are confirmed first; a browser can have several ids
     * @throws {SignInFailed}
     */
    finish(query: URLSearchParams, browserIds?: readonly string[]): Promise<SignedIn>;
    /**
     * Resolves when `caller` has signed in, at once if they already have. Rejects when `signal` aborts, and with
     * {@link SignInFailed} when they decline.
     */
    signedIn(caller: Caller, signal: AbortSignal): Promise<void>;
    /** The caller that a sign-in link was made for; undefined if the link is not valid, or has been used. */
    callerOf(state: string): Promise<Caller | undefined>;
    /**
     * Continues a sign-in that its person has confirmed. From now on only this browser can finish it.
     *
     * @param state - from the link
     * @param browserId - identifies this browser
     * @returns the address at Autodesk to go to; undefined if the link is not valid, or has been used
     */
    confirm(state: string, browserId: string): Promise<string | undefined>;
    /** Says that the person declined in their MCP client: no sign-in of theirs is under way. */
    declined(): void;
  };
