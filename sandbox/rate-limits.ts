// Counts calls, and refuses those beyond a published rate limit.
import { gatewayError } from './errors.ts';

const windowMs = 60_000;

export type RateLimits = {
  /** Whether calls beyond a limit are refused. While they are not, no call is counted. */
  enforced: boolean;
  /**
   * Counts one call under `key`. Beyond `perMinute` calls within the last 60 seconds, returns a 429 with `Retry-After`
   * in seconds.
   */
  count(key: string, perMinute: number): Response | undefined;
};

export function createRateLimits(now: () => number, enforced: boolean): RateLimits {
  const callsByKey = new Map<string, number[]>();
  const limits: RateLimits = {
    enforced,
    count(key, perMinute) {
      if (!limits.enforced) return undefined;
      const at = now();
      const recent = (callsByKey.get(key) ?? []).filter((call) => call > at - windowMs);
      callsByKey.set(key, recent);
      const oldest = recent[0];
      if (oldest !== undefined && recent.length >= perMinute) {
        const seconds = Math.ceil((oldest + windowMs - at) / 1000);
        return gatewayError('ERR-001', { headers: { 'retry-after': String(seconds) } });
      }
      recent.push(at);
      return undefined;
    },
  };
  return limits;
}
