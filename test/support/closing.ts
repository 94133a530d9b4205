/** Closes what the tests of a file have opened. */
import { afterAll } from 'vitest';

type Closable = { close(): Promise<void> | void };

/** Call it once at the top of a test file: what the function it returns is given is closed at the end, last first. */
export function closing(): <T extends Closable>(thing: T) => T {
  const opened: Closable[] = [];
  afterAll(async () => {
    for (const thing of opened.reverse()) await thing.close();
  });
  return (thing) => {
    opened.push(thing);
    return thing;
  };
}
