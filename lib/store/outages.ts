/** What the log says of outages of a store: one line when it is lost, and one when it is back. */
import { type Store, StoreUnavailable } from './store.ts';

/** How often a lost store is checked, in milliseconds. */
const interval = 1000;

/**
 * The same store. An outage is logged on stderr once, however many requests notice it.
 *
 * @param where - where it is, in words
 */
export function withOutageLog(store: Store, where: string): Store {
  let isLost = false;
  let isClosed = false;

  function lose({ details }: StoreUnavailable): void {
    if (isLost || isClosed) return;
    isLost = true;
    console.error(details);
    checkLater();
  }

  // A request that succeeds proves little: a full disk can be read, and a replica, too.
  function checkLater(): void {
    if (!isClosed) setTimeout(() => store.check().then(find, checkLater), interval).unref();
  }

  function find(): void {
    isLost = false;
    console.error(`The store can be used again: ${where}.`);
  }

  const noticing =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    (...args: Args): Promise<T> =>
      work(...args).catch((error: unknown) => {
        if (error instanceof StoreUnavailable) lose(error);
        throw error;
      });

  return {
    ...store,
    get: noticing(store.get),
    read: noticing(store.read),
    set: noticing(store.set),
    add: noticing(store.add),
    replace: noticing(store.replace),
    delete: noticing(store.delete),
    announce: noticing(store.announce),
    check: noticing(store.check),
    close() {
      isClosed = true;
      return store.close();
    },
  };
}
