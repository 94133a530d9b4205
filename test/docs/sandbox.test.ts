// docs/sandbox.md says what its readers need: every option, how to use Autodesk's SDK, and what is assumed about APS.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const page = read('docs/sandbox.md');

test('it explains every option of npm run sandbox', () => {
  const [, usage = ''] = /const usage = `([^`]+)`/.exec(read('scripts/sandbox.ts')) ?? [];
  const options = [...usage.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option]) => option);
  expect(options.length).toBeGreaterThan(7);
  const explained = [...page.matchAll(/^\| `(--[\w-]+)/gm)].map(([, option]) => option);
  expect(explained).toEqual(options.filter((option) => option !== '--help'));
});

test('it points the userinfo call of Autodesk’s SDK at the sandbox with the line that is tested', () => {
  const [line = ''] =
    /^ *authentication\.usersApi\.baseAddress = new URL\(/m.exec(read('test/sandbox/autodesk-sdk.test.ts')) ??
    [];
  expect(line).not.toBe('');
  expect(page).toContain(line.trim());
});

describe('what is assumed about APS', () => {
  const [, section = ''] = page.split('\n## What is assumed\n');
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (question|---)/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));

  test.each(['assertion twice', 'viewables:read', 'without `Bearer`'])('names “%s”', (subject) => {
    expect(rows.filter(([question]) => question?.includes(subject))).toHaveLength(1);
  });

  test('is tested, row by row', () => {
    expect(rows).not.toEqual([]);
    for (const [, , keeper = ''] of rows) {
      const [, path = '', title = ''] = /\]\(\.\.\/([^)]+)\): “([^”]+)”/.exec(keeper) ?? [];
      expect(read(path), path).toContain(title);
    }
  });
});
