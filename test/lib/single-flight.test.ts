// One flight: what is under way is not begun again, its outcome is shared, and whoever must can wait for it to end.
import { EventEmitter, once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { createSingleFlight } from '../../lib/single-flight.ts';

/** Work that ends when a test says so. */
function held() {
  const ending = new EventEmitter();
  const promise = once(ending, 'end').then(([outcome]) => outcome());
  return {
    work: vi.fn((): Promise<string> => promise),
    resolve: (outcome: string) => ending.emit('end', () => outcome),
    reject: (reason: unknown) => ending.emit('end', () => Promise.reject(reason)),
  };
}

test('what is under way is not begun again, and its outcome is everybody’s', async () => {
  const flights = createSingleFlight<string>();
  const { work, resolve } = held();
  const outcomes = Promise.all([flights.run('a', work), flights.run('a', work), flights.run('a', work)]);
  resolve('done');
  expect(await outcomes).toEqual(['done', 'done', 'done']);
  expect(work).toHaveBeenCalledTimes(1);
});

test('what fails does so for everybody who shared it, and is begun anew for whoever comes next', async () => {
  const flights = createSingleFlight<string>();
  const { work, reject } = held();
  const outcomes = Promise.allSettled([flights.run('a', work), flights.run('a', work)]);
  const failure = new Error('it failed');
  reject(failure);
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: failure });
  expect(await flights.run('a', async () => 'anew')).toBe('anew');
});

test('what has ended is begun anew, and what is another’s is not waited for', async () => {
  const flights = createSingleFlight<string>();
  const { work } = held();
  const waiting = flights.run('a', work);
  expect(await flights.run('b', async () => 'first')).toBe('first');
  expect(await flights.run('b', async () => 'second')).toBe('second');
  expect(await Promise.race([waiting, 'under way'])).toBe('under way');
});

test.each(['resolve', 'reject'] as const)(
  'landing is when it is over, whatever came of it: %s',
  async (how) => {
    const flights = createSingleFlight<string>();
    const flight = held();
    const outcome = Promise.allSettled([flights.run('a', flight.work)]);
    const landed = flights.settled('a').then(() => 'landed');
    await flights.settled('b');
    expect(await Promise.race([landed, 'under way'])).toBe('under way');
    flight[how]('it is over');
    expect(await landed).toBe('landed');
    await outcome;
    await flights.settled('a');
  },
);
