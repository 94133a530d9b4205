// A .env file: variables set in place or added, with everything else unchanged, and a file that is written whole or not at all.
import { chmod, lstat, mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'dotenv';
import { beforeEach, describe, expect, test } from 'vitest';
import { createPrivately, replacePrivately, withVariables } from '../../scripts/ssa-setup/env-file.ts';
import { newFolder } from '../support/folder.ts';
import { isWindows } from '../support/platform.ts';

describe('withVariables', () => {
  test.each([
    ['nothing', '', 'A=1\n'],
    ['a file without the variable', 'B=2\n', 'B=2\nA=1\n'],
    ['a file without a line break at its end', 'B=2', 'B=2\nA=1\n'],
    ['a file that ends with an empty line', 'B=2\n\n', 'B=2\n\nA=1\n'],
    ['comments and empty lines', '# what this is\n\nB=2 # two\n', '# what this is\n\nB=2 # two\nA=1\n'],
    ['the variable without a value', 'A=\nB=2\n', 'A=1\nB=2\n'],
    ['the variable with a value and a comment', 'B=2\nA=old # a remark\nC=3\n', 'B=2\nA=1\nC=3\n'],
    ['the variable in quotes', 'A="old"\n', 'A=1\n'],
    ['the variable with spaces around it', '  A = old\n', 'A=1\n'],
    ['the variable with export', 'export A=old\n', 'export A=1\n'],
    ['the variable in a comment', '# A=example\n#A=\n', '# A=example\n#A=\nA=1\n'],
    ['variables with similar names', 'AA=2\nBA=3\nA_=4\n', 'AA=2\nBA=3\nA_=4\nA=1\n'],
    ['a value that looks like the variable', 'B=A=2\n', 'B=A=2\nA=1\n'],
    ['the name of an object member', 'constructor=2\n', 'constructor=2\nA=1\n'],
  ])('sets a variable in %s', (_what, before, after) => {
    expect(withVariables(before, { A: '1' })).toBe(after);
  });

  test('keeps Windows line breaks', () => {
    expect(withVariables('# remark\r\nA=old\r\nB=2\r\n', { A: '1', C: '3' })).toBe(
      '# remark\r\nA=1\r\nB=2\r\nC=3\r\n',
    );
  });

  test('sets several in place, and adds the others in order', () => {
    expect(withVariables('C=\nX=9\nA=\n', { A: '1', B: '2', C: '3', D: '4' })).toBe(
      'C=3\nX=9\nA=1\nB=2\nD=4\n',
    );
  });

  test('leaves no old value that would win', () => {
    const after = withVariables('A=old\nB=2\nA=older\n', { A: '1' });
    expect(parse(after)).toEqual({ A: '1', B: '2' });
  });

  test('replaces a whole multi-line value', () => {
    const after = withVariables('A="first\nsecond=\nthird"\nB=2\n', { A: '1' });
    expect(after).toBe('A=1\nB=2\n');
  });

  test('writes values that contain replacement patterns unchanged', () => {
    const value = "$&$1$$'+/=";
    expect(withVariables('A=old\n', { A: value })).toBe(`A=${value}\n`);
  });

  test('changes nothing when run again', () => {
    const once = withVariables('# remark\nB=2\n', { A: '1', C: '3' });
    expect(withVariables(once, { A: '1', C: '3' })).toBe(once);
  });
});

describe('a file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await newFolder();
    file = join(folder, '.env');
  });
  const permissions = async () => (await stat(file)).mode & 0o777;

  test.skipIf(isWindows)(
    'that is new can be read by its owner only, and nothing is left beside it',
    async () => {
      await replacePrivately(file, 'A=1\n');
      expect([await readFile(file, 'utf8'), await permissions()]).toEqual(['A=1\n', 0o600]);
      expect(await readdir(folder)).toEqual(['.env']);
    },
  );

  test.skipIf(isWindows)(
    'that others can read is never written to: who has it open reads the old text',
    async () => {
      await writeFile(file, 'A=old\n');
      await chmod(file, 0o644);
      const theirs = await open(file);
      await replacePrivately(file, 'A=the-key\n').finally(async () => {
        expect(await theirs.readFile('utf8')).toBe('A=old\n');
        await theirs.close();
      });
      expect([await readFile(file, 'utf8'), await permissions()]).toEqual(['A=the-key\n', 0o600]);
      expect(await readdir(folder)).toEqual(['.env']);
    },
  );

  test.skipIf(isWindows)(
    'that is a symbolic link is refused in words, and neither the link nor the other file changes',
    async () => {
      const other = join(folder, 'of-somebody-else');
      await writeFile(other, 'theirs');
      await symlink(other, file);
      await expect(replacePrivately(file, 'A=the-key\n')).rejects.toThrow(
        `${file} is a symbolic link to ${other}`,
      );
      expect([await readFile(other, 'utf8'), (await lstat(file)).isSymbolicLink()]).toEqual(['theirs', true]);
      expect((await readdir(folder)).sort()).toEqual(['.env', basename(other)]);
    },
  );

  test.skipIf(isWindows).each(['that cannot be replaced', 'beside which nothing can be written'])(
    '%s keeps what it has, and nothing is left beside it',
    async (which) => {
      // A folder is in its place; a longer name is too long for the system.
      const isFolder = which === 'that cannot be replaced';
      const target = isFolder ? file : join(folder, 'x'.repeat(250));
      await (isFolder ? mkdir(target) : writeFile(target, 'A=old\n'));
      await expect(replacePrivately(target, 'A=1\n')).rejects.toThrow(target);
      expect(await readdir(folder)).toEqual([basename(target)]);
      expect(isFolder || (await readFile(target, 'utf8'))).toBe(isFolder || 'A=old\n');
    },
  );

  test.skipIf(isWindows)('that must be new replaces nothing, not even what a link leads to', async () => {
    await createPrivately(file, 'the-key');
    expect([await readFile(file, 'utf8'), await permissions()]).toEqual(['the-key', 0o600]);
    await expect(createPrivately(file, 'another')).rejects.toThrow('EEXIST');
    expect(await readFile(file, 'utf8')).toBe('the-key');
    await symlink(join(folder, 'elsewhere'), join(folder, 'link'));
    await expect(createPrivately(join(folder, 'link'), 'another')).rejects.toThrow('EEXIST');
    expect((await readdir(folder)).sort()).toEqual(['.env', 'link']);
  });
});
