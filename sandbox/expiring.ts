// A store that keeps each value under an unguessable name, for a fixed time.
import { randomBytes } from 'node:crypto';

/** A stored value. `expiresAt` is in milliseconds since the epoch. */
export type Kept<T> = { readonly thing: T; readonly expiresAt: number };

export type Expiring<T> = {
  /** Stores a value and returns its name. */
  add(thing: T): string;
  /** Undefined if the name is unknown, expired or dropped. */
  find(name: string): Kept<T> | undefined;
  drop(name: string): void;
};

export function createExpiring<T>(now: () => number, lifetimeSeconds: number): Expiring<T> {
  const kept = new Map<string, Kept<T>>();

  /** Stops at the first live entry: entries expire in insertion order. */
  const dropExpired = () => {
    for (const [name, { expiresAt }] of kept) {
      if (expiresAt > now()) return;
      kept.delete(name);
    }
  };

  return {
    add(thing) {
      dropExpired();
      const name = randomBytes(32).toString('base64url');
      kept.set(name, { thing, expiresAt: now() + lifetimeSeconds * 1000 });
      return name;
    },

    find(name) {
      const found = kept.get(name);
      return found !== undefined && found.expiresAt > now() ? found : undefined;
    },

    drop(name) {
      kept.delete(name);
    },
  };
}
