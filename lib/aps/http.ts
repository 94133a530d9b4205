/** HTTP requests to APS: which failures are retried, how often and when. Knows nothing of tokens. */
import ky, { type BeforeRetryHook, type Options, TimeoutError } from 'ky';
import { ApsError, retryAfter } from './errors.ts';

/**
 * How long to wait for APS, and how often to retry.
 *
 * @example
 * import type { RetryPolicy } from 'aps-mcp';
 *
 * // One retry after a tenth of a second, for tests.
 * export const retryPolicy: RetryPolicy = { retries: 1, backoff: () => 100 };
 */
export type RetryPolicy = {
  /** Longest wait for one answer, in milliseconds. Default 15,000. */
  timeout?: number;
  /** Most retries of one request after the first attempt. Default 4. */
  retries?: number;
  /** Shortest wait before retry number `attempt` (from 1), in milliseconds. Default: 300, 600, 1200, 2400, jittered. */
  backoff?: (attempt: number) => number;
  /** The longest `Retry-After` to wait for, in milliseconds; a longer one is an error at once. Default 30,000. */
  longestRetryAfter?: number;
  /** No retry begins later than this after the request, in milliseconds, unless the request has a deadline. Default 30,000. */
  longest?: number;
};

/** A request, and until when it can be retried, by the clock of `performance.now()`. */
type Message = Pick<Options, 'method' | 'body' | 'json' | 'signal'> & {
  headers?: Record<string, string>;
  until?: number;
};

/**
 * Sends a request, and returns the last answer whatever its status. If the signal aborts while an answer is being retried,
 * that answer is returned too: what APS said until then is the reason.
 *
 * @throws {ApsError} when no answer came
 * @throws the reason of the signal when it aborts before any answer
 */
export type ApsHttp = (url: URL | string, message: Message) => Promise<Response>;

const transient = [408, 429, 500, 502, 503, 504];

/**
 * Makes a function for requests to APS. It retries transient failures (408, 429, 500, 502, 503, 504, timeouts, dropped
 * connections) with backoff, or after the time that `Retry-After` names if that is longer. Where a wait would end too late,
 * it returns the answer at once. It reads answers whole, so that a connection lost in the middle of a body counts as
 * dropped, and follows no redirects: they could take a token or a code elsewhere.
 *
 * @param options.methods - which methods are retried. Default GET and DELETE
 * @param options.beforeRetry - changes a request before it is sent again
 */
export function apsHttp(
  policy: RetryPolicy = {},
  options: { methods?: ('get' | 'post' | 'delete')[]; beforeRetry?: BeforeRetryHook[] } = {},
): ApsHttp {
  const { timeout = 15_000, retries = 4, longestRetryAfter = 30_000, longest = 30_000 } = policy;
  const backoff = policy.backoff ?? ((attempt) => 300 * 2 ** (attempt - 1) * (0.5 + Math.random()));
  const { methods = ['get', 'delete'], beforeRetry = [] } = options;

  return async (url, { until = performance.now() + longest, headers, ...message }) => {
    const { method = 'get', signal } = message;
    const canRetry = methods.some((each) => each === method.toLowerCase());
    let attempts = 0;
    /** The last answer that was not the final one. */
    let refusal: Response | undefined;
    /** How long to wait after it, in milliseconds; undefined once the next attempt has begun. */
    let wait: number | undefined;

    /** How long to wait before sending a request again; undefined when its answer is the last. */
    function waitAfter(answer: Response): number | undefined {
      if (!canRetry || attempts > retries || !transient.includes(answer.status)) return undefined;
      const asked = retryAfter(answer) ?? 0;
      const long = Math.max(asked, backoff(attempts));
      return asked > longestRetryAfter || performance.now() + long >= until ? undefined : long;
    }

    try {
      return await ky(url, {
        ...message,
        headers: { ...headers, 'user-agent': 'aps-mcp' },
        timeout,
        redirect: 'manual',
        throwHttpErrors: false,
        // For what throws below: requests without an answer, and answers that are not the last.
        retry: {
          ...{ limit: retries, methods, retryOnTimeout: true },
          shouldRetry: () => (wait !== undefined || performance.now() < until ? undefined : false),
          delay: (attempt) => wait ?? backoff(attempt),
        },
        hooks: { beforeRetry },
        // Here, and not in a hook: the timeout covers the body too.
        async fetch(request, init) {
          attempts += 1;
          wait = undefined;
          const response = await fetch(request, init);
          const answer = new Response(bodyOf(response, await response.arrayBuffer()), response);
          wait = waitAfter(answer);
          if (wait === undefined) return answer;
          refusal = answer;
          throw new Error(`APS answered ${answer.status}`);
        },
      });
    } catch (error) {
      if (!signal?.aborted) throw unreachable(url, error);
      if (refusal) return refusal;
      throw signal.reason;
    }
  };
}

/** Statuses without a body (Fetch Standard, "null body status") take none, not even an empty one. */
function bodyOf(response: Response, bytes: ArrayBuffer): ArrayBuffer | null {
  return [204, 205, 304].includes(response.status) ? null : bytes;
}

/** The error for a request that got no answer. */
function unreachable(url: URL | string, cause: unknown): ApsError {
  const { origin } = new URL(url);
  return new ApsError(`APS did not answer: ${origin} is unreachable or too slow`, {
    advice: 'Retries failed too. Check the network, your proxy and APS_BASE_URL, then try again.',
    // A TimeoutError holds the request, and the request holds a token.
    cause: cause instanceof TimeoutError ? undefined : cause,
  });
}
