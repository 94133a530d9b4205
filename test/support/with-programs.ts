/** Tests that need other programs than Node: Redis, nginx. */
import { describe } from 'vitest';

/** Where something is missing, the tests are skipped, and it is said why: the reporter does not. */
export function describeWith(
  title: string,
  missing: readonly (string | undefined)[],
  tests: () => void,
): void {
  const reasons = missing.filter((reason) => reason !== undefined);
  if (reasons.length > 0) console.error(`Tests are skipped (${title}): ${reasons.join('; ')}.`);
  describe.skipIf(reasons.length > 0)(title, tests);
}
