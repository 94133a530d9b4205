/** How MCP clients sign in to this server: what every way of doing so has in common. */
import type { Hono } from 'hono';
import type { UserTokenStore } from '../../aps-sign-in/user-tokens.ts';
import type { Caller } from '../../caller.ts';
import type { UserTokens } from '../../token-source.ts';
import type { IdentityProvider } from '../pages/identity-check.ts';

export type ClientSignIn = {
  /** Who can call, in a few words, for the banner. */
  readonly whoCanCall: string;
  /** How people or programs sign in, in a sentence, for everybody who opens the front page. */
  readonly howToSignIn: string;
  /** What browsers and clients fetch before anybody has signed in; pages of every origin can fetch it. */
  readonly publicRoutes: Hono;
  /** What only clients call; pages can only if their origin is allowed. */
  readonly clientRoutes?: Hono;
  /** The caller behind a request to `/mcp`, or the answer to it: the challenge that starts a sign-in, for example. */
  authenticate(request: Request): Promise<Caller | Response>;
  /** Fetches what the first request would otherwise wait for, and says on stderr if that fails. */
  prefetch?(): Promise<void>;
  /** Where people can show that they are a caller, in a browser. */
  readonly identityProvider?: IdentityProvider;
  /** Where people sign in with their Autodesk accounts: their APS tokens. */
  readonly accountTokens?: UserTokens & Pick<UserTokenStore, 'signInIdOf'>;
};
