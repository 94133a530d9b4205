// Which of Autodesk's documented operations the sandbox serves.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createSandboxApp, createSandboxState } from '../../support/sandbox.ts';
import { type Operation, openApi } from './operations.ts';

const app = createSandboxApp(await createSandboxState());

/** Without a token, an operation that is served refuses the request, says what it lacks, or finds nothing. */
async function isServed({ method, path }: Operation): Promise<boolean> {
  const answer = await app.request(path.replace(/\{[^}]+\}/g, 'x'), { method });
  const body = await answer.text();
  return ![404, 405, 501].includes(answer.status) || !body.includes('errorCode');
}

test('docs/sandbox.md states how many operations are served', async () => {
  const { operations } = openApi();
  const served = await Promise.all(operations.map(isServed));
  const count = served.filter(Boolean).length;
  const table = [...new Set(operations.map(({ document }) => document))].map((document) => {
    const its = operations.flatMap((each, index) => (each.document === document ? [served[index]] : []));
    return `| \`${document}.yaml\` | ${its.filter(Boolean).length} of ${its.length} |`;
  });
  const text = readFileSync(new URL('../../../docs/sandbox.md', import.meta.url), 'utf8');
  expect(text.match(/^\| `\w+\.yaml` .*$/gm)).toEqual(table);
  expect(text.match(/^The documents describe .*$/m)?.[0]).toBe(
    `The documents describe ${operations.length} operations, of which the sandbox serves ${count}:`,
  );
});
