/** A store that remembers what it was given, so that a test can look at what never leaves a server, and hold it up. */
import { z } from 'zod';
import type { Backend } from '../../lib/store/backend.ts';
import { memoryBackend } from '../../lib/store/memory.ts';
import { createStore, type Store, StoreUnavailable } from '../../lib/store/store.ts';

const apsTokens = z
  .object({ access: z.string(), refresh: z.string() })
  .transform(({ access, refresh }) => ({ accessToken: access, refreshToken: refresh }));

type Operation = 'get' | 'write' | 'delete' | 'check';

export type WatchedStore = Store & {
  /** Everything that it was ever given to write, oldest first. */
  readonly given: { key: string; value: unknown }[];
  /** The tokens of APS that came last. */
  apsTokens(): z.infer<typeof apsTokens>;
  /** The keys under which something is left. */
  left(): Promise<string[]>;
  /** What is waited for after something was looked up, and before it is written or deleted. It can fail. */
  pause(operation: Operation, key: string): Promise<void>;
};

/** A store that does not answer: give it to `pause`. */
export async function outage(): Promise<void> {
  throw new StoreUnavailable('The store redis://10.0.0.7:6379 cannot be used. Check that Redis runs there.');
}

/** The kind of what lies under a key. */
export const kindOf = (key: string): string => key.slice(0, key.indexOf(':'));

/** @param inner - where things lie; in memory by default */
export function watchedStore(inner: Backend = memoryBackend()): WatchedStore {
  const given: WatchedStore['given'] = [];
  const write = async <T>(key: string, text: string, work: () => Promise<T>): Promise<T> => {
    given.push({ key, value: JSON.parse(text) });
    await watched.pause('write', key);
    return work();
  };
  const backend: Backend = {
    ...inner,
    async get(key) {
      const text = await inner.get(key);
      await watched.pause('get', key);
      return text;
    },
    set: (key, text, lifetime) => write(key, text, () => inner.set(key, text, lifetime)),
    add: (key, text, lifetime) => write(key, text, () => inner.add(key, text, lifetime)),
    replace: (key, expected, text, lifetime) =>
      write(key, text, () => inner.replace(key, expected, text, lifetime)),
    async delete(key, expected) {
      await watched.pause('delete', key);
      return inner.delete(key, expected);
    },
    async check() {
      await watched.pause('check', '');
      return inner.check();
    },
  };
  const watched: WatchedStore = {
    ...createStore(backend),
    given,
    apsTokens: () => apsTokens.parse(given.findLast(({ key }) => kindOf(key) === 'tokens')?.value),
    async left() {
      const keys = [...new Set(given.map(({ key }) => key))];
      const found = await Promise.all(keys.map((key) => inner.get(key)));
      return keys.filter((_, index) => found[index] !== undefined);
    },
    pause: async () => {},
  };
  return watched;
}
