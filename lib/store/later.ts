/** What must still be written when the store is back. */
import { StoreUnavailable } from './store.ts';

/** How long to wait between two attempts, in milliseconds. */
const interval = 250;

/** What would be lost with the process. */
const unwritten = new Set<Promise<void>>();

/**
 * Does work again and again, in the background, until the store takes it. Keeps no process alive.
 *
 * @param work - throws {@link StoreUnavailable} to be called again; any other failure ends it
 * @param lifetime - for how many milliseconds it makes sense; as long as the process lives, by default
 */
export function later(work: () => Promise<unknown>, lifetime = Number.POSITIVE_INFINITY): void {
  const end = Date.now() + lifetime;
  const done = new Promise<void>((resolve) => {
    const attempt = () => {
      if (Date.now() > end) return resolve();
      work().then(
        () => resolve(),
        (error: unknown) => {
          if (error instanceof StoreUnavailable) setTimeout(attempt, interval).unref();
          else resolve();
        },
      );
    };
    setTimeout(attempt, interval).unref();
  });
  if (lifetime !== Number.POSITIVE_INFINITY) return;
  unwritten.add(done);
  void done.then(() => unwritten.delete(done));
}

/** Resolves when nothing is left that would be lost with the process; undefined if that is so already. */
export function whenWritten(): Promise<unknown> | undefined {
  return unwritten.size > 0 ? Promise.all(unwritten) : undefined;
}
