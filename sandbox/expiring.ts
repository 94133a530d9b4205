// A table of things that are handed out under an unguessable name, each for the same time.
import { randomBytes } from 'node:crypto';

/** A thing in the table. `expiresAt` is in milliseconds since the epoch. */
export type Kept<T> = { readonly thing: T; readonly expiresAt: number };

export type Expiring<T> = {
  /** Keeps a thing and returns its name. */
  add(thing: T): string;
  /** Undefined when the name is unknown, has expired or was dropped. */
  find(name: string): Kept<T> | undefined;
  drop(name: string): void;
};

export function createExpiring<T>(now: () => number, lifetimeSeconds: number): Expiring<T> {
  const kept = new Map<string, Kept<T>>();

  /** The oldest come first, and all last equally long. */
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
