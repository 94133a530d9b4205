// Every promise of docs/security.md names tests that are there.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const folder = new URL('../../docs/', import.meta.url);
const text = readFileSync(new URL('security.md', folder), 'utf8');

/** The rows of all tables: a promise, and what keeps it. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (promise|---)/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));

describe('the promise', () => {
  test.each(rows)('“%s” is kept by tests that are there', (_promise, keepers = '') => {
    const named = [...keepers.matchAll(/\]\(([^)]+)\)(:(?:,? “[^”]+”)+)?/g)];
    expect(named).not.toEqual([]);
    for (const [, path = '', titles = ''] of named) {
      const file = new URL(path, folder);
      expect(existsSync(file), path).toBe(true);
      for (const [, title = ''] of titles.matchAll(/“([^”]+)”/g))
        expect(readFileSync(file, 'utf8'), path).toContain(title);
    }
  });
});

test('there are promises', () => {
  expect(rows.length).toBeGreaterThan(25);
});
