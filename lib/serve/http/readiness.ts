/** Whether this instance can take requests: what load balancers and orchestrators ask before they send any. */
import { createSingleFlight } from '../../single-flight.ts';
import type { Store } from '../../store/store.ts';

export type Readiness = {
  /** The answer to `/ready`: 200, or 503 with the reason. */
  answer(): Promise<Response>;
  /** From now on the answer is 503: the server is stopping. */
  end(): void;
};

/** How long the store can take to answer, in milliseconds. Those who ask give up after a few seconds. */
const longestCheck = 2000;

/** @param store - what requests need; left out for a server that needs none */
export function createReadiness(store?: Pick<Store, 'check'>): Readiness {
  // Anybody can ask: however many do, the store is asked once at a time.
  const checks = createSingleFlight<boolean>();
  let isEnding = false;

  return {
    async answer() {
      if (isEnding) return notReady('ending');
      const isUp = !store || (await checks.run('store', () => answersInTime(store)));
      if (isEnding) return notReady('ending');
      return isUp ? Response.json({ status: 'ready' }, { headers: noStore }) : notReady('store unavailable');
    },
    end() {
      isEnding = true;
    },
  };
}

async function answersInTime(store: Pick<Store, 'check'>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), longestCheck);
  });
  const isUp = store.check().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([isUp, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

const noStore = { 'cache-control': 'no-store' };

function notReady(status: 'ending' | 'store unavailable'): Response {
  return Response.json({ status }, { status: 503, headers: { ...noStore, 'retry-after': '5' } });
}
