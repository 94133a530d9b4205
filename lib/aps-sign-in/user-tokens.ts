/** APS tokens of users: kept for each caller, renewed in a single flight, revoked when a caller signs out. */
import type { TokenStorage } from 'fastmcp/auth';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { Caller } from '../caller.ts';
import { createSingleFlight } from '../single-flight.ts';
import type { UserTokens } from '../token-source.ts';
import { type ApsOAuth, accessTokenFrom, signInError } from './oauth.ts';

const tokensSchema = z.object({
  access: z.string(),
  /** In milliseconds since 1970. */
  renewAt: z.number(),
  /** Empty if APS issued none. */
  refresh: z.string(),
  /** Identifies this sign-in among earlier and later ones of the same caller. */
  signInId: z.string(),
});
type Tokens = z.infer<typeof tokensSchema>;

/** APS documents that refresh tokens live for 15 days. Tokens are kept no longer, in seconds. */
const lifetime = 15 * 24 * 3600;

export type UserTokenStoreOptions = {
  aps: ApsOAuth;
  storage: Required<TokenStorage>;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
  /** What to do about error codes of APS, in addition to the usual advice. */
  advice?: Readonly<Record<string, string>>;
  /** The error for a caller who is not signed in, or no longer. */
  notSignedIn(caller: Caller): Promise<Error>;
};

/** The tokens in an answer of APS's token endpoint. */
export type TokenAnswer = Pick<oauth.TokenEndpointResponse, 'access_token' | 'expires_in' | 'refresh_token'>;

export type UserTokenStore = UserTokens & {
  /**
   * Keeps the tokens that APS has just issued to a caller, in place of earlier ones.
   *
   * @param issuedAt - when they were requested, in milliseconds since 1970
   */
  keep(caller: Caller, answer: TokenAnswer, issuedAt: number): Promise<void>;
  /** Identifies a caller's sign-in among earlier and later ones; undefined if they are not signed in. */
  signInIdOf(caller: Caller): Promise<string | undefined>;
};

export function userTokenStore(options: UserTokenStoreOptions): UserTokenStore {
  const { aps, storage, now, advice, notSignedIn } = options;
  const { server, client, authentication, request } = aps;
  const renewals = createSingleFlight<Tokens | undefined>();
  const rejected = new Map<string, string>();

  const key = (caller: string) => `tokens:${caller}`;

  async function load(caller: string): Promise<Tokens | undefined> {
    return tokensSchema.safeParse(await storage.get(key(caller))).data;
  }

  async function take(caller: string): Promise<Tokens | undefined> {
    return tokensSchema.safeParse(await storage.take(key(caller))).data;
  }

  async function save(caller: string, tokens: Tokens): Promise<Tokens> {
    await storage.save(key(caller), tokens, lifetime);
    rejected.delete(caller);
    return tokens;
  }

  /**
   * Renews tokens: RFC 6749, section 6. A final refusal by APS (`invalid_grant`) ends the sign-in, unless another request
   * has renewed it in the meantime. Transient failures are thrown, and leave the tokens as they are.
   */
  async function renew(caller: string, tokens: Tokens): Promise<Tokens | undefined> {
    const before = await load(caller);
    // Another request has renewed them, or signed out.
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
      const { value, renewAt } = accessTokenFrom(answer, issuedAt);
      const refresh = answer.refresh_token ?? tokens.refresh;
      const current = await load(caller);
      // A new sign-in has finished in the meantime: its tokens count.
      if (current && current.refresh !== tokens.refresh) return current;
      return await save(caller, { ...tokens, access: value, renewAt, refresh });
    } catch (error) {
      if (!(error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant'))
        throw await signInError(error, advice);
      const current = await load(caller);
      if (current && current.refresh !== tokens.refresh) return current;
      return forget(caller);
    }
  }

  async function forget(caller: string): Promise<undefined> {
    await storage.delete(key(caller));
    rejected.delete(caller);
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
    async get(caller) {
      const { id } = caller;
      const tokens = await load(id);
      if (tokens && now() < tokens.renewAt && tokens.access !== rejected.get(id)) return tokens.access;
      const renewed = tokens && (await renewals.run(id, () => renew(id, tokens)));
      if (!renewed) throw await notSignedIn(caller);
      return renewed.access;
    },

    drop({ id }, token) {
      rejected.set(id, token);
    },

    async keep({ id }, answer, issuedAt) {
      const { value, renewAt } = accessTokenFrom(answer, issuedAt);
      const signInId = (await load(id))?.signInId ?? crypto.randomUUID();
      await save(id, { access: value, renewAt, refresh: answer.refresh_token ?? '', signInId });
    },

    signInIdOf: async ({ id }) => (await load(id))?.signInId,

    async signOut({ id }) {
      const before = await take(id);
      // A renewal under way saves what it gets: those are the tokens that APS knows now.
      await renewals.settled(id);
      const tokens = (await take(id)) ?? before;
      if (!tokens) return 'was not signed in';
      rejected.delete(id);
      try {
        await Promise.all([
          tokens.refresh && revoke(tokens.refresh, 'refresh_token'),
          revoke(tokens.access, 'access_token'),
        ]);
        return 'signed out';
      } catch {
        return 'deleted only';
      }
    },
  };
}
