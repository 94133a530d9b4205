/** 3-legged sign-in (3LO): users sign in to Autodesk in a browser, and the server acts for each of them. */
import { EventEmitter, once } from 'node:events';
import { MemoryTokenStorage, type TokenStorage } from 'fastmcp/auth';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { oneLine } from '../aps/errors.ts';
import { apsHttp, type Patience } from '../aps/http.ts';
import { accessTokenFrom, apsAuthorizationServer, requestOptions, signInError } from './aps-oauth.ts';
import { isFresh, SignInRequired } from './token-source.ts';
import { type Account, SignInFailed, type UserSignIn } from './user-sign-in.ts';

/** How long a sign-in may take from the address to the callback, in seconds. */
const pendingLifetime = 600;

/** APS documents that refresh tokens live for 15 days; tokens are kept no longer, in seconds. */
const tokensLifetime = 15 * 24 * 3600;

/** A sign-in under way: who asked for it, and the PKCE verifier (RFC 7636), where PKCE is used. */
const pendingSchema = z.object({ caller: z.string(), verifier: z.string().optional() });

const tokensSchema = z.object({ access: z.string(), expiresAt: z.number(), refresh: z.string() });
type Tokens = z.infer<typeof tokensSchema>;

export type AuthorizationCode = {
  clientId: string;
  clientSecret: string;
  /** What the tokens may be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** Origin of APS, e.g. `https://developer.api.autodesk.com`. */
  baseUrl: string;
  /** Where APS sends the browser back to, as registered with the application. Asked for at every sign-in. */
  callbackUrl: () => Promise<string>;
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
  const { clientId, clientSecret, scopes, baseUrl, callbackUrl, pkce = true, now = Date.now } = options;
  const memory = new MemoryTokenStorage();
  const storage = options.storage ?? memory;
  const server = apsAuthorizationServer(baseUrl);
  const client: oauth.Client = { client_id: clientId };
  const authentication = oauth.ClientSecretBasic(clientSecret);
  const request = requestOptions(baseUrl, apsHttp(options.patience));
  const renewals = new Map<string, Promise<Tokens | undefined>>();
  const refused = new Map<string, string>();
  const arrivals = new EventEmitter().setMaxListeners(0);

  const tokensKey = (caller: string) => `tokens:${caller}`;

  async function load(caller: string): Promise<Tokens | undefined> {
    return tokensSchema.safeParse(await storage.get(tokensKey(caller))).data;
  }

  async function save(
    caller: string,
    answer: oauth.TokenEndpointResponse,
    issuedAt: number,
    refresh?: string,
  ) {
    const { value, expiresAt } = accessTokenFrom(answer, issuedAt);
    const tokens: Tokens = { access: value, expiresAt, refresh: answer.refresh_token ?? refresh ?? '' };
    await storage.save(tokensKey(caller), tokens, tokensLifetime);
    refused.delete(caller);
    return tokens;
  }

  /** Makes a sign-in for `caller`, and gives its address. */
  async function start(caller: string): Promise<string> {
    const redirectUri = await callbackUrl();
    const state = oauth.generateRandomState();
    const verifier = pkce ? oauth.generateRandomCodeVerifier() : undefined;
    await storage.save(pendingKey(state), { caller, verifier }, pendingLifetime);
    const address = new URL(`${baseUrl}/authentication/v2/authorize`);
    address.search = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      state,
      ...(verifier && {
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    }).toString();
    return address.href;
  }

  /**
   * Renews tokens: RFC 6749, section 6. APS's final no (`invalid_grant`) ends the sign-in, unless somebody else
   * renewed in the meantime; whatever passes is thrown, and leaves the tokens as they are.
   */
  async function renew(caller: string, tokens: Tokens): Promise<Tokens | undefined> {
    const before = await load(caller);
    // Somebody renewed them, or signed out.
    if (before?.refresh !== tokens.refresh) return before;
    const issuedAt = now();
    try {
      const response = await oauth.refreshTokenGrantRequest(
        server,
        client,
        authentication,
        tokens.refresh,
        request,
      );
      const answer = await oauth.processRefreshTokenResponse(server, client, response);
      return await save(caller, answer, issuedAt, tokens.refresh);
    } catch (error) {
      if (!(error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant'))
        throw signInError(error);
      const current = await load(caller);
      if (current && current.refresh !== tokens.refresh) return current;
      await storage.delete(tokensKey(caller));
      refused.delete(caller);
      return undefined;
    }
  }

  function renewOnce(caller: string, tokens: Tokens): Promise<Tokens | undefined> {
    const flight =
      renewals.get(caller) ??
      renew(caller, tokens).finally(() => {
        renewals.delete(caller);
      });
    renewals.set(caller, flight);
    return flight;
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

  /** RFC 7009, with the hint that APS requires. */
  async function revoke(token: string, hint: 'access_token' | 'refresh_token'): Promise<void> {
    const response = await oauth.revocationRequest(server, client, authentication, token, {
      ...request,
      additionalParameters: { token_type_hint: hint },
    });
    await oauth.processRevocationResponse(response);
  }

  return {
    async get({ id }) {
      const tokens = await load(id);
      if (tokens && isFresh(tokens, now()) && tokens.access !== refused.get(id)) return tokens.access;
      const renewed = tokens && (await renewOnce(id, tokens));
      if (renewed) return renewed.access;
      throw new SignInRequired(await start(id));
    },

    drop({ id }, token) {
      refused.set(id, token);
    },

    async finish(query) {
      // A parameter that is given twice is not to be trusted (RFC 6749, section 3.1): it does not spend a state.
      const [state = '', ...more] = query.getAll('state');
      const pending =
        more.length === 0 ? pendingSchema.safeParse(await storage.take(pendingKey(state))).data : undefined;
      if (!pending)
        throw new SignInFailed(
          'unknown',
          'This sign-in link has expired, has been used already, or was not made by this server.',
        );
      const issuedAt = now();
      try {
        const answer = await exchange(query, state, pending.verifier);
        await save(pending.caller, answer, issuedAt);
        arrivals.emit(pending.caller);
        return await accountOf(answer.access_token);
      } catch (error) {
        throw failure(error);
      }
    },

    async signedIn({ id }, signal) {
      const leave = new AbortController();
      // Listening begins before looking, so that a sign-in in between is not missed.
      const arrival = once(arrivals, id, { signal: AbortSignal.any([signal, leave.signal]) });
      arrival.catch(() => {});
      try {
        if (!(await load(id))) await arrival;
      } finally {
        leave.abort();
      }
    },

    async signOut({ id }) {
      // What is being renewed would be saved after it was forgotten.
      await renewals.get(id)?.catch(() => {});
      const tokens = tokensSchema.safeParse(await storage.take(tokensKey(id))).data;
      if (!tokens) return 'was not signed in';
      refused.delete(id);
      try {
        await Promise.all([revoke(tokens.refresh, 'refresh_token'), revoke(tokens.access, 'access_token')]);
        return 'signed out';
      } catch {
        return 'forgotten only';
      }
    },

    close() {
      memory.destroy();
    },
  };
}

const accountSchema = z.object({ name: z.string().optional(), email: z.string().optional() });

function pendingKey(state: string): string {
  return `sign-in:${state}`;
}

/** What went wrong with a sign-in that came back, in words for the person who did it. */
function failure(error: unknown): SignInFailed {
  if (error instanceof SignInFailed) return error;
  if (error instanceof oauth.AuthorizationResponseError)
    return error.error === 'access_denied'
      ? new SignInFailed('denied', 'You chose not to give access. Nothing was changed.')
      : new SignInFailed(
          'refused',
          `Autodesk refused the sign-in: ${oneLine([error.error, error.error_description].filter(Boolean).join(', '))}.`,
        );
  const { message, status = 500 } = signInError(error);
  const trouble = status >= 500 || status === 429;
  return new SignInFailed(trouble ? 'trouble' : 'refused', message, { cause: error });
}
