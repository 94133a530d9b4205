// MCP_API_KEYS: what it can be, and what a person is told of a mistake, which never shows any of it.
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../../lib/config/settings.ts';
import { keyVariables } from '../../../../lib/config/variables.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { everythingOf, expectNone } from '../../../support/secrets.ts';
import { configurationFrom } from '../../../support/serving.ts';
import { problemOf } from '../../../support/settings.ts';

const read = (value: string | undefined) => readSettings(keyVariables, { MCP_API_KEYS: value }).MCP_API_KEYS;
const key = 'Ab0-_'.repeat(7);
const other = 'Cd1-_'.repeat(7);
const hex = '0123456789abcdef'.repeat(4);

describe('the keys', () => {
  test.each([
    ['one pair', `ci=${key}`, [['ci', key]]],
    [
      'pairs with blanks and empty places between them',
      ` ci=${key} ,, editor=${other}, `,
      [
        ['ci', key],
        ['editor', other],
      ],
    ],
    [
      'two of one name',
      `ci=${key},ci=${other}`,
      [
        ['ci', key],
        ['ci', other],
      ],
    ],
    ['the shortest', `ci=${'a'.repeat(32)}`, [['ci', 'a'.repeat(32)]]],
    ['what openssl rand -base64 32 prints', `ci=${'a/+'.repeat(14)}b=`, [['ci', `${'a/+'.repeat(14)}b=`]]],
    [
      'every character of a bearer token',
      `ci=${'aZ09-._~+/'.repeat(4)}==`,
      [['ci', `${'aZ09-._~+/'.repeat(4)}==`]],
    ],
    ['the longest name', `${'a.b_c-1'.repeat(4)}abc=${key}`, [[`${'a.b_c-1'.repeat(4)}abc`, key]]],
  ] as const)('can be %s', (_what, value, pairs) => {
    expect(read(value)).toEqual(pairs.map(([name, each]) => ({ name, key: each })));
  });

  test.each([
    ['a key alone', key, 'pair 1: it must be name=key'],
    [
      'a key with a comma in it',
      `ci=${key},${other}`,
      'pair 2: it must be name=key, and no key can contain a comma',
    ],
    ['a key and its name, swapped', `${hex}=ci`, 'pair 1: its name'],
    ['no name', `=${key}`, 'pair 1: its name'],
    ['capitals in a name', `CI=${key}`, 'pair 1: its name'],
    ['a blank in a name', `my ci=${key}`, 'pair 1: its name'],
    ['a name of 32 characters', `${'a'.repeat(32)}=${key}`, 'pair 1: its name must have 1 to 31'],
    ['no key', 'ci=', 'pair 1: its key must have at least 32 characters'],
    ['a key of 31 characters', `ci=${'k9'.repeat(15)}k`, 'pair 1: its key must have at least 32 characters'],
    ['a blank in a key', `ci=${key} ${key}`, 'pair 1: its key must consist of'],
    ['"=" in the middle of a key', `ci=${key}=${key}`, 'pair 1: its key must consist of'],
    ['a key in quotation marks', `ci="${key}"`, 'pair 1: its key must consist of'],
    ['a key beyond ASCII', `ci=${key}ä`, 'pair 1: its key must consist of'],
    ['three of one name', `ci=${key},ci=${other},ci=${hex}`, 'pair 3: it is the third with the same name'],
    ['one key for two names', `ci=${key},editor=${key}`, 'pair 2: its key is also that of another name'],
    ['one pair twice', `ci=${key},ci=${key}`, 'pair 2: it repeats an earlier pair'],
    ['commas only', ',,', 'has no key'],
    ['nothing', ' ', 'is missing'],
  ])('cannot be %s', (_what, value, reason) => {
    const error = problemOf(() => read(value));
    expect(error.message).toContain(`MCP_API_KEYS `);
    expect(error.message).toContain(reason);
    expect(error.message).toContain('npm run key -- NAME');
    const parts = value.split(/[,= "]/).filter((part) => part.length > 7);
    expectNone(parts, [everythingOf(error)]);
  });

  test('are required for the client sign-in that uses them, and for no other', () => {
    const application = { APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: 'a-secret' };
    expect(problemOf(() => configurationFrom(twoLegged, application, 'key')).message).toContain(
      'MCP_API_KEYS is missing',
    );
    const unused = { ...application, MCP_API_KEYS: 'whatever' };
    expect(configurationFrom(twoLegged, unused, 'none').clientSignIn).toEqual({ mode: 'none' });
  });
});
