/** APS tokens of users: kept for each caller, renewed in a single flight, revoked when a caller signs out. */
import type { TokenStorage } from 'fastmcp/auth';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { ApsError } from '../aps/errors.ts';
import type { Caller } from '../caller.ts';
import { createSingleFlight } from '../single-flight.ts';
import type { UserTokens } from '../token-source.ts';
import { type ApsOAuth, accessTokenFrom, canBeSent, isAboutApplication, signInError } from './oauth.ts';

const tokensSchema = z.object({
  access: z.string(),
  /** In milliseconds since 1970. */
  renewAt: z.number(),
  /** Empty if APS issued none. */
  refresh: z.string(),
  /** Identifies this sign-in among earlier and later ones of the same caller. */
  signInId: z.string(),
  /** How often in a row APS refused to renew them without saying `invalid_grant`, when first and when last. */
  refusals: z.object({ count: z.number(), first: z.number(), last: z.number() }).optional(),
});
type Tokens = z.infer<typeof tokensSchema>;

/** After so many refusals over so many milliseconds a caller is asked to sign in, although their tokens are kept. */
const conclusive = { count: 3, time: 15 * 60_000 };

/** From then on APS is asked again this often, in milliseconds. */
const retryInterval = 60_000;

/** APS documents that refresh tokens live for 15 days. Tokens are kept no longer, in seconds. */
const lifetime = 15 * 24 * 3600;

/** How long a sign-out is remembered, in seconds: longer than any tokens that a request under way then keeps. */
const signOutLifetime = lifetime + 3600;

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
  /** Revokes tokens that APS has just issued, and that nobody gets. If APS cannot be reached, they expire. */
  discard(answer: TokenAnswer): Promise<void>;
  /** Identifies a caller's sign-in among earlier and later ones; undefined if they must sign in. */
  signInIdOf(caller: Caller): Promise<string | undefined>;
};

export function userTokenStore(options: UserTokenStoreOptions): UserTokenStore {
  const { aps, storage, now, advice, notSignedIn } = options;
  const { server, client, authentication, request } = aps;
  const renewals = createSingleFlight<Tokens | undefined>();
  const rejected = new Map<string, string>();

  const key = (caller: string) => `tokens:${caller}`;
  const signedOutKey = (signInId: string) => `signed-out:${signInId}`;

  /** The tokens of a caller. Requests that were under way at a sign-out may have kept some: they are of no use. */
  async function load(caller: string): Promise<Tokens | undefined> {
    const tokens = tokensSchema.safeParse(await storage.get(key(caller))).data;
    return tokens && !(await storage.get(signedOutKey(tokens.signInId))) ? tokens : undefined;
  }

  async function take(caller: string): Promise<Tokens | undefined> {
    return tokensSchema.safeParse(await storage.take(key(caller))).data;
  }

  async function save(caller: string, tokens: Tokens): Promise<void> {
    await storage.save(key(caller), tokens, lifetime);
  }

  /** Saves tokens that APS has just issued. */
  async function accept(caller: string, tokens: Tokens): Promise<Tokens> {
    await save(caller, tokens);
    rejected.delete(caller);
    return tokens;
  }

  /**
   * Renews tokens: RFC 6749, section 6. A final refusal by APS (`invalid_grant`) ends the sign-in, unless another request
   * has renewed it in the meantime. Other failures are thrown, and leave the tokens as they are.
   *
   * @returns undefined for a caller who must sign in
   */
  async function renew(caller: string, tokens: Tokens): Promise<Tokens | undefined> {
    const before = await load(caller);
    // Another request has renewed them, or signed out.
    if (before?.refresh !== tokens.refresh) return before;
    if (tokens.refresh === '') return forget(caller);
    const issuedAt = now();
    if (isStuck(before) && issuedAt - (before.refusals?.last ?? 0) < retryInterval) return undefined;
    try {
      const response = await oauth.refreshTokenGrantRequest(
        server,
        client,
        authentication,
        tokens.refresh,
        request,
      );
      const answer = await oauth.processRefreshTokenResponse(server, client, response);
      const current = await load(caller);
      // A new sign-in has finished in the meantime: its tokens count.
      if (current && current.refresh !== tokens.refresh) return current;
      const { signInId } = tokens;
      const refresh = answer.refresh_token ?? tokens.refresh;
      // APS takes the old refresh token no more, whatever is wrong with the access token.
      if (!canBeSent(answer.access_token)) await save(caller, { ...tokens, refresh });
      const { value, renewAt } = accessTokenFrom(answer, issuedAt);
      return await accept(caller, { access: value, renewAt, refresh, signInId });
    } catch (error) {
      const failure = await signInError(error, advice);
      const isFinal = error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant';
      if (!isFinal && !isRefusal(failure)) throw failure;
      const current = await load(caller);
      if (current && current.refresh !== tokens.refresh) return current;
      if (isFinal) return forget(caller);
      if (!current) throw failure;
      const { count, first } = current.refusals ?? { count: 0, first: issuedAt };
      const refused = { ...current, refusals: { count: count + 1, first, last: issuedAt } };
      await save(caller, refused);
      if (!isStuck(refused)) throw failure;
      return undefined;
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

  async function revokeBoth(refresh: string | undefined, access: string): Promise<void> {
    await Promise.all([refresh && revoke(refresh, 'refresh_token'), revoke(access, 'access_token')]);
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
      await accept(id, { access: value, renewAt, refresh: answer.refresh_token ?? '', signInId });
    },

    discard: ({ refresh_token, access_token }) => revokeBoth(refresh_token, access_token).catch(() => {}),

    async signInIdOf({ id }) {
      const tokens = await load(id);
      if (!tokens || !isStuck(tokens)) return tokens?.signInId;
      const renewed = await renewals.run(id, () => renew(id, tokens)).catch(() => undefined);
      return renewed?.signInId;
    },

    async signOut({ id }) {
      const before = await take(id);
      if (before) await storage.save(signedOutKey(before.signInId), true, signOutLifetime);
      // A renewal under way saves what it gets: those are the tokens that APS knows now.
      await renewals.settled(id);
      const tokens = (await take(id)) ?? before;
      if (!tokens) return 'was not signed in';
      rejected.delete(id);
      try {
        await revokeBoth(tokens.refresh, tokens.access);
        return 'signed out';
      } catch {
        return 'deleted only';
      }
    },
  };
}

/** Whether APS has refused to renew tokens so often, and for so long, that their caller is asked to sign in. */
function isStuck({ refusals }: Tokens): boolean {
  return (
    refusals !== undefined &&
    refusals.count >= conclusive.count &&
    refusals.last - refusals.first >= conclusive.time
  );
}

/** Whether a failure is an answer to these tokens, which a new sign-in can change. */
function isRefusal({ status = 503, code }: ApsError): boolean {
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status) && !isAboutApplication(code);
}
