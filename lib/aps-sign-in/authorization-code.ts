/** 3-legged sign-in (3LO), with a secret or with PKCE alone: users sign in to Autodesk, and the server acts for each. */

import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { ApsError } from '../aps/errors.ts';
import { type Caller, callerSchema } from '../caller.ts';
import { developerHub } from '../developer-hub.ts';
import { digest } from '../digest.ts';
import { createSealed, type Keys } from '../sealed.ts';
import { SignInRequired } from '../sign-in-required.ts';
import { partOf, type Store } from '../store/store.ts';
import { waitFor } from '../store/wait.ts';
import { authorizationCodeFlow, signInLifetime } from './authorization-code-flow.ts';
import { type ApsApplication, apsOAuth } from './oauth.ts';
import { SignInFailed, type UserSignIn } from './user-sign-in.ts';
import { tokensKey, userTokenStore } from './user-tokens.ts';

/** How the browsers of users reach this server. The launcher provides it. */
export type BrowserAccess = {
  /** Where APS sends the browser back to, as registered with the application. Called for every sign-in. */
  callbackUrl(): Promise<string>;
  /** Called when no sign-in is under way any more, for a server that opens its callback address only for sign-ins. */
  release?(): void;
  /**
   * The page on which people confirm that a sign-in is theirs before they go to Autodesk. Only the browser that confirmed
   * a sign-in can finish it. Left out if a link can reach only the person it is for.
   */
  confirmationUrl?: string;
  /** For sealing sign-ins that are under way. */
  keys: Keys;
  /** Where the tokens of users are kept, and marks of what must not happen twice: the same for every instance. */
  store: Store;
};

/**
 * The options of {@link authorizationCode}. Leave `clientSecret` out for an application without one.
 *
 * @example
 * import { type AuthorizationCode, authorizationCode } from 'aps-mcp';
 *
 * // `browser` comes from the second argument of `create`.
 * export const usersOf = (clientId: string, browser: AuthorizationCode['browser']) =>
 *   authorizationCode({
 *     clientId,
 *     baseUrl: 'https://developer.api.autodesk.com',
 *     scopes: ['data:read'],
 *     browser,
 *   });
 */
