/** State that outlasts a request: tokens of users, grants, and marks of what must not happen twice. */
import type { Backend } from './backend.ts';

/** The store cannot be reached, or did not answer in time. The message is for callers: it says nothing about the store. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** Which store it is, what is wrong, and what to do: for the operator only. */
  readonly details: string;

  constructor(details: string, options?: ErrorOptions) {
    super('The server cannot reach its store at the moment. Try again in a minute.', options);
    this.details = details;
  }
}

/**
 * Every operation is atomic, also among the instances of a deployment, and fails with {@link StoreUnavailable} when the store
 * cannot be reached. Keys are `KIND:REST`: somebody who reads the store's files sees the kind, and nothing of the rest. Values
 * are JSON. Lifetimes are in seconds.
 */
export type Store = {
  get(key: string): Promise<unknown>;
  /** A value with its version, which {@link replace} and {@link delete} take. */
  read(key: string): Promise<{ value: unknown; version: string } | undefined>;
  set(key: string, value: unknown, lifetime: number): Promise<void>;
  /** Writes what is absent. Says whether it was: of two at the same moment, one gets true. */
  add(key: string, value: unknown, lifetime: number): Promise<boolean>;
  /** Writes in place of `version`. Says whether that was still there. */
  replace(key: string, version: string, value: unknown, lifetime: number): Promise<boolean>;
  /** Deletes; with `version`, only that. Says whether it deleted anything: of two at the same moment, one does. */
  delete(key: string, version?: string): Promise<boolean>;
  /** Tells those who {@link watch} a key, at every instance, that it has changed. */
  announce(key: string): Promise<void>;
  /**
   * Calls `listener` when a key may have changed. Watch first, then read: announcements can get lost, and polling makes up for
   * that only after a while.
   *
   * @returns a function that stops watching
   */
  watch(key: string, listener: () => void): () => void;
  /** @throws {StoreUnavailable} unless it can be read and written */
  check(): Promise<void>;
  close(): Promise<void>;
};

/** How keys and values look in a backend. */
export type Coding = {
  keyOf(key: string): string;
  encode(key: string, value: unknown): string;
  /** The value in a text; undefined if it is not one that was written under this key. */
  decode(key: string, text: string): unknown;
};

const plain: Coding = {
  keyOf: (key) => key,
  encode: (_, value) => JSON.stringify(value),
  decode: (_, text) => JSON.parse(text),
};

/** A store in a backend. @param coding - plain JSON by default, for what does not leave the process */
export function createStore(backend: Backend, { keyOf, encode, decode }: Coding = plain): Store {
  const decoded = (key: string, text: string | undefined) =>
    text === undefined ? undefined : decode(key, text);

  return {
    get: async (key) => decoded(key, await backend.get(keyOf(key))),

    async read(key) {
      const version = await backend.get(keyOf(key));
      const value = decoded(key, version);
      return version === undefined || value === undefined ? undefined : { value, version };
    },

    set: (key, value, lifetime) => backend.set(keyOf(key), encode(key, value), lifetime),
    add: (key, value, lifetime) => backend.add(keyOf(key), encode(key, value), lifetime),
    replace: (key, version, value, lifetime) =>
      backend.replace(keyOf(key), version, encode(key, value), lifetime),
    delete: (key, version) => backend.delete(keyOf(key), version),
    announce: (key) => backend.announce(keyOf(key)),
    watch: (key, listener) => backend.watch(keyOf(key), listener),
    check: backend.check,
    close: backend.close,
  };
}

/**
 * A part of a store whose keys have nothing in common with those of other parts.
 *
 * @param name - what distinguishes it, e.g. the server, the client id at APS, the address of APS and the scopes
 */
export function partOf(store: Store, name: readonly string[]): Store {
  const named = (key: string) => {
    const colon = key.indexOf(':');
    return `${key.slice(0, colon + 1)}${JSON.stringify([...name, key.slice(colon + 1)])}`;
  };
  return {
    ...store,
    get: (key) => store.get(named(key)),
    read: (key) => store.read(named(key)),
    set: (key, ...rest) => store.set(named(key), ...rest),
    add: (key, ...rest) => store.add(named(key), ...rest),
    replace: (key, ...rest) => store.replace(named(key), ...rest),
    delete: (key, version) => store.delete(named(key), version),
    announce: (key) => store.announce(named(key)),
    watch: (key, listener) => store.watch(named(key), listener),
  };
}
