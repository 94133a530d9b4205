/** Writing later what the store could not take while it was down. */
import { StoreUnavailable } from './store.ts';

/** How long to wait between two attempts, in milliseconds. */
const interval = 250;

/** What would be lost if the process ended. */
const unwritten = new Set<Promise<void>>();

/**
 * Does work again and again, in the background, until the store takes it. Keeps no process alive.
 *
 * @param work - throws {@link StoreUnavailable} to be called again; any other failure ends it
 * @param lifetime - for how many milliseconds it makes sense. Without it, the work must be done, and {@link whenWritten} waits
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

/** Does work at once, or {@link later} if that fails. */
export async function nowOrLater(work: () => Promise<unknown>, lifetime: number): Promise<void> {
  await work().catch(() => later(work, lifetime));
}

/** Resolves when all work without a lifetime is done; undefined if there is none. */
export function whenWritten(): Promise<unknown> | undefined {
  return unwritten.size > 0 ? Promise.all(unwritten) : undefined;
}
