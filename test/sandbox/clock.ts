// A sandbox for the tests of one file, and the clock that it goes by.
import { afterAll, beforeEach } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/index.ts';

/** Milliseconds since the epoch; tests let time pass by adding to it. */
export type Clock = { now: number };

/** Call it once at the top of a test file: every test begins past the rate limit's window of the one before. */
export async function startClockedSandbox(
  options: Omit<NonNullable<Parameters<typeof startSandbox>[0]>, 'now'> = {},
): Promise<{ sandbox: Sandbox; clock: Clock }> {
  const clock = { now: Date.UTC(2026, 0, 5, 9) };
  const sandbox = await startSandbox({ ...options, now: () => clock.now });
  afterAll(() => sandbox.close());
  beforeEach(() => {
    clock.now += 120_000;
  });
  return { sandbox, clock };
}
