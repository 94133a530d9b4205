/** Those in this process who watch keys of a store. */

export type Watchers = {
  announce(key: string): void;
  /** @returns what ends it */
  watch(key: string, listener: () => void): () => void;
};

export function createWatchers(): Watchers {
  const watchers = new Map<string, Set<() => void>>();
  return {
    announce(key) {
      for (const listener of [...(watchers.get(key) ?? [])]) listener();
    },

    watch(key, listener) {
      // A function for each, so that the same listener can watch twice.
      const call = () => listener();
      const listeners = watchers.get(key) ?? new Set();
      watchers.set(key, listeners.add(call));
      return () => {
        listeners.delete(call);
        if (listeners.size === 0 && watchers.get(key) === listeners) watchers.delete(key);
      };
    },
  };
}
