// Variables in a .env file: set in place or added, with everything else unchanged.
import { parse } from 'dotenv';
import { describe, expect, test } from 'vitest';
import { withVariables } from '../../scripts/ssa-setup/env-file.ts';

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
