/** 3-legged sign-in (3LO): users sign in to Autodesk in a browser, and the server acts for each of them. */
import { EventEmitter, once } from 'node:events';
import { MemoryTokenStorage, type TokenStorage } from 'fastmcp/auth';
import { LRUCache } from 'lru-cache';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { oneLine } from '../aps/errors.ts';
import { apsHttp, type Patience } from '../aps/http.ts';
import { digest } from '../digest.ts';
import { apsAuthorizationServer, requestOptions, signInError } from './aps-oauth.ts';
import { type Caller, callerSchema, SignInRequired } from './token-source.ts';
import { type Account, SignInFailed, type UserSignIn } from './user-sign-in.ts';
import { userTokenStore } from './user-tokens.ts';

/** How long a sign-in may take from the address to the callback, in seconds. */
const pendingLifetime = 600;

/** A sign-in under way. */
const pendingSchema = z.object({
  /** Who asked for it. */
  caller: callerSchema,
  /** The PKCE verifier (RFC 7636), where PKCE is used. */
  verifier: z.string().optional(),
  /** The hash of what tells the browser in which it was confirmed from others. */
  browser: z.string().optional(),
  /** In milliseconds since 1970. */
  expiresAt: z.number(),
});
type Pending = z.infer<typeof pendingSchema>;

