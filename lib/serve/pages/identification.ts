/**
 * Signing in at the browser itself, for the page of this server: where MCP users sign in, and back. It ends in a browser
 * session, and only in the browser in which it began.
 */
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { SignInFailed } from '../../aps-sign-in/user-sign-in.ts';
import type { Caller } from '../../caller.ts';
import { digest } from '../../digest.ts';
import { createSealed, type Keys } from '../../sealed.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { BrowserSessions } from './browser-session.ts';
import { failurePage } from './failure.ts';
import type { IdentityProvider } from './identity-check.ts';
import { backToFrontPage, redirect } from './page.ts';

export type Identification = {
  /** Where people sign in, in words. */
  readonly where: string;
  /** The path to which they come back. Others can come back there, too. */
  readonly callbackPath: string;
  /** Who has signed in at the browser of a request. */
  callerOf(request: Request): Promise<Caller | undefined>;
  /** Sends a browser to sign in. */
  begin(browserId: string): Promise<Response>;
  /** Answers a browser that comes back; undefined if something else than this has brought it there. */
  finish(request: Request): Promise<Response | undefined>;
  /** Forgets who has signed in at a browser. */
  end(): Response;
};

export type IdentificationOptions = {
  provider: IdentityProvider;
  callbackPath: string;
  browserBinding: BrowserBinding;
  sessions: BrowserSessions;
  keys: Keys;
};

/** How long a person can take to sign in, in seconds. */
const lifetime = 600;

/** A sign-in under way. It travels sealed in `state`: the server keeps nothing of it. */
const signInSchema = z.object({
  /** The PKCE verifier. */
  verifier: z.string(),
  /** The digest of what identifies the browser in which it began. */
  browser: z.string(),
});

export function createIdentification(options: IdentificationOptions): Identification {
  const { provider, callbackPath, browserBinding, sessions, keys } = options;
  const signIns = createSealed(keys, 'browser sign-ins', signInSchema, lifetime);

  return {
    where: provider.issuer,
    callbackPath,
    callerOf: sessions.callerOf,

    begin: (browserId) =>
      orFailurePage(provider, async () => {
        const verifier = oauth.generateRandomCodeVerifier();
        const state = await signIns.seal({ verifier, browser: digest(browserId) });
        return redirect(await provider.authorizationUrl(state, verifier), 303);
      }),

    async finish(request) {
      // Link checkers send HEAD: it must not use up a person's code.
      if (request.method !== 'GET') return undefined;
      const query = new URL(request.url).searchParams;
      // A repeated parameter is not to be trusted (RFC 6749, section 3.1).
      const [state = '', ...more] = query.getAll('state');
      const signIn = more.length === 0 ? (await signIns.open(state))?.content : undefined;
      if (!signIn) return undefined;
      return orFailurePage(provider, async () => {
        // Otherwise anybody could sign another person in as themselves, and next get access to that person's Autodesk account.
        if (!browserBinding.idsOf(request).map(digest).includes(signIn.browser))
          throw new SignInFailed(
            'other-browser',
            'This sign-in was started in another browser, perhaps by somebody else. Nothing was changed.',
          );
        const caller = await provider.callerIn(query, state, signIn.verifier);
        return sessions.begin(redirect('/', 302), caller);
      });
    },

    end: () => sessions.end(redirect('/', 303)),
  };
}

async function orFailurePage({ issuer }: IdentityProvider, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SignInFailed)) throw error;
    return failurePage(error, issuer, backToFrontPage);
  }
}
