// What counts as an explanation for a refused renewal: an answer of APS that died with the instance that it was for.
import { expect, test } from 'vitest';
import { later, seconds } from '../support/clock.ts';
import { createRenewals, type Renewals } from './renewals.ts';

/** An instance renews a token of somebody; with `issued`, APS does so, and otherwise it refuses. */
function renew(renewals: Renewals, refresh_token: string, issued?: string, instance = 'one'): void {
  const form = { grant_type: 'refresh_token', refresh_token };
  const request = { path: '/authentication/v2/token', authorization: undefined, instance, form };
  if (issued) renewals.hear({ ...request, status: 200 }, JSON.stringify({ refresh_token: issued }));
  else renewals.hear({ ...request, status: 400 }, '{}');
}

/** An instance has an answer, which nobody ever uses. */
function answered(): Renewals {
  later(0);
  const renewals = createRenewals();
  renew(renewals, 'first', 'second');
  return renewals;
}

test('an instance that was killed right after the answer explains a refusal that follows', () => {
  const renewals = answered();
  later(seconds);
  renewals.killed('one');
  later(10 * seconds);
  renew(renewals, 'first', undefined, 'other');
  expect([renewals.lost(), renewals.unexplained()]).toEqual([['first'], []]);
});

test('so does one that was killed while the answer was on its way', () => {
  later(0);
  const renewals = createRenewals();
  renewals.killed('one');
  later(seconds);
  renew(renewals, 'first', 'second');
  renew(renewals, 'first', undefined, 'other');
  expect([renewals.lost(), renewals.unexplained()]).toEqual([['first'], []]);
});

test('an instance that was killed later explains no refusal while it lived', () => {
  const renewals = answered();
  renew(renewals, 'first', undefined, 'other');
  later(3 * seconds);
  renewals.killed('one');
  expect([renewals.lost(), renewals.unexplained()]).toEqual([[], ['first']]);
});

test('an instance that had time to save the answer explains nothing', () => {
  const renewals = answered();
  later(10 * seconds);
  renewals.killed('one');
  renew(renewals, 'first', undefined, 'other');
  expect([renewals.lost(), renewals.unexplained()]).toEqual([[], ['first']]);
});

test('the refusal of one that lost a race needs no other explanation', () => {
  const renewals = answered();
  renew(renewals, 'first', undefined, 'other');
  renew(renewals, 'second', 'third', 'other');
  expect([renewals.lost(), renewals.unexplained()]).toEqual([[], []]);
});
