/** Calls of the APS client, as tools make them. */
import { z } from 'zod';
import { type ApsClient, type ApsSession, createApsClient } from '../../lib/aps/client.ts';
import { ApsError } from '../../lib/aps/errors.ts';
import type { RetryPolicy } from '../../lib/aps/http.ts';
import { listBuckets } from '../../lib/aps/oss.ts';
import { localUser } from '../../lib/caller.ts';
import type { TokenSource } from '../../lib/token-source.ts';
import { hasty } from './serving.ts';

/** A source that gives the tokens `token-1`, `token-2`, ..., a new one whenever one was dropped. */
export function countedTokens(): TokenSource {
  let count = 1;
  return {
    get: async () => `token-${count}`,
    drop(_caller, token) {
      if (token === `token-${count}`) count += 1;
    },
  };
}

/** A client for `baseUrl` that does not wait between retries. */
export function apsAt(
  baseUrl: string,
  {
    retryPolicy,
    deadline,
    tokens = countedTokens(),
  }: {
    retryPolicy?: RetryPolicy;
    deadline?: number;
    tokens?: TokenSource;
  } = {},
): ApsClient {
  return createApsClient({ baseUrl, tokens, deadline, retryPolicy: { ...hasty, ...retryPolicy } });
}

/** Runs `work` as one tool call that nobody cancels. */
export function inOneCall<T>(aps: ApsClient, work: (session: ApsSession) => Promise<T>): Promise<T> {
  return aps.call(localUser, new AbortController().signal, work);
}

/** The keys of the first five buckets. */
export async function bucketKeys(aps: ApsClient): Promise<string[]> {
  const { items } = await inOneCall(aps, (session) => listBuckets(session, 'US', { limit: 5 }));
  return items.map((bucket) => bucket.bucketKey);
}

/** Fetches `/thing` and takes any JSON for an answer. */
export function getThing(aps: ApsClient): Promise<unknown> {
  return inOneCall(aps, (session) => session.get(session.url(['thing']), z.unknown()));
}

/** The error that `promise` rejects with, which must be one of APS. */
export async function apsErrorOf(promise: Promise<unknown>): Promise<ApsError> {
  const outcome = await promise.then(
    () => 'a result',
    (error: unknown) => error,
  );
  if (outcome instanceof ApsError) return outcome;
  throw new Error(`Expected an ApsError, got ${String(outcome)}`);
}
