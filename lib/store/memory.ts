/** A store in the memory of this process: a restart empties it. */
import type { Backend } from './backend.ts';
import { createStore, type Store } from './store.ts';
import { createWatchers } from './watchers.ts';

/** How often what has expired is dropped, in milliseconds: reading ignores it anyway. */
const sweepInterval = 60_000;

/** @param now - the clock, in milliseconds since 1970 */
export function memoryStore(now: () => number = () => Date.now()): Store {
  return createStore(memoryBackend(now));
}

/** @param now - the clock, in milliseconds since 1970 */
export function memoryBackend(now: () => number = () => Date.now()): Backend {
  const records = new Map<string, { text: string; expiresAt: number }>();
  const { announce, watch } = createWatchers();
  let sweptAt = now();

  function find(key: string): string | undefined {
    const record = records.get(key);
    return record && record.expiresAt > now() ? record.text : undefined;
  }

  function write(key: string, text: string, lifetime: number): void {
    records.set(key, { text, expiresAt: now() + lifetime * 1000 });
    if (now() - sweptAt < sweepInterval) return;
    sweptAt = now();
    for (const [known, { expiresAt }] of records) if (expiresAt <= sweptAt) records.delete(known);
  }

  return {
    get: async (key) => find(key),
    set: async (key, text, lifetime) => write(key, text, lifetime),

    async add(key, text, lifetime) {
      if (find(key) !== undefined) return false;
      write(key, text, lifetime);
      return true;
    },

    async replace(key, expected, text, lifetime) {
      if (find(key) !== expected) return false;
      write(key, text, lifetime);
      return true;
    },

    async delete(key, expected) {
      const text = find(key);
      if (text === undefined || (expected !== undefined && text !== expected)) return false;
      return records.delete(key);
    },

    announce: async (key) => announce(key),
    watch,
    check: async () => {},
    close: async () => records.clear(),
  };
}
