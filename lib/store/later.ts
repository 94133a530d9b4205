/** What must still be written when the store is back. */
import { StoreUnavailable } from './store.ts';

/** How long to wait between two attempts, in milliseconds. */
const interval = 250;

/**
 * Does work again and again, in the background, until the store takes it. Keeps no process alive.
 *
 * @param work - throws {@link StoreUnavailable} to be called again; any other failure ends it
 * @param lifetime - for how many milliseconds it makes sense; as long as the process lives, by default
 */
export function later(work: () => Promise<unknown>, lifetime = Number.POSITIVE_INFINITY): void {
  const end = Date.now() + lifetime;
  const attempt = () => {
    if (Date.now() > end) return;
    work().catch((error: unknown) => {
      if (error instanceof StoreUnavailable) setTimeout(attempt, interval).unref();
    });
  };
  setTimeout(attempt, interval).unref();
}
