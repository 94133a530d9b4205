/** Waiting for something that any instance can write. */
import { type Store, StoreUnavailable } from './store.ts';

/**
 * Looks for something under `key`, and looks again whenever that may have changed, until it is there.
 *
 * @param look - returns what is there; undefined to keep waiting
 * @throws what `look` throws, or the reason of `signal` once it aborts
 */
export async function waitFor<T>(
  store: Store,
  key: string,
  look: () => Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T> {
  let wake = () => {};
  let changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  // Before the first look, so that no change in between is missed.
  const unwatch = store.watch(key, () => wake());
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    let found = await look();
    while (found === undefined) {
      await Promise.race([changed, aborted]);
      changed = new Promise((resolve) => {
        wake = resolve;
      });
      // An outage of the store ends no wait: the next look may succeed.
      found = await look().catch(unlessUnavailable);
    }
    return found;
  } finally {
    unwatch();
  }
}

function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof StoreUnavailable)) throw error;
}
