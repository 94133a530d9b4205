// Settings: what is read from where, and what a person is told when they do not fit.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { apsApplication } from '../../../lib/config/aps-variables.ts';
import {
  type Environment,
  readEnvironment,
  readSettings,
  wantsSandbox,
} from '../../../lib/config/settings.ts';
import { launchVariables } from '../../../lib/config/variables.ts';
import { newFolder } from '../../support/folder.ts';
import { problemOf } from '../../support/settings.ts';

const complete = { APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: 'a-secret' };
const all = { ...apsApplication, ...launchVariables };

/** What a person is told about an environment that is complete but for what is given. */
function complaint(environment: Environment): string {
  return problemOf(() => readSettings(all, { ...complete, ...environment })).message;
}

function accepted(environment: Environment) {
  return readSettings(all, { ...complete, ...environment });
}

describe('what is wrong', () => {
  test('is listed all at once', () => {
    const { message } = problemOf(() =>
      readSettings(all, { APS_BASE_URL: 'ftp://x.example', MCP_PORT: 'http', MCP_ALLOWED_HOSTS: 'a/b' }),
    );
    expect(message).toContain('5 settings');
    for (const name of [
      'APS_CLIENT_ID',
      'APS_CLIENT_SECRET',
      'APS_BASE_URL',
      'MCP_PORT',
      'MCP_ALLOWED_HOSTS',
    ])
      expect(message).toContain(name);
  });

  test('is said to be one setting when it is only one', () => {
    expect(complaint({ APS_CLIENT_ID: undefined })).toMatch(/^One setting /);
  });

  test('comes with what the variable is, where its value is found, and how to do without an account', () => {
    const message = complaint({ APS_CLIENT_SECRET: undefined });
    for (const part of ['Client Secret', 'Developer Hub (https://aps.autodesk.com)'])
      expect(message).toContain(part);
    expect(message).toContain('.env');
    expect(message).toContain('--sandbox');
    expect(message).toContain('APS_SANDBOX=1');
  });

  test.each(Object.keys(all))('%s has words of its own for what it is and where to find it', (name) => {
    const impossible = { APS_CLIENT_ID: '', APS_CLIENT_SECRET: '' };
    const message = complaint({ ...impossible, [name]: name.startsWith('APS_CLIENT') ? '' : '\u0000/' });
    const told = message.slice(message.indexOf(`  ${name} `));
    expect(told).toMatch(/^ {2}[A-Z_]+ .+\.\n {4}Meaning: .{10,}\.\n {4}How to set it: .{10,}\./);
  });

  test('never quotes a value, also not one that landed in the wrong variable', () => {
    const secret = 'S3cr3t-Value-0815';
    const error = problemOf(() =>
      readSettings(all, Object.fromEntries(Object.keys(all).map((name) => [name, `${secret} /?`]))),
    );
    const missing = problemOf(() => readSettings(all, { APS_CLIENT_SECRET: secret }));
    for (const text of [error, missing].flatMap((it) => [it.message, it.stack, inspect(it, { depth: 9 })]))
      expect(text).not.toContain(secret);
  });

  test.each(['', ' ', '\t'])('an empty variable (%j) counts as a missing one', (value) => {
    expect(complaint({ APS_CLIENT_ID: value })).toContain('APS_CLIENT_ID is missing');
    expect(accepted({ MCP_PORT: value, APS_BASE_URL: value, APS_SANDBOX: value })).toMatchObject({
      MCP_PORT: undefined,
      APS_BASE_URL: 'https://developer.api.autodesk.com',
      APS_SANDBOX: false,
    });
  });
});

describe('APS_BASE_URL', () => {
  test.each([
    ['https://aps.example', 'https://aps.example'],
    ['https://aps.example:8443/', 'https://aps.example:8443'],
    ['HTTPS://APS.example', 'https://aps.example'],
    ['http://localhost:5050', 'http://localhost:5050'],
    ['http://127.0.0.1:5050', 'http://127.0.0.1:5050'],
    ['http://[::1]:5050', 'http://[::1]:5050'],
  ])('may be %s', (address, origin) => {
    expect(accepted({ APS_BASE_URL: address }).APS_BASE_URL).toBe(origin);
  });

  test.each([
    ['http://aps.example', 'must use https'],
    ['http://127.0.0.1.evil.example', 'must use https'],
    ['http://localhost.evil.example', 'must use https'],
    ['https://aps.example/oss', 'must be an origin'],
    ['https://aps.example/?a=b', 'must be an origin'],
    ['ftp://aps.example', 'is not an http(s) address'],
    ['aps.example', 'is not an http(s) address'],
    ['https://', 'is not an http(s) address'],
    ['http:', 'is not an http(s) address'],
  ])('may not be %s: %s', (address, reason) => {
    expect(complaint({ APS_BASE_URL: address })).toContain(`APS_BASE_URL ${reason}`);
  });
});

