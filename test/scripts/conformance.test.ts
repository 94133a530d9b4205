// What `npm run conformance` makes of the results of the conformance suite.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Check, judge, readResults } from '../../scripts/conformance/results.ts';
import { applicable, doesNotApply } from '../../scripts/conformance/scenarios.ts';
import { newFolder } from '../support/folder.ts';

const check = (id: string, status: Check['status'], errorMessage?: string): Check => ({
  id,
  status,
  description: `About ${id}`,
  errorMessage,
});

describe('judge', () => {
  test('finds no fault if every check passes', () => {
    const checks = [check('a', 'SUCCESS'), check('a', 'SUCCESS'), check('b', 'SKIPPED'), check('c', 'INFO')];
    expect(judge(checks, {})).toEqual({ passed: 2, expected: 0, skipped: 1, faults: [] });
  });

  test.each(['FAILURE', 'WARNING'] as const)('finds fault with an unexpected %s', (status) => {
    const checks = [check('a', 'SUCCESS'), check('b', status, 'Got 500'), check('c', status)];
    expect(judge(checks, {}).faults).toEqual(['b: Got 500', 'c: About c']);
  });

  test.each(['FAILURE', 'WARNING'] as const)('finds no fault with an expected %s', (status) => {
    const checks = [check('a', 'SUCCESS'), check('b', status)];
    expect(judge(checks, { b: 'asks for prompts' })).toEqual({
      passed: 1,
      expected: 1,
      skipped: 0,
      faults: [],
    });
  });

  test.each([
    ['passes', [check('b', 'SUCCESS')]],
    ['is skipped', [check('b', 'SKIPPED')]],
    ['is missing', []],
  ])('finds fault with an expected failure that %s', (_what, checks) => {
    expect(judge([check('a', 'SUCCESS'), ...checks], { b: 'asks for prompts' }).faults).toEqual([
      expect.stringMatching(/^b: did not fail.*asks for prompts/),
    ]);
  });

  test.each([
    ['nothing was checked', []],
    ['everything was skipped', [check('a', 'SKIPPED')]],
  ])('finds fault if %s', (_what, checks) => {
    expect(judge(checks, {}).faults).toEqual(['none of its checks passed']);
  });
});

test('results are read by scenario, and a scenario that did not finish has no checks', async () => {
  const folder = await newFolder({ 'output.txt': 'Running…' });
  const ended = join(folder, 'server-server-sse-multiple-streams-2026-11-23T11-51-12-557Z');
  await mkdir(ended);
  await writeFile(join(ended, 'checks.json'), JSON.stringify([check('a', 'SUCCESS')]));
  await mkdir(join(folder, 'server-json-schema-2020-12-2026-11-23T11-51-12-600Z'));
  expect(Object.fromEntries(await readResults(folder))).toEqual({
    'server-sse-multiple-streams': [check('a', 'SUCCESS')],
    'json-schema-2020-12': [],
  });
});

test('an unknown scenario applies', () => {
  expect(doesNotApply('server-something-new')).toBe(false);
  expect(doesNotApply('tools-call-image')).toBe(true);
});

test('every expected failure has a reason that completes a sentence', () => {
  const reasons = Object.values(applicable)
    .flatMap((scenarios) => Object.values(scenarios))
    .flatMap((expected) => Object.values(expected));
  expect(reasons.length).toBeGreaterThan(0);
  for (const reason of reasons) expect(reason).toMatch(/^(asks|calls) /);
});
