// Counts the answers that were checked, in all workers, and prints the sum when the tests are done.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A file with a line for each sandbox that was closed: how many of its answers were checked. */
    answersChecked: string;
  }
}

export function countAnswers(checked: number): void {
  if (checked > 0) appendFileSync(inject('answersChecked'), `${checked}\n`);
}

/** The global setup of the tests. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'answers-checked-'));
  const file = join(folder, 'counts');
  writeFileSync(file, '');
  project.provide('answersChecked', file);
  return () => {
    const sum = readFileSync(file, 'utf8')
      .split('\n')
      .reduce((total, line) => total + Number(line), 0);
    if (sum > 0)
      process.stdout.write(`Checked ${sum} answers of the sandbox against Autodesk's documents.\n`);
    rmSync(folder, { recursive: true });
  };
}
