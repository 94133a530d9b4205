/** APS tokens of users: kept for each caller, renewed in one flight, and revoked when a caller signs out. */
import type { TokenStorage } from 'fastmcp/auth';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { accessTokenFrom, type requestOptions, signInError } from './aps-oauth.ts';
import { createFlights } from './flights.ts';
import { isFresh } from './token-source.ts';
import type { UserTokens } from './user-sign-in.ts';

const tokensSchema = z.object({
  access: z.string(),
  /** In milliseconds since 1970. */
  expiresAt: z.number(),
  /** Empty if APS gave none. */
  refresh: z.string(),
  /** What tells this sign-in from earlier and later ones of the same caller. */
  signIn: z.string(),
});
type Tokens = z.infer<typeof tokensSchema>;

/** APS documents that refresh tokens live for 15 days; tokens are kept no longer, in seconds. */
const lifetime = 15 * 24 * 3600;

export type UserTokenStoreOptions = {
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  authentication: oauth.ClientAuth;
  /** How requests are sent. */
  request: ReturnType<typeof requestOptions>;
  storage: Required<TokenStorage>;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
  /** What to do about error codes of APS, besides what is always said. */
  advice?: Readonly<Record<string, string>>;
};

type TokenAnswer = Pick<oauth.TokenEndpointResponse, 'access_token' | 'expires_in' | 'refresh_token'>;

export type UserTokenStore = Pick<UserTokens, 'drop' | 'signOut'> & {
  /** A fresh access token of a caller; undefined if they are not signed in, or no longer. @throws {ApsError} */
  fresh(caller: string): Promise<string | undefined>;
  /**
   * Keeps what APS has just given to a caller, in place of what was there.
   *
   * @param issuedAt - when it was asked for, in milliseconds since 1970
   */
  keep(caller: string, answer: TokenAnswer, issuedAt: number): Promise<void>;
  /** What tells a caller's sign-in from earlier and later ones; undefined if they are not signed in. */
  signInOf(caller: string): Promise<string | undefined>;
};

export function userTokenStore(options: UserTokenStoreOptions): UserTokenStore {
  const { server, client, authentication, request, storage, now, advice } = options;
  const renewals = createFlights<Tokens | undefined>();
  const refused = new Map<string, string>();

  const key = (caller: string) => `tokens:${caller}`;

  async function load(caller: string): Promise<Tokens | undefined> {
    return tokensSchema.safeParse(await storage.get(key(caller))).data;
  }

  async function take(caller: string): Promise<Tokens | undefined> {
    return tokensSchema.safeParse(await storage.take(key(caller))).data;
  }

  async function save(caller: string, tokens: Tokens): Promise<Tokens> {
    await storage.save(key(caller), tokens, lifetime);
    refused.delete(caller);
    return tokens;
  }

  /**
   * Renews tokens: RFC 6749, section 6. APS's final no (`invalid_grant`) ends the sign-in, unless somebody else
   * renewed in the meantime; whatever passes is thrown, and leaves the tokens as they are.
   */
  async function renew(caller: string, tokens: Tokens): Promise<Tokens | undefined> {
    const before = await load(caller);
    // Somebody renewed them, or signed out.
    if (before?.refresh !== tokens.refresh) return before;
    if (tokens.refresh === '') return forget(caller);
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
      const { value, expiresAt } = accessTokenFrom(answer, issuedAt);
      const refresh = answer.refresh_token ?? tokens.refresh;
      const current = await load(caller);
      // They have signed in anew in the meantime: those tokens count.
      if (current && current.refresh !== tokens.refresh) return current;
      return await save(caller, { ...tokens, access: value, expiresAt, refresh });
    } catch (error) {
      if (!(error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant'))
        throw signInError(error, advice);
      const current = await load(caller);
      if (current && current.refresh !== tokens.refresh) return current;
      return forget(caller);
    }
  }

  async function forget(caller: string): Promise<undefined> {
    await storage.delete(key(caller));
    refused.delete(caller);
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
    async fresh(caller) {
      const tokens = await load(caller);
      if (tokens && isFresh(tokens, now()) && tokens.access !== refused.get(caller)) return tokens.access;
      return tokens && (await renewals.once(caller, () => renew(caller, tokens)))?.access;
    },

    async keep(caller, answer, issuedAt) {
      const { value, expiresAt } = accessTokenFrom(answer, issuedAt);
      const signIn = (await load(caller))?.signIn ?? crypto.randomUUID();
      await save(caller, { access: value, expiresAt, refresh: answer.refresh_token ?? '', signIn });
    },

    signInOf: async (caller) => (await load(caller))?.signIn,

    drop({ id }, token) {
      refused.set(id, token);
    },

    async signOut({ id }) {
      const before = await take(id);
      // A renewal that was under way has saved what it got: that is what APS knows now.
      await renewals.landed(id);
      const tokens = (await take(id)) ?? before;
      if (!tokens) return 'was not signed in';
      refused.delete(id);
      try {
        await Promise.all([
          tokens.refresh && revoke(tokens.refresh, 'refresh_token'),
          revoke(tokens.access, 'access_token'),
        ]);
        return 'signed out';
      } catch {
        return 'forgotten only';
      }
    },
  };
}
