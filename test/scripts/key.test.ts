// `npm run key`, as a real program: a new key, and the lines that use it.
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../lib/config/settings.ts';
import { keyVariables } from '../../lib/config/variables.ts';
import { oneLine, refusalOf, runToEnd } from '../support/programs.ts';

const makeKey = (...args: string[]) => runToEnd(['scripts/aps-mcp.ts', 'key', ...args]);

test('prints a key that the server accepts, the header that sends it, and how to replace it', async () => {
  const { code, stdout, stderr } = await makeKey('build.server-1');
  expect([code, stderr]).toEqual([0, '']);
  const [, value = ''] = /^ {2}MCP_API_KEYS=(\S+)$/m.exec(stdout) ?? [];
  const [pair] = readSettings(keyVariables, { MCP_API_KEYS: value }).MCP_API_KEYS;
  expect(pair?.name).toBe('build.server-1');
  expect(Buffer.from(pair?.key ?? '', 'base64url')).toHaveLength(32);
  expect(stdout).toContain(`\n  Authorization: Bearer ${pair?.key}\n`);
  for (const part of ['same name', 'accepts both', 'Remove the old key']) expect(stdout).toContain(part);
});

test('prints another key each time', async () => {
  const [one, two] = await Promise.all([makeKey('ci'), makeKey('ci')]);
  expect(one.stdout).not.toBe(two.stdout);
});

test('--help says what it does, and makes no key', async () => {
  const { code, stdout } = await makeKey('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('Usage: npm run key -- NAME');
  expect(stdout).not.toMatch(/[\w-]{43}/);
});

describe('is refused in one line, with what to do:', () => {
  test.each([
    [[], 'is missing'],
    [['ci', 'editor'], 'one name'],
    [['CI'], '"CI" cannot be a name'],
    [['my ci'], '"my ci" cannot be a name'],
    [[',ci'], '",ci" cannot be a name'],
    [['a='], '"a=" cannot be a name'],
    [['a'.repeat(32)], 'cannot be a name: use 1 to 31'],
    [['--name', 'ci'], "'--name'"],
  ])('%j', async (args, part) => {
    const said = await refusalOf(['scripts/aps-mcp.ts', 'key', ...args]);
    expect(said).toMatch(oneLine);
    expect(said).toContain(part);
    expect(said).toMatch(/npm run key -- ci|--help/);
  });
});
