/** Leases: work that, normally, only one instance does at a time. */
import { nowOrLater } from './later.ts';
import type { Store } from './store.ts';
import { waitFor } from './wait.ts';

export type LeaseOptions = {
  /** After how many seconds a lease ends that was not given back. */
  lifetime: number;
  /** How long to wait for another's, in milliseconds. */
  patience: number;
};

/**
 * Does work under a lease. While another instance has it, this one waits, and then works without it: a lease saves work, but
 * cannot protect anything, because it can end before its holder knows.
 *
 * @param work - is told whether this instance has the lease
 */
export async function underLease<T>(
  store: Store,
  name: string,
  { lifetime, patience }: LeaseOptions,
  work: (isHolder: boolean) => Promise<T>,
): Promise<T> {
  const key = `lease:${name}`;
  const holder = crypto.randomUUID();
  const signal = AbortSignal.timeout(patience);
  const take = async () => (await store.add(key, holder, lifetime)) || undefined;
  const isHolder = await waitFor(store, key, take, signal).catch((error: unknown) => {
    if (!signal.aborted || error !== signal.reason) throw error;
    return false;
  });
  try {
    return await work(isHolder);
  } finally {
    // Otherwise, others would wait until the lease ends by itself.
    if (isHolder) await nowOrLater(() => giveBack(store, key, holder), lifetime * 1000);
  }
}

/** Ends a lease, or what else `holder` was added as, unless it has expired and belongs to another holder by now. */
export async function giveBack(store: Store, key: string, holder: string): Promise<void> {
  const lease = await store.read(key);
  if (lease?.value !== holder) return;
  await store.delete(key, lease.version);
  await store.announce(key);
}
