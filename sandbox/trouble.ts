// The switches for trouble, and the decision which of them hits a call.
import { z } from 'zod';

const retryAfter = z
  .string()
  .refine(
    (value) => /^\d+$/.test(value) || (/^[A-Z][\w ,:]+ GMT$/.test(value) && !Number.isNaN(Date.parse(value))),
    'must be a number of seconds or an HTTP date (RFC 9110 section 10.2.3)',
  );

/** One thing that can go wrong: an error answer, or a connection dropped before or half way through the answer. */
export const faultSchema = z.union([
  z.strictObject({
    status: z.literal([408, 429, 500, 502, 503, 504]),
    retryAfter: retryAfter.optional(),
  }),
  z.strictObject({ drop: z.enum(['before', 'midway']) }),
]);

/** Every switch, each of which works on its own. Where several would hit a call, the first in this order does. */
export const troubleSchema = z.strictObject({
  /** Every answer waits this long, in milliseconds. */
  latencyMs: z.int().min(0).max(600_000),
  /** Hits every request until it is switched off. */
  failAll: faultSchema.nullable(),
  /** Each route (method and path) answers its next so many requests with 429 and `Retry-After: 1`. */
  rateLimit: z.int().min(0),
  /** Hits each distinct call (method, path, query and grant) in this order, one fault each time it is made. */
  sequence: z.array(faultSchema).max(100),
  /** Hits every n-th request. */
  everyNth: z.strictObject({ n: z.int().min(1), fault: faultSchema }).nullable(),
  /** Lifetime of the access tokens that are issued from now on, in seconds. */
  tokenLifetimeSeconds: z.int().min(1).max(86_400),
});

export type Fault = z.infer<typeof faultSchema>;
export type Trouble = z.infer<typeof troubleSchema>;

/** What the switches look at in a request. */
export type Call = { method: string; path: string; query: string; grant: string | undefined };

export type TroubleSwitches = {
  readonly current: Trouble;
  /** Changes the switches that are given and leaves the others. Throws a `ZodError` when a value is out of range. */
  set(partial: Partial<Trouble>): void;
  /** Switches everything off, and forgets what has been counted. */
  reset(): void;
  /** Counts a call and says what goes wrong with it, if anything does. */
  strike(call: Call): Fault | undefined;
};

/** Switches that are all off. `tokenLifetimeSeconds` is the lifetime that `reset()` returns to. */
export function createTroubleSwitches(tokenLifetimeSeconds: number): TroubleSwitches {
  const calm = troubleSchema.parse({
    latencyMs: 0,
    failAll: null,
    rateLimit: 0,
    sequence: [],
    everyNth: null,
    tokenLifetimeSeconds,
  });
  let current = calm;
  const timesRefused = new Map<string, number>();
  const timesStruck = new Map<string, number>();
  let requests = 0;

  /** The counts of a switch start over when it is set. */
  const forget = (changed: Partial<Trouble>) => {
    if (changed.rateLimit !== undefined) timesRefused.clear();
    if (changed.sequence !== undefined) timesStruck.clear();
    if (changed.everyNth !== undefined) requests = 0;
  };

  return {
    get current() {
      return current;
    },

    set(partial) {
      const given = Object.entries(partial).filter(([, value]) => value !== undefined);
      current = troubleSchema.parse({ ...current, ...Object.fromEntries(given) });
      forget(partial);
    },

    reset() {
      current = calm;
      forget(calm);
    },

    strike({ method, path, query, grant }) {
      requests += 1;
      if (current.failAll !== null) return current.failAll;

      const route = `${method} ${path}`;
      const refused = timesRefused.get(route) ?? 0;
      if (refused < current.rateLimit) {
        timesRefused.set(route, refused + 1);
        return { status: 429, retryAfter: '1' };
      }

      const call = `${route}${query} ${grant ?? ''}`;
      const struck = timesStruck.get(call) ?? 0;
      const next = current.sequence[struck];
      if (next !== undefined) {
        timesStruck.set(call, struck + 1);
        return next;
      }

      const { everyNth } = current;
      return everyNth !== null && requests % everyNth.n === 0 ? everyNth.fault : undefined;
    },
  };
}
