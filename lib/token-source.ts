/** Token sources: they give tools APS access tokens, and hide which grant those come from. */
import type { Caller } from './caller.ts';

/**
 * Where the APS client gets access tokens. Three rules hold for every source: concurrent calls share one request (single
 * flight), tokens are renewed before they expire, and no token, secret or assertion ever appears in a log or an error.
 *
 * @example
 * import type { TokenSource } from 'aps-mcp';
 *
 * // For a test: always the same token.
 * export const tokens: TokenSource = { get: async () => 'a-token', drop: () => {} };
 */
export type TokenSource = {
  /**
   * Whether callers may have to sign in first. If so, `get` can throw `SignInRequired`, and tools declare that in their
   * output schemas. Default false.
   */
  readonly requiresSignIn?: boolean;
  /** The scopes of its tokens, e.g. `data:read`, if it names them. */
  readonly scopes?: readonly string[];
  /**
   * An access token that acts for `caller`, cached or new.
   *
   * @throws {SignInRequired} when only the caller can grant it
   * @throws {ApsError} when APS refuses, or cannot be reached
   */
  get(caller: Caller): Promise<string>;
  /** Reports that an API answered 401 to `token`: it is not handed out again. */
  drop(caller: Caller, token: string): void;
};

/**
 * Tokens that belong to users.
 *
 * @example
 * import type { Caller, UserTokens } from 'aps-mcp';
 *
 * export async function forget(users: UserTokens, caller: Caller): Promise<boolean> {
 *   return (await users.signOut(caller)) !== 'was not signed in';
 * }
 */
export type UserTokens = TokenSource & {
  /**
   * Ends a caller's sign-in: revokes their tokens at APS, and deletes them here. `deleted only` means that APS could
   * not be reached, so the tokens stay valid there until they expire.
   */
  signOut(caller: Caller): Promise<'signed out' | 'deleted only' | 'was not signed in'>;
};

/** An access token as an authorization server issued it. */
export type AccessToken = {
  readonly value: string;
  /** When to get the next one, some time before it expires, in milliseconds since 1970. */
  readonly renewAt: number;
};
