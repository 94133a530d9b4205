// The workflows of GitHub Actions run nothing that can change unseen, with no more rights than each job needs.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = new URL('../../', import.meta.url);
const folder = new URL('.github/workflows/', root);
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

test('a pull request runs all that .ci/run does, except the chaos tests', () => {
  const script = readFileSync(new URL('.ci/run', root), 'utf8');
  const steps = [...script.matchAll(/^(?:\w+=\w+ )?(npm (?:ci|test|run .*))$/gm)].map(([, step]) => step);
  expect(steps).toContain('npm run docs:check');
  const ci = workflows.find(({ file }) => file === 'ci.yml');
  const run = ci?.jobs.test?.steps.map((step) => step.run);
  for (const step of new Set(steps)) if (step !== 'npm run test:chaos') expect(run).toContain(step);
});
