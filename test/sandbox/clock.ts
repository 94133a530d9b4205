// A sandbox for the tests of one file, with a clock that they control.
import { afterAll, beforeEach } from 'vitest';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';

/** In milliseconds since the epoch. Tests add to it to let time pass. */
export type Clock = { now: number };

/** Call it once at the top of a test file. Every test starts outside the rate limit window of the one before. */
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
