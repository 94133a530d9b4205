/** The results that the MCP conformance suite writes: reading them, and comparing them with what is expected. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExpectedFailures } from './scenarios.ts';

/** One check, as it stands in a `checks.json`. */
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
  /** What is not as expected, in words; empty if all is well. */
  faults: string[];
};

/** The checks of every scenario in a folder that the suite wrote; none for a scenario that did not end. */
export async function readResults(folder: string): Promise<Map<string, Check[]>> {
  const results = new Map<string, Check[]>();
  for (const name of await readdir(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(name)?.[1];
    if (scenario === undefined) continue;
    const file = join(folder, name, 'checks.json');
    results.set(scenario, existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : []);
  }
  return results;
}

/**
 * Compares the checks of a scenario with what is expected. A warning counts as a failure, as it does where the suite
 * itself compares. Unlike there, an expected failure has to occur: one that is no longer checked would go unnoticed.
 */
export function judge(checks: readonly Check[], expected: ExpectedFailures): Verdict {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  const failing = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  const unexpected = failing.filter(({ id }) => !Object.hasOwn(expected, id));
  const missing = Object.entries(expected).filter(([id]) => !failing.some((check) => check.id === id));
  const passed = count('SUCCESS');
  const faults = [
    ...unexpected.map(({ id, description, errorMessage }) => `${id}: ${errorMessage ?? description}`),
    ...missing.map(([id, reason]) => `${id}: did not fail, as was expected because it ${reason}`),
  ];
  if (passed === 0 && faults.length === 0) faults.push('none of its checks passed');
  return { passed, expected: failing.length - unexpected.length, skipped: count('SKIPPED'), faults };
}
