/** The listeners in this process that watch keys of a store. */

export type Watchers = {
  announce(key: string): void;
  /** @returns a function that stops watching */
  watch(key: string, listener: () => void): () => void;
};

/**
 * @param pollInterval - how often all are woken without an announcement, in milliseconds, where one can get lost; never, by
 *   default
 */
export function createWatchers(pollInterval?: number): Watchers {
  const watchers = new Map<string, Set<() => void>>();
  let timer: NodeJS.Timeout | undefined;

  function announce(key: string): void {
    for (const listener of [...(watchers.get(key) ?? [])]) listener();
  }

  /** Polls while there are listeners, and keeps no process alive. */
  function poll(): void {
    if (pollInterval === undefined || watchers.size > 0 === (timer !== undefined)) return;
    clearInterval(timer);
    timer =
      watchers.size > 0 ? setInterval(() => [...watchers.keys()].forEach(announce), pollInterval) : undefined;
    timer?.unref();
  }

  return {
    announce,

    watch(key, listener) {
      // A function for each, so that the same listener can watch twice.
      const call = () => listener();
      const listeners = watchers.get(key) ?? new Set();
      watchers.set(key, listeners.add(call));
      poll();
      return () => {
        listeners.delete(call);
        if (listeners.size === 0 && watchers.get(key) === listeners) watchers.delete(key);
        poll();
      };
    },
  };
}
