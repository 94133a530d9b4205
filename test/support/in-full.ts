/** How much of a race or a load is enough for `npm test`; `npm run test:chaos` runs all of it. */

/** `full` in a run of `npm run test:chaos`, and a fifth of it elsewhere. */
export function inFull(full: number): number {
  return process.env.TEST_IN_FULL === '1' ? full : Math.ceil(full / 5);
}
