/** Reads the results of the MCP conformance suite and compares them with what is expected. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExpectedFailures } from './scenarios.ts';

/** One check from a `checks.json`. */
export type Check = {
  id: string;
  description: string;
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  errorMessage?: string;
};

export type Verdict = {
  passed: number;
  /** How many checks failed as expected. */
  expected: number;
  skipped: number;
  /** Messages about unexpected results. Empty if there are none. */
  faults: string[];
};

/** The checks of every scenario in the suite's output folder. A scenario that did not finish has none. */
export async function readResults(folder: string): Promise<Map<string, Check[]>> {
  const results = new Map<string, Check[]>();
  for (const name of await readdir(folder)) {
    const scenario = /^(?:authorization-)?server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(name)?.[1];
    if (scenario === undefined) continue;
    const file = join(folder, name, 'checks.json');
    results.set(scenario, existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : []);
  }
  return results;
}

/**
 * Compares the checks of a scenario with the expected failures. A warning counts as a failure, as in the suite itself.
 * Unlike there, an expected failure must occur: otherwise, a check that no longer runs would go unnoticed.
 */
export function judge(checks: readonly Check[], expected: ExpectedFailures): Verdict {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  const failing = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  const unexpected = failing.filter(({ id }) => !Object.hasOwn(expected, id));
  const missing = Object.entries(expected).filter(([id]) => !failing.some((check) => check.id === id));
  const passed = count('SUCCESS');
  const faults = [
    ...unexpected.map(({ id, description, errorMessage }) => `${id}: ${errorMessage ?? description}`),
    ...missing.map(([id, reason]) => `${id}: did not fail, but should have: it ${reason}`),
  ];
  if (passed === 0 && faults.length === 0) faults.push('none of its checks passed');
  return { passed, expected: failing.length - unexpected.length, skipped: count('SKIPPED'), faults };
}
