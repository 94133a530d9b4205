/** A storage as it is behind a network: each operation takes a random time, and takes effect somewhere within it. */
import { setTimeout as wait } from 'node:timers/promises';
import { MemoryTokenStorage } from 'fastmcp/auth';

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

export class DistantStorage extends MemoryTokenStorage {
  readonly #random: () => number;
  readonly #longest: number;

  /** @param longest - the most that an operation takes, in milliseconds */
  constructor(random: () => number, longest: number) {
    super();
    this.#random = random;
    this.#longest = longest;
  }

  override save(key: string, value: unknown, ttl?: number): Promise<void> {
    return this.#trip(() => super.save(key, value, ttl));
  }
  override get(key: string): Promise<unknown> {
    return this.#trip(() => super.get(key));
  }
  override take(key: string): Promise<unknown> {
    return this.#trip(() => super.take(key));
  }
  override delete(key: string): Promise<void> {
    return this.#trip(() => super.delete(key));
  }

  async #trip<T>(operation: () => Promise<T>): Promise<T> {
    const time = this.#random() * this.#longest;
    const there = this.#random() * time;
    await wait(there);
    const answer = await operation();
    await wait(time - there);
    return answer;
  }

  /** For `closing()`. */
  close(): void {
    this.destroy();
  }
}
