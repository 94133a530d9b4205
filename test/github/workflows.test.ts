// The workflows of GitHub Actions run nothing that can change unseen, with no more rights than each job needs.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const folder = new URL('../../.github/workflows/', import.meta.url);
const permissions = z.record(z.string(), z.string());
const workflow = z.looseObject({
  permissions,
  jobs: z.record(
    z.string(),
    z.looseObject({
      permissions: permissions.optional(),
      steps: z.array(z.looseObject({ run: z.string().optional() })),
    }),
  ),
});
const workflows = readdirSync(folder).map((file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return { file, text, ...workflow.parse(parse(text)) };
});

describe.each(workflows)('$file', ({ text, permissions, jobs }) => {
  test('uses actions of one commit each, and says which version that is', () => {
    const used = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action);
    expect(used).not.toEqual([]);
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('can write nothing by default', () => {
    expect(Object.values(permissions).filter((access) => access !== 'read')).toEqual([]);
  });

  test('runs no code of dependencies in a job that can publish or write', () => {
    for (const { permissions = {}, steps } of Object.values(jobs)) {
      if (!Object.values(permissions).includes('write')) continue;
      const run = steps.map((step) => step.run ?? '').join('\n');
      expect(run).not.toMatch(/npm (ci|install|run|test|exec)|npx|\.ci\/run/);
      expect(JSON.stringify(steps)).not.toContain('actions/checkout');
    }
  });
});