describe('STORE_URL', () => {
  test.each(['file:~', 'file:~root/store.db'])(
    'may not be %s, which is a name in the working folder',
    (url) => {
      expect(complaint({ STORE_URL: url })).toContain('must have a slash after ~, as in file:~/store.db');
      expect(accepted({ STORE_URL: 'file:~/store.db' }).STORE_URL).toBe('file:~/store.db');
    },
  );

  test.each([
    'redis://:s3cr3t/0815@localhost',
    'redis://:s3cr3t#0815@localhost',
    'redis://:s3cr3t?0815@localhost',
  ])('with a password that must be encoded says how, without it: %s', (url) => {
    const told = complaint({ STORE_URL: url });
    expect(told).toContain('in a password, write / as %2F, # as %23, ? as %3F and % as %25');
    expect(told).not.toContain('s3cr3t');
  });
});

describe('SESSION_SECRET', () => {
  test.each(['x'.repeat(32), '0'.repeat(200), 'ab'.repeat(20), 'secret!'.repeat(9)])(
    'may not be %s: it is long, and can be guessed',
    (secret) => {
      const told = complaint({ SESSION_SECRET: secret });
      expect(told).toMatch(/SESSION_SECRET has fewer than 8 different characters.*\n.*\n.*openssl rand/);
      expect(told).not.toContain(secret);
    },
  );

  test('can be several, newest first, each as hard to guess as one', () => {
    const secrets = [randomBytes(32).toString('base64'), randomBytes(32).toString('hex')];
    expect(accepted({ SESSION_SECRET: secrets.join(', ') }).SESSION_SECRET).toEqual(secrets);
    expect(accepted({}).SESSION_SECRET).toEqual([]);
    expect(complaint({ SESSION_SECRET: `${secrets[0]},short` })).toContain('at least 32 characters');
    expect(complaint({ SESSION_SECRET: `${secrets[0]},${'x'.repeat(32)}` })).toContain('others can guess it');
  });

  test('may be what openssl rand makes, in Base64 or as hexadecimal digits', () => {
    for (let count = 0; count < 500; count += 1)
      for (const secret of [randomBytes(32).toString('base64'), randomBytes(32).toString('hex')])
        expect(accepted({ SESSION_SECRET: secret }).SESSION_SECRET).toEqual([secret]);
    expect(complaint({ SESSION_SECRET: randomBytes(15).toString('hex') })).toContain(
      'at least 32 characters',
    );
  });
});

describe('the launcher’s variables', () => {
  test.each([
    ['0', 0],
    ['5000', 5000],
    ['65535', 65_535],
  ])('MCP_PORT may be %s', (given, port) => {
    expect(accepted({ MCP_PORT: given }).MCP_PORT).toBe(port);
  });

  test.each(['65536', '-1', '80.5', '0x50', '1e3', 'http', '123456'])('MCP_PORT may not be %s', (given) => {
    expect(complaint({ MCP_PORT: given })).toMatch(/MCP_PORT .*0 to 65535/);
  });

  test('allowed hosts and origins are lists, in any case, with blanks around the commas', () => {
    expect(
      accepted({
        MCP_ALLOWED_HOSTS: ' mcp.example.com, MCP.example.org ,[2001:db8::1],',
        MCP_ALLOWED_ORIGINS: 'https://app.example.com , https://App.example.org:8443',
      }),
    ).toMatchObject({
      MCP_ALLOWED_HOSTS: ['mcp.example.com', 'mcp.example.org', '[2001:db8::1]'],
      MCP_ALLOWED_ORIGINS: ['https://app.example.com', 'https://app.example.org:8443'],
    });
  });

  test.each(['https://mcp.example.com', 'mcp.example.com:443', '*', 'a b', 'mcp.example.com/x'])(
    'MCP_ALLOWED_HOSTS may not name %s',
    (host) => {
      expect(complaint({ MCP_ALLOWED_HOSTS: `good.example,${host}` })).toMatch(
        /MCP_ALLOWED_HOSTS .*host names/,
      );
    },
  );

  test.each(['null', '*', 'app.example.com', 'https://app.example.com/', 'https://app.example.com/x'])(
    'MCP_ALLOWED_ORIGINS may not name %s',
    (origin) => {
      expect(complaint({ MCP_ALLOWED_ORIGINS: origin })).toMatch(/MCP_ALLOWED_ORIGINS .*origins/);
    },
  );

  test.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])('APS_SANDBOX=%s is understood', (given, wanted) => {
    expect(accepted({ APS_SANDBOX: given }).APS_SANDBOX).toBe(wanted);
    expect(wantsSandbox({ APS_SANDBOX: ` ${given} ` })).toBe(wanted);
  });

  test('an APS_SANDBOX that is neither yes nor no is a problem like any other', () => {
    expect(wantsSandbox({ APS_SANDBOX: 'perhaps' })).toBe(false);
    expect(complaint({ APS_SANDBOX: 'perhaps' })).toMatch(/APS_SANDBOX .*1 or 0/);
  });
});

