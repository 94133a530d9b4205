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
  const checks = createSingleFlight<string | undefined>();
  let isEnding = false;
  let isDown = false;

  return {
    async answer() {
      if (isEnding) return notReady('ending');
      const trouble = store && (await checks.run('store', () => troubleWith(store)));
      // For the operator, once: anybody can ask, and learns neither addresses nor paths.
      if (trouble && !isDown) console.error(trouble);
      isDown = trouble !== undefined;
      if (isEnding) return notReady('ending');
      return isDown
        ? notReady('store unavailable')
        : Response.json({ status: 'ready' }, { headers: noStore });
    },
    end() {
      isEnding = true;
    },
  };
}

/** Why the store cannot be used; undefined if it can. */
async function troubleWith(store: Pick<Store, 'check'>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('The store does not answer.'), longestCheck);
  });
  const trouble = store.check().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  try {
    return await Promise.race([trouble, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

const noStore = { 'cache-control': 'no-store' };

function notReady(status: 'ending' | 'store unavailable'): Response {
  return Response.json({ status }, { status: 503, headers: { ...noStore, 'retry-after': '5' } });
}
