/** One flight: whoever asks for the same thing while it is under way shares its outcome. */

export type Flights<T> = {
  /** Does `work` for `key`, unless that is under way already. */
  once(key: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is under way for `key`, whatever came of it. */
  landed(key: string): Promise<void>;
};

export function createFlights<T>(): Flights<T> {
  const underWay = new Map<string, Promise<T>>();
  return {
    once(key, work) {
      const flight =
        underWay.get(key) ??
        work().finally(() => {
          underWay.delete(key);
        });
      underWay.set(key, flight);
      return flight;
    },
    async landed(key) {
      await underWay.get(key)?.catch(() => {});
    },
  };
}