export type AuthorizationCode = {
  clientId: string;
  /** Left out for a public client: a Desktop, Mobile or Single-Page App, which has none. */
  clientSecret?: string;
  /** What the tokens may be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** Origin of APS, e.g. `https://developer.api.autodesk.com`. */
  baseUrl: string;
  /** Where APS sends the browser back to, as registered with the application. Asked for at every sign-in. */
  callbackUrl: () => Promise<string>;
  /**
   * The page on which people say that a sign-in is theirs before they are sent to APS. Sign-ins then end in the browser
   * in which they were confirmed, or not at all. Left out where a link reaches nobody but the person it is for.
   */
  confirmUrl?: string;
  /** Whether to use PKCE (S256). On by default; off only for an application to which APS refuses it. */
  pkce?: boolean;
  /** Where sign-ins under way and tokens are kept; in memory by default. */
  storage?: Required<TokenStorage>;
  patience?: Patience;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

/**
 * Signs users in with the authorization code grant (RFC 6749, section 4.1, with PKCE, RFC 7636;
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-3-legged-token/), and renews their tokens, which at
 * APS are good for one renewal each.
 *
 * The `state` of a sign-in is random, usable once, good for ten minutes, and tied to the caller for whom it was made.
 */
export function authorizationCode(options: AuthorizationCode): UserSignIn {
  const { clientId, clientSecret, scopes, baseUrl, callbackUrl, confirmUrl } = options;
  const { pkce = true, now = Date.now } = options;
  const memory = new MemoryTokenStorage();
  const storage = options.storage ?? memory;
  const server = apsAuthorizationServer(baseUrl);
  const client: oauth.Client = { client_id: clientId };
  const authentication = clientSecret === undefined ? oauth.None() : oauth.ClientSecretBasic(clientSecret);
  const request = requestOptions(baseUrl, apsHttp(options.patience));
  const advice = clientSecret === undefined ? adviceForPublicClients : {};
  const tokens = userTokenStore({ server, client, authentication, request, storage, now, advice });
  const arrivals = new EventEmitter().setMaxListeners(0);
  // Who said no to the sign-in that they were asked for last.
  const denials = new LRUCache<string, SignInFailed>({ max: 1000 });

  /** Makes a sign-in for `caller`, and gives its address. */
  async function start({ id, user, client: program }: Caller): Promise<string> {
    denials.delete(id);
    const state = oauth.generateRandomState();
    const pending: Pending = {
      caller: { id, user, client: program },
      verifier: pkce ? oauth.generateRandomCodeVerifier() : undefined,
      expiresAt: now() + pendingLifetime * 1000,
    };
    await storage.save(pendingKey(state), pending, pendingLifetime);
    return confirmUrl ? `${confirmUrl}?${new URLSearchParams({ state })}` : addressOf(state, pending);
  }

  /** The address at APS of a sign-in. */
  async function addressOf(state: string, { verifier }: Pending): Promise<string> {
    const address = new URL(server.authorization_endpoint ?? '');
    address.search = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: await callbackUrl(),
      scope: scopes.join(' '),
      state,
      ...(verifier && {
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    }).toString();
    return address.href;
  }

  /** Checks what the browser brought, and exchanges the code; the verifier proves who asked for it. */
  async function exchange(query: URLSearchParams, state: string, verifier: string | undefined) {
    const parameters = oauth.validateAuthResponse(server, client, query, state);
    const [code, ...more] = parameters.getAll('code');
    if (!code || more.length > 0)
      throw new SignInFailed('incomplete', 'Autodesk sent the browser back without a code that can be used.');
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      await callbackUrl(),
      verifier ?? oauth.nopkce,
      request,
    );
    return oauth.processAuthorizationCodeResponse(server, client, response);
  }

  /** Whose token it is (OpenID Connect Core, section 5.3). Good to know, not needed: no answer is no failure. */
  async function accountOf(token: string): Promise<Account> {
    try {
      const response = await oauth.userInfoRequest(server, client, token, request);
      return accountSchema.parse(await response.json());
    } catch {
      return {};
    }
  }

  return {
    async get(caller) {
      const token = await tokens.fresh(caller.id);
      if (token) return token;
      throw new SignInRequired(await start(caller));
    },

    drop: tokens.drop,

    async askerOf(state) {
      return pendingSchema.safeParse(await storage.get(pendingKey(state))).data?.caller;
    },

    async confirm(state, browser) {
      const pending = pendingSchema.safeParse(await storage.take(pendingKey(state))).data;
      const left = pending ? Math.ceil((pending.expiresAt - now()) / 1000) : 0;
      if (!pending || left <= 0) return undefined;
      await storage.save(pendingKey(state), { ...pending, browser: digest(browser) }, left);
      return addressOf(state, pending);
    },

    async finish(query, browsers = []) {
      // A parameter that is given twice is not to be trusted (RFC 6749, section 3.1): it does not spend a state.
      const [state = '', ...more] = query.getAll('state');
      const pending =
        more.length === 0 ? pendingSchema.safeParse(await storage.take(pendingKey(state))).data : undefined;
      if (!pending)
        throw new SignInFailed(
          'unknown',
          'This sign-in link has expired, has been used already, or was not made by this server.',
        );
      // Whoever passes on Autodesk's address, and so leads others past the page, must not get their tokens.
      if (confirmUrl && !browsers.map(digest).includes(pending.browser ?? ''))
        throw new SignInFailed(
          'elsewhere',
          'This sign-in was begun in another browser, perhaps by somebody else. Nothing was changed.',
        );
      const issuedAt = now();
      try {
        const answer = await exchange(query, state, pending.verifier);
        await tokens.keep(pending.caller.id, answer, issuedAt);
        arrivals.emit(pending.caller.id);
        return await accountOf(answer.access_token);
      } catch (error) {
        const failed = failure(error, advice);
        // Whoever waits need not go on waiting for somebody who said no.
        if (failed.problem === 'denied') {
          denials.set(pending.caller.id, failed);
          arrivals.emit(pending.caller.id, failed);
        }
        throw failed;
      }
    },

    async signedIn({ id }, signal) {
      const leave = new AbortController();
      // Listening begins before looking, so that a sign-in in between is not missed.
      const arrival = once(arrivals, id, { signal: AbortSignal.any([signal, leave.signal]) });
      arrival.catch(() => {});
      try {
        if (await tokens.signInOf(id)) return;
        const [denied] = denials.has(id) ? [denials.get(id)] : await arrival;
        if (denied) throw denied;
      } finally {
        leave.abort();
      }
    },

    signOut: tokens.signOut,

    close() {
      memory.destroy();
    },
  };
}

/** For an application that has no secret to check. */
const adviceForPublicClients = {
  invalid_client:
    'Check APS_CLIENT_ID against the application at https://aps.autodesk.com/myapps: it must be active, and of type "Desktop, Mobile, Single-Page App".',
};

const accountSchema = z.object({ name: z.string().optional(), email: z.string().optional() });

function pendingKey(state: string): string {
  return `sign-in:${state}`;
}

/** What went wrong with a sign-in that came back, in words for the person who did it. */
function failure(error: unknown, advice: Readonly<Record<string, string>>): SignInFailed {
  if (error instanceof SignInFailed) return error;
  if (error instanceof oauth.AuthorizationResponseError)
    return error.error === 'access_denied'
      ? new SignInFailed('denied', 'You chose not to give access. Nothing was changed.')
      : new SignInFailed(
          'refused',
          `Autodesk refused the sign-in: ${oneLine([error.error, error.error_description].filter(Boolean).join(', '))}.`,
        );
  const { message, status = 500 } = signInError(error, advice);
  const trouble = status >= 500 || status === 429;
  return new SignInFailed(trouble ? 'trouble' : 'refused', message, { cause: error });
}
