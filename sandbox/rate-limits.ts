// Counts calls against the limits per minute that the APS documents state.
import { gatewayError } from './errors.ts';

const windowMs = 60_000;

/**
 * A function that counts one call under `key` and answers it with 429, `Retry-After` in seconds, when more than
 * `perMinute` fall in the minute that ends now.
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
