/** A store as it is behind a network: each operation takes a random time, and takes effect somewhere within it. */
import { setTimeout as wait } from 'node:timers/promises';
import { memoryBackend } from '../../lib/store/memory.ts';
import { createStore, type Store } from '../../lib/store/store.ts';

/** Random numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param longest - the most that an operation takes, in milliseconds */
export function distantStore(random: () => number, longest: number): Store {
  async function trip<T>(operation: () => Promise<T>): Promise<T> {
    const time = random() * longest;
    const there = random() * time;
    await wait(there);
    const answer = await operation();
    await wait(time - there);
    return answer;
  }
  const near = memoryBackend();
  return createStore({
    ...near,
    get: (...question) => trip(() => near.get(...question)),
    set: (...question) => trip(() => near.set(...question)),
    add: (...question) => trip(() => near.add(...question)),
    replace: (...question) => trip(() => near.replace(...question)),
    delete: (...question) => trip(() => near.delete(...question)),
  });
}
