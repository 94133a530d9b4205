// Settings of the sign-in of MCP clients: what they may be, and what a person is told when they do not fit.
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { type Environment, peek, readSettings, SettingsError } from '../../../lib/config/settings.ts';
import {
  autodeskVariables as autodesk,
  clientAuthModes,
  launchVariables,
  oidcVariables as oidc,
  userListVariables,
} from '../../../lib/config/variables.ts';

const issuer = { MCP_AUTH_ISSUER: 'https://login.example.com' };

const clientAuthIn = (environment: Environment) =>
  peek(launchVariables.MCP_CLIENT_AUTH, 'MCP_CLIENT_AUTH', environment);
const launch = (environment: Environment) => readSettings(launchVariables, environment);
const provider = (environment: Environment) => readSettings(oidc, { ...issuer, ...environment });

/** What a person is told about settings that do not fit. */
function complaint(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('Nothing was found to be wrong');
}

type Pairs = readonly (readonly [given: string, expected: string])[];

const secureAddresses: Pairs = [
  ['https://one.example.com', 'https://one.example.com'],
  ['https://one.example.com:8443', 'https://one.example.com:8443'],
  ['http://localhost:5002', 'http://localhost:5002'],
  ['http://127.0.0.1:5002', 'http://127.0.0.1:5002'],
  ['http://[::1]:5002', 'http://[::1]:5002'],
];

const insecureAddresses: Pairs = [
  ['http://one.example.com', 'must use https'],
  ['http://localhost.evil.example', 'must use https'],
  ['http://127.0.0.1.evil.example', 'must use https'],
  ['http://192.168.0.1', 'must use https'],
  ['one.example.com', 'is not an http(s) address'],
  ['ftp://one.example.com', 'is not an http(s) address'],
  ['javascript:alert(1)', 'is not an http(s) address'],
  ['https://', 'is not an http(s) address'],
];

describe('MCP_CLIENT_AUTH', () => {
  test.each(clientAuthModes)('may be %s, with blanks around it', (mode) => {
    expect(launch({ MCP_CLIENT_AUTH: ` ${mode}\t` }).MCP_CLIENT_AUTH).toBe(mode);
    expect(clientAuthIn({ MCP_CLIENT_AUTH: ` ${mode} ` })).toBe(mode);
  });

  test.each([undefined, '', ' '])('is none when it is %j', (value) => {
    expect(launch({ MCP_CLIENT_AUTH: value }).MCP_CLIENT_AUTH).toBe('none');
    expect(clientAuthIn({ MCP_CLIENT_AUTH: value })).toBe('none');
  });

  test.each(['OIDC', 'google', 'none,oidc', 'true'])('may not be %s', (value) => {
    expect(complaint(() => launch({ MCP_CLIENT_AUTH: value }))).toMatch(
      /MCP_CLIENT_AUTH .*none, key, oidc or autodesk/,
    );
    expect(clientAuthIn({ MCP_CLIENT_AUTH: value })).toBeUndefined();
  });
});

describe('MCP_PUBLIC_URL', () => {
  test.each<Pairs[number]>([
    ...secureAddresses,
    ['https://one.example.com/', 'https://one.example.com'],
    ['HTTPS://One.Example.com:443', 'https://one.example.com'],
  ])('may be %s', (address, origin) => {
    expect(launch({ MCP_PUBLIC_URL: address }).MCP_PUBLIC_URL).toBe(origin);
  });

  test('may be left out', () => {
    expect(launch({ MCP_PUBLIC_URL: ' ' }).MCP_PUBLIC_URL).toBeUndefined();
  });

  test.each<Pairs[number]>([
    ...insecureAddresses,
    ['https://one.example.com/mcp', 'must be an origin'],
    ['https://one.example.com/?a=b', 'must be an origin'],
    ['https://one.example.com/#a', 'must be an origin'],
    ['https://somebody:secret@one.example.com', 'must be an origin'],
  ])('may not be %s: it %s', (address, reason) => {
    expect(complaint(() => launch({ MCP_PUBLIC_URL: address }))).toContain(`MCP_PUBLIC_URL ${reason}`);
  });
});

