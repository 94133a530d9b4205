// Enforces the published rate limits.
import { gatewayError } from './errors.ts';

const windowMs = 60_000;

/**
 * A function that counts one call under `key`. Beyond `perMinute` calls within the last 60 seconds, it returns a 429
 * with `Retry-After` in seconds.
 */
export function createRateLimit(now: () => number): (key: string, perMinute: number) => Response | undefined {
  const callsByKey = new Map<string, number[]>();
  return (key, perMinute) => {
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
  };
}