export type AuthorizationCode = ApsApplication & {
  /** What the tokens can be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** How the browsers of users reach this server: from {@link ServingContext}. */
  browser: BrowserAccess;
  /** Whether to use PKCE (S256). Default true; false only for an application for which APS refuses it. */
  pkce?: boolean;
  /**
   * How long a sign-in waits for APS to say whose account it is, in milliseconds. Default 2,000: the tokens are already
   * stored, and the name is for display only.
   */
  profilePatience?: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

/** A sign-in under way. It travels sealed in the link and in `state`; nothing of it is stored. */
const signInSchema = z.object({
  /** Makes each sign-in unique. */
  id: z.string(),
  /** Who it was made for. */
  caller: callerSchema,
  /** The PKCE verifier (RFC 7636). */
  verifier: z.string(),
  /** The digest of what identifies the browser in which it was confirmed. */
  browser: z.string().optional(),
});

/**
 * Signs users in with the authorization code grant, and renews their tokens.
 *
 * A sign-in link is sealed, valid for ten minutes, made for one caller, and used up once APS has accepted its code.
 *
 * @example
 * import { type apsUserSignIn, authorizationCode, type ServingContext, type Settings } from 'aps-mcp';
 *
 * export const usersFor = (settings: Settings<typeof apsUserSignIn>, { browser }: ServingContext) =>
 *   authorizationCode({
 *     clientId: settings.APS_CLIENT_ID,
 *     clientSecret: settings.APS_CLIENT_SECRET,
 *     baseUrl: settings.APS_BASE_URL,
 *     pkce: settings.APS_PKCE,
 *     scopes: ['data:read'],
 *     browser,
 *   });
 */
export function authorizationCode(options: AuthorizationCode): UserSignIn {
  const { clientSecret, scopes, browser, pkce, profilePatience = 2000, now = Date.now } = options;
  const { callbackUrl, confirmationUrl, keys } = browser;
  // Tokens are of use only to the same application, at the same APS, with the same scopes.
  const store = partOf(browser.store, [options.clientId, options.baseUrl, ...scopes]);
  const advice = clientSecret === undefined ? adviceForPublicClients : {};
  const aps = apsOAuth(options);
  const flow = authorizationCodeFlow(aps, { scopes, callbackUrl, pkce, advice });
  const signIns = createSealed(keys, 'sign-ins', signInSchema, signInLifetime, now);
  const tokens = userTokenStore({
    ...{ aps, store, now, advice },
    notSignedIn: async (caller) => new SignInRequired(await linkFor(caller)),
  });

  /** Starts a sign-in for `caller`. */
  async function linkFor({ id, user, client }: Caller): Promise<string> {
    await store.delete(deniedKey(id));
    const verifier = oauth.generateRandomCodeVerifier();
    const state = await signIns.seal({ id: crypto.randomUUID(), caller: { id, user, client }, verifier });
    return confirmationUrl
      ? `${confirmationUrl}?${new URLSearchParams({ state })}`
      : flow.authorizationUrl(state, verifier);
  }

  /** The sign-in of a link that has not been used. */
  async function open(state: string) {
    const signIn = await signIns.open(state);
    return signIn && !(await store.get(usedKey(signIn.content.id))) ? signIn : undefined;
  }

  return {
    ...tokens,
    requiresSignIn: true,

    async callerOf(state) {
      return (await open(state))?.content.caller;
    },

    async confirm(state, browserId) {
      const signIn = await open(state);
      if (!signIn) return undefined;
      const { id, caller, verifier } = signIn.content;
      const bound = { id, verifier, caller, browser: digest(browserId) };
      return flow.authorizationUrl(await signIns.seal(bound, signIn.expiresAt), verifier);
    },

    async finish(query, browserIds = []) {
      // A repeated parameter is not to be trusted (RFC 6749, section 3.1).
      const [state = '', ...more] = query.getAll('state');
      const signIn = more.length === 0 ? await open(state) : undefined;
      if (!signIn) throw invalidLink();
      const { id, caller, verifier, browser: boundTo } = signIn.content;
      // Anybody can pass on Autodesk's address and so bypass the page. They must not receive the tokens.
      if (confirmationUrl && !browserIds.map(digest).includes(boundTo ?? ''))
        throw new SignInFailed(
          'other-browser',
          'This sign-in was started in another browser, perhaps by somebody else. Nothing was changed.',
        );
      try {
        const code = flow.codeIn(query, state);
        const issuedAt = now();
        // Of two browsers that come back with one link, to any instance, the first one signs in.
        const left = Math.ceil((signIn.expiresAt - issuedAt) / 1000);
        if (!(await store.add(usedKey(id), true, left))) throw invalidLink();
        const answer = await flow.redeem(code, verifier).catch(async (error: unknown) => {
          await store.delete(usedKey(id)).catch(() => {});
          throw error;
        });
        await tokens.keep(caller, answer, issuedAt);
        await store.announce(tokensKey(caller));
        browser.release?.();
        const patience = AbortSignal.timeout(profilePatience);
        return { account: (await flow.profileOf(answer.access_token, patience)) ?? {}, caller };
      } catch (error) {
        if (error instanceof SignInFailed && error.problem === 'denied') {
          await store.set(deniedKey(caller.id), error.message, signInLifetime);
          await store.announce(tokensKey(caller));
          browser.release?.();
        }
        throw error instanceof ApsError ? failureOf(error) : error;
      }
    },

    async signedIn(caller, signal) {
      await waitFor(
        store,
        tokensKey(caller),
        async () => {
          if (await tokens.signInIdOf(caller)) return true;
          const denied = await store.get(deniedKey(caller.id));
          if (typeof denied === 'string') throw new SignInFailed('denied', denied);
        },
        signal,
      );
      // It may have finished at another instance.
      browser.release?.();
    },

    declined: () => browser.release?.(),
  };
}

/** For an application without a secret. */
const adviceForPublicClients = {
  invalid_client: `Compare APS_CLIENT_ID with the application in ${developerHub}. It must be of type "Desktop, Mobile, Single-Page App".`,
};

function usedKey(signInId: string): string {
  return `used:${signInId}`;
}

/** Of a caller who declined the sign-in that they were last asked for. */
function deniedKey(caller: string): string {
  return `denied:${caller}`;
}

function invalidLink(): SignInFailed {
  return new SignInFailed(
    'invalid-link',
    'This sign-in link has expired, has already been used, or was not made by this server.',
  );
}

/** A refusal or failure of APS, for the person in the browser. */
function failureOf(error: ApsError): SignInFailed {
  const { message, status = 500 } = error;
  const transient = status >= 500 || status === 429;
  return new SignInFailed(transient ? 'unavailable' : 'refused', message, { cause: error });
}