describe('MCP_AUTH_ISSUER', () => {
  test.each([
    ...secureAddresses.map(([address]) => address),
    'https://login.example.com/',
    'https://login.example.com/tenant/v2.0',
  ])('may be %s, which stays as it is, character by character', (address) => {
    expect(provider({ MCP_AUTH_ISSUER: address }).MCP_AUTH_ISSUER).toBe(address);
  });

  test.each<Pairs[number]>([
    ...insecureAddresses,
    ['https://login.example.com/?tenant=a', 'must not have a query or fragment'],
    ['https://login.example.com/?', 'must not have a query or fragment'],
    ['https://login.example.com/#a', 'must not have a query or fragment'],
    ['', 'is missing'],
  ])('may not be %j: it %s', (address, reason) => {
    expect(complaint(() => provider({ MCP_AUTH_ISSUER: address }))).toContain(`MCP_AUTH_ISSUER ${reason}`);
  });
});

test.each([
  ['mcp:use', ['mcp:use']],
  ['mcp:use data.read', ['mcp:use', 'data.read']],
  ['mcp:use,data.read', ['mcp:use', 'data.read']],
  [' mcp:use ,\tdata.read,, ', ['mcp:use', 'data.read']],
  ['api://an-id/Mcp.Use', ['api://an-id/Mcp.Use']],
  [',', []],
  ['', []],
])('MCP_AUTH_SCOPES=%j asks for %j', (given, scopes) => {
  expect(provider({ MCP_AUTH_SCOPES: given }).MCP_AUTH_SCOPES).toEqual(scopes);
});

describe('MCP_AUTH_RESOURCE', () => {
  test.each([
    'https://mcp.example.com',
    'https://mcp.example.com/',
    'https://mcp.example.com/mcp?tenant=a',
    'api://11112222-bbbb-3333-cccc-4444dddd5555',
    'urn:example:aps',
  ])('may be %s, which stays as it is, character by character', (uri) => {
    expect(provider({ MCP_AUTH_RESOURCE: uri }).MCP_AUTH_RESOURCE).toBe(uri);
  });

  test.each([
    '11112222-bbbb-3333-cccc-4444dddd5555',
    'mcp.example.com/mcp',
    '/mcp',
    'https://mcp.example.com/mcp#a',
    'https://mcp.example.com/mcp#',
    'https://mcp.example.com/a b',
  ])('may not be %s', (text) => {
    expect(complaint(() => provider({ MCP_AUTH_RESOURCE: text }))).toContain(
      'MCP_AUTH_RESOURCE must be an absolute URI without a fragment',
    );
  });
});

describe('MCP_AUTH_SCOPES_SUPPORTED', () => {
  test('lists scopes as MCP_AUTH_SCOPES does', () => {
    expect(provider({ MCP_AUTH_SCOPES_SUPPORTED: ' api://an-id/mcp:use, openid ' })).toMatchObject({
      MCP_AUTH_SCOPES_SUPPORTED: ['api://an-id/mcp:use', 'openid'],
    });
  });

  test.each(['"mcp:use"', 'mcp\\use', 'mcp:nützen'])(
    'may not contain %s, which no challenge can carry',
    (scope) => {
      expect(complaint(() => provider({ MCP_AUTH_SCOPES_SUPPORTED: scope }))).toContain(
        'MCP_AUTH_SCOPES_SUPPORTED',
      );
    },
  );
});

test('MCP_AUTH_STRICT is 1 or 0', () => {
  expect(provider({ MCP_AUTH_STRICT: '1' }).MCP_AUTH_STRICT).toBe(true);
  expect(complaint(() => provider({ MCP_AUTH_STRICT: 'on' }))).toContain('MCP_AUTH_STRICT must be 1 or 0');
});

describe('MCP_AUTH_SUBJECT_CLAIM', () => {
  test.each(['sub', 'oid', 'uid', 'https://example.com/employee'])('may be %s', (claim) => {
    expect(provider({ MCP_AUTH_SUBJECT_CLAIM: claim }).MCP_AUTH_SUBJECT_CLAIM).toBe(claim);
  });

  test.each([
    ...['email', 'name', 'preferred_username', 'upn', 'unique_name'],
    ...['iss', 'aud', 'azp', 'cid', 'client_id', 'scp', 'scope', 'tid', 'jti', 'exp'],
  ])('may not be %s, which several people share, or which changes', (claim) => {
    expect(complaint(() => provider({ MCP_AUTH_SUBJECT_CLAIM: claim }))).toMatch(
      /MCP_AUTH_SUBJECT_CLAIM must be .*one person/,
    );
  });
});

