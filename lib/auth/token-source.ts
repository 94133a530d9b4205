/** Where a tool gets its APS access token: the interface, and the rules that every source keeps. */
import { z } from 'zod';

/** Whoever a tool works for. */
export type Caller = Readonly<z.infer<typeof callerSchema>>;

/** The same, where it was stored or comes with a request. */
export const callerSchema = z.object({
  /** Stable for as long as the same person or program calls. */
  id: z.string(),
  /** What the client sign-in, where there is one, says of the person: for people to read, not to decide by. */
  user: z.string().optional(),
  /** The same of the MCP client. */
  client: z.string().optional(),
});

/** The caller when nothing tells callers apart: the person at this machine. */
export const localUser: Caller = { id: 'local' };

/** An access token as an authorization server issued it. */
export type AccessToken = {
  readonly value: string;
  /** When it expires, in milliseconds since 1970. */
  readonly expiresAt: number;
};

/** The caller must sign in to Autodesk before there is a token for them. */
export class SignInRequired extends Error {
  override readonly name = 'SignInRequired';
  /** Where the person opens the sign-in in a browser. Made for this caller, and usable once. */
  readonly address: string;

  constructor(address: string) {
    super(`Sign in to Autodesk first: open ${address} in a browser, then try again.`);
    this.address = address;
  }
}

/**
 * Gives access tokens without saying how it gets them. Three rules hold for every source: concurrent calls
 * share one request (one flight), tokens are renewed before they expire (fresh), and no token, secret or
 * assertion ever gets into a log or an error (silent).
 */
export type TokenSource = {
  /**
   * An access token to act for `caller`, cached or new.
   *
   * @throws {SignInRequired} when the token is the caller's to give
   * @throws {ApsError} when APS refuses or cannot be reached
   */
  get(caller: Caller): Promise<string>;
  /** Reports that an API refused `token` with 401: it is not given out again. */
  drop(caller: Caller, token: string): void;
};

/** A token is renewed this long before it expires, in milliseconds. */
const renewAhead = 60_000;

/** Whether a token is still good enough to be given out. `now` is in milliseconds since 1970. */
export function isFresh({ expiresAt }: Pick<AccessToken, 'expiresAt'>, now: number): boolean {
  return now < expiresAt - renewAhead;
}

/**
 * A source for tokens that do not depend on the caller: keeps one, and asks for the next in a single flight.
 *
 * @param request - asks the authorization server for a new token
 * @param now - the clock, in milliseconds since 1970
 */
export function sharedTokens(request: () => Promise<AccessToken>, now: () => number = Date.now): TokenSource {
  let current: AccessToken | undefined;
  let flight: Promise<AccessToken> | undefined;

  return {
    async get() {
      if (current && isFresh(current, now())) return current.value;
      flight ??= request()
        .then((token) => {
          current = token;
          return token;
        })
        .finally(() => {
          flight = undefined;
        });
      return (await flight).value;
    },
    drop(_caller, token) {
      if (current?.value === token) current = undefined;
    },
  };
}
