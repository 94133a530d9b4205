/** Looking for secrets where none may be. */
import { inspect } from 'node:util';
import { expect } from 'vitest';

/** The ways in which a secret could be written. */
export function spellingsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, 16)];
}

/** There is something in `seen`, but no secret, however it is written. */
export function expectNone(secrets: Iterable<string>, seen: readonly string[]): void {
  const everything = seen.join('\n');
  expect(everything).toMatch(/\w/);
  for (const secret of secrets)
    for (const spelling of spellingsOf(secret)) expect(everything).not.toContain(spelling);
}

/** Everything that a log could show of an error. */
export function everythingOf(error: Error): string {
  return [
    error.message,
    error.stack,
    String(error),
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true }),
  ].join('\n');
}