test('everything but the issuer may be left out', () => {
  expect(provider({})).toEqual({
    ...issuer,
    MCP_AUTH_AUDIENCE: undefined,
    MCP_AUTH_RESOURCE: undefined,
    MCP_AUTH_SCOPES: [],
    MCP_AUTH_SCOPES_SUPPORTED: [],
    MCP_AUTH_STRICT: false,
    MCP_AUTH_SUBJECT_CLAIM: 'sub',
    MCP_AUTH_CLIENT_ID: undefined,
    MCP_AUTH_CLIENT_SECRET: undefined,
  });
  expect(readSettings(autodesk, {})).toEqual({
    MCP_AUTH_CLIENT_ID: undefined,
    MCP_AUTH_CLIENT_SECRET: undefined,
    MCP_AUTH_DOCUMENTS: true,
    MCP_AUTH_REGISTRATION: true,
    MCP_AUTH_REDIRECT_URIS: [],
    MCP_AUTH_GRANT_DAYS: 90,
    APS_PKCE: true,
  });
});

describe('how MCP clients sign in with Autodesk', () => {
  const given = (environment: Environment) => readSettings(autodesk, environment);

  test.each(['MCP_AUTH_DOCUMENTS', 'MCP_AUTH_REGISTRATION'] as const)('%s is on or off', (name) => {
    expect([given({ [name]: 'on' })[name], given({ [name]: 'off' })[name]]).toEqual([true, false]);
    expect(complaint(() => given({ [name]: 'maybe' }))).toContain(`${name} must be on or off`);
  });

  test.each(['cursor://anysphere.cursor-mcp/oauth/callback', 'com.example.app:/callback'])(
    'MCP_AUTH_REDIRECT_URIS can name %s',
    (uri) => {
      const { MCP_AUTH_REDIRECT_URIS } = given({ MCP_AUTH_REDIRECT_URIS: ` app://callback , ${uri},` });
      expect(MCP_AUTH_REDIRECT_URIS).toEqual(['app://callback', uri]);
    },
  );

  test.each([
    'http://app.example/',
    'HTTPS://app.example/',
    'javascript://x',
    'data:/x',
    'file:///x',
    'app:',
    '*',
  ])('MCP_AUTH_REDIRECT_URIS cannot name %s', (uri) => {
    expect(complaint(() => given({ MCP_AUTH_REDIRECT_URIS: `app://callback,${uri}` }))).toContain(
      'MCP_AUTH_REDIRECT_URIS must list',
    );
  });

  test('MCP_AUTH_GRANT_DAYS is a number of days', () => {
    expect(given({ MCP_AUTH_GRANT_DAYS: '7' }).MCP_AUTH_GRANT_DAYS).toBe(7);
    for (const days of ['0', '-1', '3651', 'Infinity', 'a week'])
      expect(complaint(() => given({ MCP_AUTH_GRANT_DAYS: days }))).toContain('number of days');
  });
});

test('whatever is wrong is told at once, and no value is repeated', () => {
  const message = complaint(() =>
    readSettings(
      { ...launchVariables, ...oidc },
      {
        MCP_CLIENT_AUTH: 'S3cr3t-0815',
        MCP_PUBLIC_URL: 'https://S3cr3t-0815.example.com/mcp',
        MCP_AUTH_ISSUER: 'http://S3cr3t-0815.example.com',
        MCP_PORT: 'S3cr3t-0815',
      },
    ),
  );
  expect(message).toContain('4 settings');
  for (const name of ['MCP_CLIENT_AUTH', 'MCP_PUBLIC_URL', 'MCP_AUTH_ISSUER', 'MCP_PORT'])
    expect(message).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  expect(message.toLowerCase()).not.toContain('s3cr3t');
});

// What no environment gives stands for a value that is wrong: some variables take any text, for now.
const impossible = { trim: () => 1 } as unknown as string;

test.each<[string, z.core.$ZodType]>(
  Object.entries({ ...launchVariables, ...userListVariables, ...oidc, ...autodesk }),
)('%s has words of its own for what it is and where to find it', (name, field) => {
  const message = complaint(() => readSettings({ [name]: field }, { [name]: impossible }));
  expect(message).toMatch(
    new RegExp(`^ {2}${name} .+\\.\\n {4}Meaning: .{10,}\\.\\n {4}How to set it: .{10,}\\.$`, 'm'),
  );
});
