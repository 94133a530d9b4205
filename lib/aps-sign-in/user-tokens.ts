/** APS tokens of users: kept for each caller, renewed by one request at a time, revoked when a caller signs out. */
import { z } from 'zod';
import type { Caller } from '../caller.ts';
import { createSingleFlight } from '../single-flight.ts';
import { later } from '../store/later.ts';
import { underLease } from '../store/lease.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import type { UserTokens } from '../token-source.ts';
import { type ApsOAuth, accessTokenFrom, canBeSent } from './oauth.ts';
import { RenewalRefused, type TokenAnswer, tokenRequests } from './token-requests.ts';

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

/** After that, how often APS is asked again, in milliseconds. */
const retryInterval = 60_000;

/** APS documents that refresh tokens live for 15 days. Tokens are kept no longer, in seconds. */
const lifetime = 15 * 24 * 3600;

/** How long an instance keeps others from renewing, in seconds: longer than a renewal takes, with all retries. */
const leaseLifetime = 60;

/** How long a sign-out is remembered, in seconds: longer than any tokens that a request under way then keeps. */
const signOutLifetime = lifetime + 3600;

export type UserTokenStoreOptions = {
  aps: ApsOAuth;
  store: Store;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
  /** How long to wait for the renewal of another instance, in milliseconds. Default 10,000. */
  patience?: number;
  /** What to do about error codes of APS, in addition to the usual advice. */
  advice?: Readonly<Record<string, string>>;
  /** The error for a caller who is not signed in, or no longer. */
  notSignedIn(caller: Caller): Promise<Error>;
};

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

/** The key of a caller's tokens in the store. Signing in and declining are announced there. */
export function tokensKey({ id }: Pick<Caller, 'id'>): string {
  return `tokens:${id}`;
}

