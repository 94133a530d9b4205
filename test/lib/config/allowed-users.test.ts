// The list of those who can use a server: what can be on it, and what a person is told of a mistake.
import { describe, expect, test } from 'vitest';
import { entryOf } from '../../../lib/config/allowed-users.ts';
import { type Environment, readSettings } from '../../../lib/config/settings.ts';
import { userListVariables } from '../../../lib/config/variables.ts';
import { readConfiguration } from '../../../lib/serve/launch/configuration.ts';
import { definition as twoLegged } from '../../../servers/2lo.ts';
import { configurationFrom } from '../../support/serving.ts';
import { complaintOf } from '../../support/settings.ts';

const listIn = (list: string) =>
  readSettings(userListVariables, { MCP_ALLOWED_USERS: list }).MCP_ALLOWED_USERS;

test('addresses, domains and ids are told apart', () => {
  expect(
    listIn(' ada@works.example ,, @works.example,auth0|5f7c,id:ada@works.example,id:a%2Cb%25,id:id:x '),
  ).toEqual([
    { kind: 'address', value: 'ada@works.example' },
    { kind: 'domain', value: 'works.example' },
    { kind: 'id', value: 'auth0|5f7c' },
    { kind: 'id', value: 'ada@works.example' },
    { kind: 'id', value: 'a,b%' },
    { kind: 'id', value: 'id:x' },
  ]);
});

describe('a mistake is told by its position, without what is there:', () => {
  test.each([
    '@',
    'ada@',
    '@works.example.',
    'ada@works.example.',
    '@.works.example',
    '@works..example',
    '@@works.example',
    'ada@lovelace@works.example',
    '@*.works.example',
    '*@works.example',
    '*',
    'Ada Lovelace',
    'ada @works.example',
    'id:',
    'id:%',
    'id:%E0%A4%A',
  ])('%s', (entry) => {
    const message = complaintOf(() => listIn(`emp-1001, ${entry}, emp-1003`));
    expect(message).toContain('MCP_ALLOWED_USERS has a mistake in entry 2: it must be an address');
    expect(message.replace('(ada@works.example)', '').replace('(@works.example)', '')).not.toMatch(
      /emp-|lovelace/i,
    );
  });
});

test.each([
  'emp-1001',
  'auth0|5f7c',
  '@',
  'a,@works.example',
  'id:a',
  'a b',
  'a\nb',
  '*',
  '%',
  '%2C',
  'ä',
  '\u2028',
])('the entry for the id %j is read as that id, and as nothing else', (id) => {
  expect(listIn(`first,${entryOf(id)},last`)).toEqual([
    { kind: 'id', value: 'first' },
    { kind: 'id', value: id },
    { kind: 'id', value: 'last' },
  ]);
});

describe('over HTTP', () => {
  const own = { APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: 'a-secret', MCP_API_KEYS: `ci=${'k'.repeat(32)}` };
  const read = (environment: Environment, mode: 'none' | 'key' | 'oidc' | 'autodesk') =>
    configurationFrom(
      twoLegged,
      { ...own, MCP_AUTH_ISSUER: 'https://login.example.com', ...environment },
      mode,
    );

  test.each(['none', 'key', 'oidc', 'autodesk'] as const)('a list is read with %s', (mode) => {
    expect(read({ MCP_ALLOWED_USERS: 'emp-1001' }, mode).limitsUsers).toBe(true);
    expect(read({}, mode).limitsUsers).toBe(false);
  });

  test.each(['', ' ', ',', ' , '])('a list of nobody (%j) does not let in everybody', (list) => {
    for (const mode of ['oidc', 'autodesk'] as const)
      expect(complaintOf(() => read({ MCP_ALLOWED_USERS: list }, mode))).toMatch(
        /^MCP_ALLOWED_USERS .*lists nobody/,
      );
  });
});

test('over stdio, a list has no effect, whatever is in it', () => {
  const environment = { APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: 'a-secret' };
  for (const list of ['emp-1001', '@', ''])
    expect(
      readConfiguration(twoLegged, { ...environment, MCP_ALLOWED_USERS: list }, { transport: 'stdio' })
        .limitsUsers,
    ).toBe(false);
});
