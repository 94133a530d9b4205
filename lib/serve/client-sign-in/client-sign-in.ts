/** How MCP clients sign in to this server: what every way has in common. */
import type { AuthInfo } from '@modelcontextprotocol/server';
import type { Hono } from 'hono';
import { z } from 'zod';
import { type Caller, callerSchema } from '../../auth/token-source.ts';
import type { UserTokens } from '../../auth/user-sign-in.ts';

/** What is known of an MCP client that has signed in. */
export type Admission = AuthInfo & { extra: { caller: Caller } };

export type ClientSignIn = {
  /** Who may call, in a few words, for the start-up message. */
  readonly whoMayCall: string;
  /** What browsers and clients fetch before anybody has signed in; open to pages of every origin. */
  readonly open: Hono;
  /** What only clients call, and pages only if their origin may call the server. */
  readonly endpoints?: Hono;
  /** Lets a request to `/mcp` in and says who calls, or answers it with the challenge that starts a sign-in. */
  admit(request: Request): Promise<Admission | Response>;
  /** Fetches what the first request would have to wait for, and says on stderr if it cannot be had. */
  lookAhead?(): Promise<void>;
  /** Where people sign in with their Autodesk account: the APS tokens that come of it. */
  readonly accountTokens?: UserTokens;
  /** Forgets everything that is only in memory, and lets the process end. */
  close?(): void;
};

const extraSchema = z.object({ caller: callerSchema });

/** The caller who was let in with a request; undefined where clients do not sign in. */
export function callerIn(authInfo: AuthInfo | undefined): Caller | undefined {
  return authInfo && extraSchema.parse(authInfo.extra).caller;
}
