/** The clock of this process, as tests move it. */
import { onTestFinished, vi } from 'vitest';

export const seconds = 1000;
export const minutes = 60 * seconds;
export const days = 24 * 60 * minutes;

/**
 * Moves it on by so many milliseconds, and stops it there until the test is through. With 0 it only stops. What FastMCP is
 * to find again must be made after it has stopped: a `Date` from before is none of the class that is `Date` then.
 */
export function later(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** The clock for whatever takes one: it follows. */
export const now = () => Date.now();