export function userTokenStore(options: UserTokenStoreOptions): UserTokenStore {
  const { aps, store, now, patience = 10_000, advice, notSignedIn } = options;
  const { requestRenewal, revokeBoth } = tokenRequests(aps, advice);
  const renewals = createSingleFlight<Tokens | undefined>();
  const rejected = new Map<string, string>();
  // What APS has issued and the store has not saved yet: the previous refresh token no longer works.
  const unsaved = new Map<string, { refresh: string; tokens: Tokens }>();

  const key = (id: string) => tokensKey({ id });
  const signedOutKey = (signInId: string) => `signed-out:${signInId}`;

  /** The tokens of a caller, with their version in the store. Those of a sign-in that has ended do not count. */
  async function find(caller: string): Promise<{ tokens: Tokens; version: string } | undefined> {
    const found = await store.read(key(caller));
    const tokens = tokensSchema.safeParse(found?.value).data;
    return found && tokens && !(await hasEnded(tokens)) ? { tokens, version: found.version } : undefined;
  }

  const load = async (caller: string) => (await find(caller))?.tokens;

  const hasEnded = async ({ signInId }: Tokens) => Boolean(await store.get(signedOutKey(signInId)));

  /**
   * Renews tokens: RFC 6749, section 6. A final refusal by APS (`invalid_grant`) ends the sign-in, unless another request
   * has renewed it in the meantime. Other failures are thrown, and leave the tokens as they are.
   *
   * @returns undefined for a caller who must sign in
   */
  function renew(caller: string, stale: Tokens): Promise<Tokens | undefined> {
    // APS has renewed them already, in answer to this instance.
    if (unsaved.has(caller)) return renewNow(caller, stale, () => load(caller));
    const afterOthers = <T>(work: (isHolder: boolean) => Promise<T>) =>
      underLease(store, `renewal:${caller}`, { lifetime: leaseLifetime, patience }, work);
    return afterOthers((isHolder) =>
      renewNow(caller, stale, isHolder ? () => load(caller) : () => afterOthers(() => load(caller))),
    );
  }

  /** @param loadAgain - what is there after APS has refused: the tokens of another instance, if one was faster */
  async function renewNow(
    caller: string,
    stale: Tokens,
    loadAgain: () => Promise<Tokens | undefined>,
  ): Promise<Tokens | undefined> {
    const before = await find(caller);
    // Another request has renewed them, or signed out.
    if (!before || !isSame(before.tokens, stale)) return before?.tokens;
    const { tokens, version } = before;
    if (tokens.refresh === '') return forget(caller, version);
    const issuedAt = now();
    if (isStuck(tokens) && issuedAt - (tokens.refusals?.last ?? 0) < retryInterval) return undefined;
    const issued = unsaved.get(caller);
    if (issued?.refresh === tokens.refresh) return accept(caller, tokens, issued.tokens);
    try {
      const answer = await requestRenewal(tokens.refresh);
      const refresh = answer.refresh_token ?? tokens.refresh;
      // APS no longer accepts the old refresh token, whatever is wrong with the access token.
      if (!canBeSent(answer.access_token)) await accept(caller, tokens, { ...tokens, refresh });
      const { value, renewAt } = accessTokenFrom(answer, issuedAt);
      return await accept(caller, tokens, { access: value, renewAt, refresh, signInId: tokens.signInId });
    } catch (error) {
      if (!(error instanceof RenewalRefused)) throw error;
      const current = await loadAgain();
      if (current && !isSame(current, tokens)) return current;
      if (error.isFinal) return forget(caller, version);
      if (!current) throw error.failure;
      const { count, first } = current.refusals ?? { count: 0, first: issuedAt };
      const refused = { ...current, refusals: { count: count + 1, first, last: issuedAt } };
      await store.replace(key(caller), version, refused, lifetime);
      if (!isStuck(refused)) throw error.failure;
      return undefined;
    }
  }

  /**
   * Saves tokens that APS has issued in place of others. If a new sign-in has finished in the meantime, its tokens count. If
   * the caller has signed out, nobody gets any. While the store is down, this instance keeps trying: the other instances know
   * only the refresh token that APS no longer accepts.
   */
  async function accept(caller: string, used: Tokens, issued: Tokens): Promise<Tokens | undefined> {
    const save = async () => {
      const kept = await keepInPlaceOf(caller, used, issued);
      if (unsaved.get(caller)?.tokens === issued) unsaved.delete(caller);
      rejected.delete(caller);
      return kept;
    };
    unsaved.set(caller, { refresh: used.refresh, tokens: issued });
    try {
      return await save();
    } catch (error) {
      if (error instanceof StoreUnavailable) later(save);
      throw error;
    }
  }

  async function keepInPlaceOf(caller: string, used: Tokens, issued: Tokens): Promise<Tokens | undefined> {
    for (;;) {
      const found = await store.read(key(caller));
      const current = tokensSchema.safeParse(found?.value).data;
      if (current && !isSame(current, used)) return current;
      // After reading: a sign-out leaves the mark first, and then takes the tokens.
      if (await hasEnded(issued)) {
        await revokeBoth(issued.refresh, issued.access).catch(() => {});
        return undefined;
      }
      // Nothing is there if another request lost the race against this one: APS told it that the sign-in had ended.
      const isKept = found
        ? await store.replace(key(caller), found.version, issued, lifetime)
        : await store.add(key(caller), issued, lifetime);
      if (isKept) return issued;
    }
  }

  /** Deletes the tokens of a sign-in that has ended. If others are there by now, they count. */
  async function forget(caller: string, version: string): Promise<Tokens | undefined> {
    rejected.delete(caller);
    return (await store.delete(key(caller), version)) ? undefined : load(caller);
  }

  /** Deletes the tokens of a sign-in that has ended, and gives those that were there. Those of a later sign-in stay. */
  async function take(caller: string, { signInId }: Tokens): Promise<Tokens | undefined> {
    for (;;) {
      const found = await store.read(key(caller));
      const tokens = tokensSchema.safeParse(found?.value).data;
      if (!found || tokens?.signInId !== signInId) return undefined;
      if (await store.delete(key(caller), found.version)) return tokens;
    }
  }

  /** The same, in the background while the store is down: the sign-in has ended, and nobody can ask once more. */
  async function takeOrLater(caller: string, known: Tokens): Promise<Tokens | undefined> {
    try {
      return await take(caller, known);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      later(async () => {
        const tokens = await take(caller, known);
        // A renewal elsewhere can have replaced those that are revoked now.
        if (tokens && !isSame(tokens, known)) await revokeBoth(tokens.refresh, tokens.access).catch(() => {});
      });
      return known;
    }
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
      const tokens = { access: value, renewAt, refresh: answer.refresh_token ?? '', signInId };
      await store.set(key(id), tokens, lifetime);
      rejected.delete(id);
    },

    discard: ({ refresh_token, access_token }) => revokeBoth(refresh_token, access_token).catch(() => {}),

    async signInIdOf({ id }) {
      const tokens = await load(id);
      if (!tokens || !isStuck(tokens)) return tokens?.signInId;
      const renewed = await renewals.run(id, () => renew(id, tokens)).catch(() => undefined);
      return renewed?.signInId;
    },

    async signOut({ id }) {
      // Also those of a sign-in that has ended: an instance that failed may have left them.
      const before = tokensSchema.safeParse(await store.get(key(id))).data;
      if (!before) return 'was not signed in';
      // First, so that a renewal under way sees it: here or elsewhere, it revokes what it gets.
      const isFirst = await store.add(signedOutKey(before.signInId), true, signOutLifetime);
      await renewals.settled(id);
      const taken = await takeOrLater(id, before);
      rejected.delete(id);
      if (!taken && !isFirst) return 'was not signed in';
      const tokens = taken ?? before;
      try {
        await revokeBoth(tokens.refresh, tokens.access);
        return 'signed out';
      } catch {
        return 'deleted only';
      }
    },
  };
}

/** Whether two records hold the same tokens. */
function isSame(one: Tokens, other: Tokens): boolean {
  return one.access === other.access && one.refresh === other.refresh;
}

/** Whether APS has refused to renew tokens so often, and for so long, that their caller is asked to sign in. */
function isStuck({ refusals }: Tokens): boolean {
  return (
    refusals !== undefined &&
    refusals.count >= conclusive.count &&
    refusals.last - refusals.first >= conclusive.time
  );
}
