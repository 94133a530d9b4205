/** HTTP towards APS: what is tried again, how often and when. Tokens are not known here. */
import ky, { HTTPError, type KyInstance, TimeoutError } from 'ky';
import { ApsError, retryAfter } from './errors.ts';

/** How patient to be with APS. */
export type Patience = {
  /** Longest wait for one answer, in milliseconds. Default 15,000. */
  timeout?: number;
  /** Most retries of one request after the first attempt. Default 4. */
  retries?: number;
  /** Wait before retry number `attempt` (from 1), in milliseconds. Default: 300, 600, 1200, 2400, jittered. */
  backoff?: (attempt: number) => number;
  /** Longest `Retry-After` that is waited for, in milliseconds. Longer ones are reported. Default 30,000. */
  longestRetryAfter?: number;
};

/**
 * A `ky` instance for APS. Tries GET and DELETE again after 408, 429, 500, 502, 503, 504, timeouts and dropped
 * connections; waits as long as `Retry-After` says, or backs off. Answers are read whole, so that a connection
 * that drops in the middle of a body counts as dropped. Redirects are not followed: a token must not travel.
 */
export function apsHttp(patience: Patience = {}): KyInstance {
  const { timeout = 15_000, retries = 4, longestRetryAfter = 30_000 } = patience;
  const backoff = patience.backoff ?? ((attempt) => 300 * 2 ** (attempt - 1));
  const retryable = [408, 429, 500, 502, 503, 504];
  return ky.create({
    timeout,
    redirect: 'manual',
    headers: { 'user-agent': 'aps-mcp-servers' },
    retry: {
      limit: retries,
      methods: ['get', 'delete'],
      statusCodes: retryable,
      afterStatusCodes: retryable,
      retryOnTimeout: true,
      delay: backoff,
      jitter: patience.backoff ? undefined : (delay) => delay * (0.5 + Math.random()),
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

/** Of the headers that say how long to wait, `ky` heeds more than one. APS documents `Retry-After`, if it can be read. */
function onlyRetryAfter(response: Response): Headers {
  const headers = new Headers(response.headers);
  const others = ['ratelimit-reset', 'x-ratelimit-retry-after', 'x-ratelimit-reset', 'x-rate-limit-reset'];
  for (const name of others) headers.delete(name);
  if (retryAfter(response) === undefined) headers.delete('retry-after');
  return headers;
}

/** Statuses without a body (Fetch Standard, "null body status") take none, not even an empty one. */
function bodyOf(response: Response, bytes: ArrayBuffer): ArrayBuffer | null {
  return [204, 205, 304].includes(response.status) ? null : bytes;
}

/** The error for a request that got no answer. */
export function unreachable(url: URL | string, cause: unknown): ApsError {
  const { origin } = new URL(url);
  return new ApsError(`APS did not answer: ${origin} cannot be reached, or answers too slowly`, {
    advice: 'It was tried several times. Check the network, a proxy, and APS_BASE_URL; then try again.',
    // A TimeoutError holds the request, and with it a token.
    cause: cause instanceof TimeoutError ? undefined : cause,
  });
}
