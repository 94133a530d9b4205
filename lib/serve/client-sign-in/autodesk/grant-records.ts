/**
 * What is stored of grants. A record never changes: it says that something is there, or that something has happened, and
 * two requests that write it write the same, or the first one counts. So no order of concurrent requests, at one instance or
 * at several with one store, brings back what has ended.
 */
import { z } from 'zod';
import { callerSchema } from '../../../caller.ts';
import { digest } from '../../../digest.ts';
import type { Store } from '../../../store/store.ts';

const grantSchema = z.object({
  caller: callerSchema,
  /** The Autodesk account. */
  sub: z.string(),
  /** Its address, if Autodesk had verified it at the sign-in. */
  verifiedEmail: z.string().optional(),
  /** Identifies the sign-in to Autodesk that it came from among others of the same person. */
  signInId: z.string(),
  clientId: z.string(),
  /** When it ends whatever is renewed, in milliseconds since 1970. */
  endsAt: z.number(),
});
export type Grant = z.infer<typeof grantSchema>;

const refreshSchema = z.object({
  grant: z.string(),
  clientId: z.string(),
  /** When it was stored, in milliseconds since 1970. */
  at: z.number(),
});
/** Which grant a refresh token renews, and for which client. */
export type Refresh = z.infer<typeof refreshSchema>;

/** With the name of the key from which the next refresh token is derived. */
const firstUseSchema = z.object({ successorKey: z.string() });
/** The first use of a refresh token. */
export type FirstUse = z.infer<typeof firstUseSchema>;

/** Of refresh tokens, in seconds: as long as those of APS. Each renewal starts it again. */
export const refreshLifetime = 15 * 24 * 3600;

/** How long redeeming a code can take, with all retries at APS, and more, in seconds. */
const longestRedemption = 600;

/** How much longer what has happened is remembered than what it happened to, in seconds: longer than any request takes. */
const margin = 3600;

export type GrantRecords = {
  /** Keeps a grant and the refresh token that renews it, stored `at` unless it is there already. @param lifetime - in seconds */
  keep(
    id: string,
    grant: Grant,
    refresh: Pick<Refresh, 'at'> & { refreshToken: string },
    lifetime: number,
  ): Promise<void>;
  /** A grant that nobody has ended. */
  find(id: string): Promise<Grant | undefined>;
  /** Whether there is or was a grant. */
  exists(id: string): Promise<boolean>;
  /** Ends a grant for good, whatever is written at the same moment or later. */
  end(id: string): Promise<void>;
  /**
   * Ends the grant for a code that came again, also if another request is making it. That one keeps the grant first, and then
   * asks {@link wasReplayed}. This one leaves its mark first, and then looks for the grant. So at least one sees the other.
   */
  endReplayed(id: string): Promise<void>;
  /** Whether {@link endReplayed} was called. */
  wasReplayed(id: string): Promise<boolean>;
  findRefresh(refreshToken: string): Promise<Refresh | undefined>;
  /** The first use of a refresh token; undefined if it was not used. */
  firstUseOf(refreshToken: string): Promise<FirstUse | undefined>;
  /** Notes a use of a refresh token. Gives the first one, whichever instance noted it. */
  markUsed(refreshToken: string, use: FirstUse): Promise<FirstUse>;
};

/** @param grantLifetime - the most that a grant lives, in seconds */
export function grantRecords(store: Store, grantLifetime: number): GrantRecords {
  const has = async (key: string) => Boolean(await store.get(key));

  async function exists(id: string): Promise<boolean> {
    const found = await Promise.all([has(grantKey(id)), has(endedKey(id))]);
    return found.includes(true);
  }

  const end = (id: string) => store.set(endedKey(id), true, grantLifetime + margin);

  async function firstUseOf(refreshToken: string): Promise<FirstUse | undefined> {
    return firstUseSchema.safeParse(await store.get(usedKey(refreshToken))).data;
  }

  return {
    async keep(id, grant, { refreshToken, at }, lifetime) {
      const refresh: Refresh = { grant: id, clientId: grant.clientId, at };
      await store.set(grantKey(id), grant, lifetime);
      await store.add(refreshKey(refreshToken), refresh, lifetime);
    },

    async find(id) {
      const [ended, grant] = await Promise.all([has(endedKey(id)), store.get(grantKey(id))]);
      return ended ? undefined : grantSchema.safeParse(grant).data;
    },

    exists,
    end,

    async endReplayed(id) {
      await store.set(replayedKey(id), true, longestRedemption);
      if (await exists(id)) await end(id);
    },

    wasReplayed: (id) => has(replayedKey(id)),

    findRefresh: async (refreshToken) =>
      refreshSchema.safeParse(await store.get(refreshKey(refreshToken))).data,

    firstUseOf,

    async markUsed(refreshToken, use) {
      const isFirst = await store.add(usedKey(refreshToken), use, refreshLifetime + margin);
      return (isFirst ? undefined : await firstUseOf(refreshToken)) ?? use;
    },
  };
}

function grantKey(id: string): string {
  return `grant:${id}`;
}

function endedKey(id: string): string {
  return `grant-ended:${id}`;
}

function replayedKey(id: string): string {
  return `code-replayed:${id}`;
}

/** A digest, so that nobody who reads the store finds a usable token in it. */
function refreshKey(refreshToken: string): string {
  return `refresh:${digest(refreshToken)}`;
}

function usedKey(refreshToken: string): string {
  return `refresh-used:${digest(refreshToken)}`;
}
