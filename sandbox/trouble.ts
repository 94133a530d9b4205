// The trouble switches, which simulate failures, and the choice of the one that applies to a call.
import { z } from 'zod';

const retryAfter = z
  .string()
  .refine(
    (value) => /^\d+$/.test(value) || (/^[A-Z][\w ,:]+ GMT$/.test(value) && !Number.isNaN(Date.parse(value))),
    'must be a number of seconds or an HTTP date (RFC 9110 section 10.2.3)',
  );

/**
 * A fault: an error response, or a connection dropped before or midway through the response.
 *
 * @example
 * import { faultSchema } from 'aps-mcp/sandbox';
 *
 * export const fault = faultSchema.parse({ status: 503, retryAfter: '2' });
 */
export const faultSchema = z.union([
  z.strictObject({
    status: z.literal([408, 429, 500, 502, 503, 504]),
    retryAfter: retryAfter.optional(),
  }),
  z.strictObject({ drop: z.enum(['before', 'midway']) }),
]);

/**
 * The trouble switches, independent of each other. If several apply to a call, the first one in this order is used.
 *
 * - `latencyMs` delays every response, in milliseconds.
 * - `failAll` is a fault for every request.
 * - `rateLimit`: this many of the next requests to each route (method and path) get 429 with `Retry-After: 1`.
 * - `sequence`: each distinct call (method, path, query and grant) gets these faults in order, one per attempt.
 * - `everyNth` is a fault for every n-th request.
 * - `tokenLifetimeSeconds` is the lifetime of access tokens issued from now on, in seconds.
 *
 * @example
 * import { troubleSchema } from 'aps-mcp/sandbox';
 *
 * export const slow = troubleSchema.partial().parse({ latencyMs: 2000 });
 */
export const troubleSchema = z.strictObject({
  /** Delays every response, in milliseconds. */
  latencyMs: z.int().min(0).max(600_000),
  /** Applies to every request. */
  failAll: faultSchema.nullable(),
  /** This many of the next requests to each route (method and path) get 429 with `Retry-After: 1`. */
  rateLimit: z.int().min(0),
  /** Each distinct call (method, path, query and grant) gets these faults in order, one per attempt. */
  sequence: z.array(faultSchema).max(100),
  /** Applies to every n-th request. */
  everyNth: z.strictObject({ n: z.int().min(1), fault: faultSchema }).nullable(),
  /** Lifetime of access tokens issued from now on, in seconds. */
  tokenLifetimeSeconds: z.int().min(1).max(86_400),
});

/**
 * What goes wrong: see {@link faultSchema}.
 *
 * @example
 * import type { Fault } from 'aps-mcp/sandbox';
 *
 * export const sequence: Fault[] = [{ status: 503 }, { drop: 'before' }];
 */
export type Fault = z.infer<typeof faultSchema>;
/**
 * The values of the trouble switches: see {@link troubleSchema}.
 *
 * @example
 * import { startSandbox, type Trouble } from 'aps-mcp/sandbox';
 *
 * const badDay: Partial<Trouble> = { latencyMs: 500, everyNth: { n: 3, fault: { status: 502 } } };
 * const sandbox = await startSandbox();
 * sandbox.trouble.set(badDay);
 * await sandbox.close();
 */
export type Trouble = z.infer<typeof troubleSchema>;

/** The parts of a request that identify a call. */
export type Call = { method: string; path: string; query: string; grant: string | undefined };

export type TroubleSwitches = {
  readonly current: Trouble;
  /** Changes the given switches and leaves the others. Throws a `ZodError` if a value is out of range. */
  set(partial: Partial<Trouble>): void;
  /** Switches everything off and restarts the counts. */
  reset(): void;
  /** Counts a call and returns the fault that applies to it, if any. */
  strike(call: Call): Fault | undefined;
};

/** Creates the switches, all off. `reset()` restores `tokenLifetimeSeconds`. */
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

  /** Setting a switch restarts its count. */
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
