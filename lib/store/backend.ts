/** Where a store keeps its texts: in memory, in a file or in Redis. */

/** Every operation is atomic, also among processes. Lifetimes are in seconds. */
export type Backend = {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string, lifetime: number): Promise<void>;
  /** Writes what is absent. Says whether it was. */
  add(key: string, text: string, lifetime: number): Promise<boolean>;
  /** Writes if `expected` is still there. Says whether it was. */
  replace(key: string, expected: string, text: string, lifetime: number): Promise<boolean>;
  /** Deletes; with `expected`, only if that is still there. Says whether it deleted anything. */
  delete(key: string, expected?: string): Promise<boolean>;
  /** Tells those who watch `key`, in all processes as far as that is possible, that it has changed. */
  announce(key: string): Promise<void>;
  /**
   * Calls `listener` when `key` may have changed: after {@link announce}, and from time to time where an announcement can get
   * lost.
   *
   * @returns a function that stops watching
   */
  watch(key: string, listener: () => void): () => void;
  /** @throws {StoreUnavailable} unless it can be read and written */
  check(): Promise<void>;
  /** Removes what was replaced or deleted from the raw bytes of the store, where that is possible. */
  purge?(): Promise<void>;
  close(): Promise<void>;
};
