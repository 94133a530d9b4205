/** HTTP requests to APS: which failures are retried, how often and when. Knows nothing of tokens. */
import ky, { HTTPError, type KyInstance, TimeoutError } from 'ky';
import { ApsError, retryAfter } from './errors.ts';

/** How long to wait for APS, and how often to retry. */
export type RetryPolicy = {
  /** Longest wait for one answer, in milliseconds. Default 15,000. */
  timeout?: number;
  /** Most retries of one request after the first attempt. Default 4. */
  retries?: number;
  /** Wait before retry number `attempt` (from 1), in milliseconds. Default: 300, 600, 1200, 2400, jittered. */
  backoff?: (attempt: number) => number;
  /** The longest `Retry-After` to wait for, in milliseconds; a longer one is reported. Default 30,000. */
  longestRetryAfter?: number;
};

/**
 * A `ky` instance for APS. Retries transient failures of GET and DELETE (408, 429, 500, 502, 503, 504, timeouts, dropped
 * connections) after the time that `Retry-After` names, or with backoff. Reads answers whole, so that a connection lost
 * in the middle of a body counts as dropped. Follows no redirects: they could take a token or a code elsewhere.
 */
export function apsHttp(policy: RetryPolicy = {}): KyInstance {
  const { timeout = 15_000, retries = 4, longestRetryAfter = 30_000 } = policy;
  const backoff = policy.backoff ?? ((attempt) => 300 * 2 ** (attempt - 1));
  const retryable = [408, 429, 500, 502, 503, 504];
  return ky.create({
    timeout,
    redirect: 'manual',
    headers: { 'user-agent': 'aps-mcp' },
    retry: {
      limit: retries,
      methods: ['get', 'delete'],
      statusCodes: retryable,
      afterStatusCodes: retryable,
      retryOnTimeout: true,
      delay: backoff,
      jitter: policy.backoff ? undefined : (delay) => delay * (0.5 + Math.random()),
      shouldRetry: ({ error }) =>
        error instanceof HTTPError && (retryAfter(error.response) ?? 0) > longestRetryAfter
          ? false
          : undefined,
    },
    // Here, and not in a hook: the timeout covers the body too.
    fetch: async (request, init) => {
      const response = await fetch(request, init);
      return new Response(bodyOf(response, await response.arrayBuffer()), {
        status: response.status,
        statusText: response.statusText,
        headers: onlyRetryAfter(response),
      });
    },
  });
}

/** `ky` honors several headers that say how long to wait. APS documents one, `Retry-After`. */
function onlyRetryAfter(response: Response): Headers {
  const headers = new Headers(response.headers);
  const others = ['ratelimit-reset', 'x-ratelimit-retry-after', 'x-ratelimit-reset', 'x-rate-limit-reset'];
  for (const name of others) headers.delete(name);
  if (headers.has('retry-after') && retryAfter(response) === undefined) headers.delete('retry-after');
  return headers;
}

/** Statuses without a body (Fetch Standard, "null body status") take none, not even an empty one. */
function bodyOf(response: Response, bytes: ArrayBuffer): ArrayBuffer | null {
  return [204, 205, 304].includes(response.status) ? null : bytes;
}

/** The error for a request that got no answer. */
export function unreachable(url: URL | string, cause: unknown): ApsError {
  const { origin } = new URL(url);
  return new ApsError(`APS did not answer: ${origin} is unreachable or too slow`, {
    advice: 'Retries failed too. Check the network, your proxy and APS_BASE_URL, then try again.',
    // A TimeoutError holds the request, and the request holds a token.
    cause: cause instanceof TimeoutError ? undefined : cause,
  });
}
