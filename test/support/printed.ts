/** What a test prints to stderr. */
import { onTestFinished, vi } from 'vitest';

/** Keeps what is printed from now on, until the test is through. */
export function printed(): string[] {
  const lines: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((...said) => void lines.push(said.join(' ')));
  onTestFinished(() => spy.mockRestore());
  return lines;
}
