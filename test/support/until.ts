/** Waiting for something that happens in this process. */

/**
 * Resolves as soon as `condition` holds; a test that waits in vain ends by its own timeout. Unlike `expect.poll` it
 * leaves faked timers alone.
 */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