describe('.env', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  test('is read without a word, leaves the environment of the process alone, and may be missing', async () => {
    const printed = [
      vi.spyOn(process.stdout, 'write'),
      vi.spyOn(process.stderr, 'write'),
      vi.spyOn(console, 'log'),
      vi.spyOn(console, 'error'),
    ];
    const folder = await newFolder({ '.env': 'A_TEST_VARIABLE="from the file" # a remark\n' });
    expect(readEnvironment(folder).A_TEST_VARIABLE).toBe('from the file');
    expect(process.env.A_TEST_VARIABLE).toBeUndefined();
    expect(readEnvironment(await newFolder()).A_TEST_VARIABLE).toBeUndefined();
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  });

  test('gives way to real variables', async () => {
    vi.stubEnv('A_TEST_VARIABLE', 'from the environment');
    const folder = await newFolder({ '.env': 'A_TEST_VARIABLE=from the file\nANOTHER_ONE=2' });
    expect(readEnvironment(folder)).toMatchObject({
      A_TEST_VARIABLE: 'from the environment',
      ANOTHER_ONE: '2',
    });
  });

  test('may be a file of Windows', async () => {
    const folder = await newFolder({
      '.env': '\uFEFFAPS_CLIENT_ID=an-id\r\nAPS_CLIENT_SECRET=a-secret\r\nMCP_PORT=5005\r\n',
    });
    expect(readSettings(all, readEnvironment(folder))).toMatchObject({ ...complete, MCP_PORT: 5005 });
  });

  test.each(['utf16le', 'utf16be'] as const)(
    'can be in UTF-16, as PowerShell writes it: %s',
    async (encoding) => {
      const bytes = Buffer.from('\uFEFFAPS_CLIENT_ID=an-id\r\nAPS_CLIENT_SECRET=a-secret\r\n', 'utf16le');
      const folder = await newFolder();
      await writeFile(join(folder, '.env'), encoding === 'utf16be' ? bytes.swap16() : bytes);
      expect(readEnvironment(folder)).toMatchObject(complete);
    },
  );

  test('that is no text in UTF-8 or UTF-16 is an error that says how to save it', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, '.env'), Buffer.from('APS_CLIENT_ID=an-id', 'utf16le'));
    const { message } = problemOf(() => readEnvironment(folder));
    for (const part of [join(folder, '.env'), 'UTF-8', 'Save']) expect(message).toContain(part);
  });

  test('in another encoding is an error too: a secret would be read with other characters', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, '.env'), Buffer.from('APS_CLIENT_SECRET=d\u00e9f\n', 'latin1'));
    const { message } = problemOf(() => readEnvironment(folder));
    for (const part of [join(folder, '.env'), 'UTF-8', 'Save']) expect(message).toContain(part);
  });

  test('that cannot be read is an error that names it', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, '.env'));
    expect(problemOf(() => readEnvironment(folder)).message).toContain(join(folder, '.env'));
  });
});

describe('a value', () => {
  test.each(['"', "'"])('in the environment counts without the quotes around it: %s', async (quote) => {
    const env = {
      APS_CLIENT_ID: `${quote}an-id${quote}`,
      APS_SANDBOX: `${quote}1${quote}`,
      OTHER: '"{}"',
    };
    const read = readEnvironment(await newFolder(), { env });
    expect(read).toMatchObject({ APS_CLIENT_ID: 'an-id', APS_SANDBOX: '1' });
    // Somebody else's variable stays as it is.
    expect(read.OTHER).toBe('"{}"');
  });

  test.each([
    '\u0024{APS_CLIENT_SECRET}',
    'a\u0024{user_config.secret}b',
    '\u0024{input:secret}',
    '\u0024{env:SECRET}',
  ])('with a placeholder that nothing has replaced is refused: %s', (value) => {
    const message = complaint({ APS_CLIENT_SECRET: value });
    expect(message).toMatch(/APS_CLIENT_SECRET still contains a placeholder/);
    expect(message).not.toContain(value);
  });

  test('of a variable of your own can have anything in it', () => {
    const own = { GREETING: z.string() };
    expect(readSettings(own, { GREETING: 'Hello \u0024{name}' }).GREETING).toBe('Hello \u0024{name}');
  });
});
