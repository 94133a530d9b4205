/** Single flight: calls that ask for the same thing while it is under way share one outcome. */

export type SingleFlight<T> = {
  /** Runs `work` for `key`, or joins the run that is under way. A failure is shared too, and not remembered. */
  run(key: string, work: () => Promise<T>): Promise<T>;
  /** Whether a run is under way for `key`. */
  has(key: string): boolean;
  /** Resolves when no run is under way for `key`, whether it succeeded or failed. */
  settled(key: string): Promise<void>;
};

export function createSingleFlight<T>(): SingleFlight<T> {
  const underWay = new Map<string, Promise<T>>();
  return {
    run(key, work) {
      const flight =
        underWay.get(key) ??
        work().finally(() => {
          underWay.delete(key);
        });
      underWay.set(key, flight);
      return flight;
    },
    has: (key) => underWay.has(key),
    async settled(key) {
      await underWay.get(key)?.catch(() => {});
    },
  };
}
