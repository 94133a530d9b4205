// `aps-mcp doctor`: each planted fault is named, with what to do, and a healthy server gets ticks only.
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { doctor } from '../../scripts/doctor.ts';
import { definition as twoLegged } from '../../servers/2lo.ts';
import { closing } from '../support/closing.ts';
import { newFolder } from '../support/folder.ts';
import { startLocalServer } from '../support/local-server.ts';
import { freePort } from '../support/ports.ts';
import { startSandbox } from '../support/sandbox.ts';
import { newAccount } from '../support/service-accounts.ts';
import { builtFrom, serve } from '../support/serving.ts';
import { startTlsServer } from '../support/tls-server.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const { env } = sandbox;
const publicEnv = { APS_BASE_URL: sandbox.url, APS_CLIENT_ID: sandbox.publicClientId };
const pem = Buffer.from(env.APS_SSA_KEY_BASE64 ?? '', 'base64').toString();
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const base64 = (text: string) => Buffer.from(text).toString('base64');

type Planted = {
  env?: Record<string, string | undefined>;
  /** Options of the server. */
  options?: string[];
  /** The text of a `.env`, or what makes one in a folder. */
  file?: string | ((path: string) => Promise<void>);
  now?: () => number;
};

/** What it is called, at which server, how it comes about, and the id of the check that names it, with parts of what it says. */
type Row = [
  what: string,
  server: string,
  planted: () => Planted | Promise<Planted>,
  id: string,
  ...parts: string[],
];

/** What it prints, and its exit code. Where no port is named, any free one is checked. */
async function examined(server: string, { env = {}, options = [], file, now }: Planted = {}) {
  const folder = await newFolder();
  const path = join(folder, '.env');
  if (typeof file === 'string') await writeFile(path, file, { mode: 0o600 });
  else await file?.(path);
  const printed: string[] = [];
  const port = options.includes('--port') ? [] : ['--port', '0'];
  const code = await doctor([server, ...port, ...options], {
    ...{ env, folder, project: folder, now },
    print: (text) => printed.push(text),
    loadSandbox: async () => ({ startSandbox }),
  });
  return { code, text: printed.join('\n'), path };
}

const finding = z.object({
  id: z.string(),
  title: z.string(),
  status: z.enum(['ok', 'warning', 'fault', 'skipped']),
  text: z.string(),
  advice: z.string().optional(),
});
const document = z.strictObject({
  server: z.string(),
  ok: z.boolean(),
  faults: z.number(),
  warnings: z.number(),
  checks: z.array(finding),
});

async function read(server: string, { options = [], ...planted }: Planted = {}) {
  const { code, text } = await examined(server, { ...planted, options: [...options, '--json'] });
  return { code, ...document.parse(JSON.parse(text)) };
}

describe('a planted fault is named, with what to do:', () => {
  const callback = async () => ['--port', String(await freePort())];
  const taken = async () => {
    const printer = keep(
      await startLocalServer((_request, response) => response.end('<title>A printer</title>')),
    );
    return ['--port', new URL(printer.url).port];
  };
  const noHubs = async () => ({ env: { ...env, ...(await newAccount(sandbox)) } });
  const rows: Row[] = [
    [
      'a variable that is missing',
      '2lo',
      () => ({ env: { APS_BASE_URL: sandbox.url } }),
      'settings',
      'APS_CLIENT_ID is missing',
      'Developer Hub',
    ],
    [
      'a wrong secret',
      '2lo',
      () => ({ env: { ...env, APS_CLIENT_SECRET: 'wrong-s3cr3t' } }),
      'sign-in',
      'invalid_client',
      'Compare APS_CLIENT_ID and APS_CLIENT_SECRET',
    ],
    [
      'an unknown client id',
      '2lo',
      () => ({ env: { ...env, APS_CLIENT_ID: 'nobody' } }),
      'sign-in',
      'invalid_client',
      'Compare APS_CLIENT_ID',
    ],
    [
      'the wrong type of application, at pkce',
      'pkce',
      () => ({ env: { ...publicEnv, APS_CLIENT_ID: env.APS_CLIENT_ID } }),
      'application',
      'invalid_client',
      'Desktop, Mobile, Single-Page App',
    ],
    [
      'a wrong secret, at 3lo',
      '3lo',
      () => ({ env: { ...env, APS_CLIENT_SECRET: 'wrong-s3cr3t' } }),
      'application',
      'invalid_client',
      'Compare APS_CLIENT_ID and APS_CLIENT_SECRET',
    ],
    [
      'a private key that belongs to another key id',
      'ssa',
      () => ({ env: { ...env, APS_SSA_KEY_BASE64: base64(otherKey) } }),
      'sign-in',
      'invalid_grant',
      'belong together',
    ],
    ['a service account without hubs', 'ssa', noHubs, 'integration', 'no hubs', 'Custom Integrations'],
    [
      'a callback URL that is not registered',
      '3lo',
      async () => ({ env, options: await callback() }),
      'callback',
      '/callback',
      'register exactly this callback URL',
      'Developer Hub (https://aps.autodesk.com)',
    ],
    [
      'a .env that cannot be read',
      '2lo',
      () => ({ env, file: async (path) => void (await mkdir(path)) }),
      'env-file',
      'cannot be read',
      'a file that this account can read',
    ],
    [
      'a MCP_ENV_FILE that does not exist',
      '2lo',
      () => ({ env: { ...env, MCP_ENV_FILE: 'none.env' } }),
      'env-file',
      'none.env',
      'Correct MCP_ENV_FILE',
    ],
    [
      'a .env in UTF-16 without a mark',
      '2lo',
      () => ({ env, file: (path) => writeFile(path, 'MCP_PORT=1', 'utf16le') }),
      'env-file',
      'not UTF-8 text',
      'Save it as UTF-8',
    ],
    [
      'a .env in the code page of Windows',
      '2lo',
      () => ({ env, file: (path) => writeFile(path, 'APS_CLIENT_SECRET=d\u00e9f', 'latin1') }),
      'env-file',
      'not UTF-8 text',
      'Save it as UTF-8',
    ],
    [
      'a placeholder that nothing has replaced',
      '2lo',
      () => ({ env: { ...env, APS_CLIENT_SECRET: '\u0024{SECRET}' } }),
      'settings',
      'APS_CLIENT_SECRET still contains a placeholder',
      'write the value itself',
    ],
    [
      'a clock that is ten minutes fast',
      'ssa',
      () => ({ env, now: () => Date.now() + 600_000 }),
      'clock',
      '10 minutes ahead',
      'Set the clock',
    ],
    [
      'a clock that is ten minutes slow',
      '2lo',
      () => ({ env, now: () => Date.now() - 600_000 }),
      'clock',
      '10 minutes behind',
      'Set the clock',
    ],
    // A label of a name has 63 characters at most, so nobody is asked.
    [
      'a name that cannot be resolved',
      '2lo',
      () => ({ env: { ...env, APS_BASE_URL: `https://${'a'.repeat(64)}.example` } }),
      'network',
      'cannot be resolved',
      'DNS',
    ],
    [
      'an address where nobody listens',
      '2lo',
      async () => ({ env: { ...env, APS_BASE_URL: `http://127.0.0.1:${await freePort()}` } }),
      'network',
      'refuses connections',
      'firewall',
    ],
    [
      'a certificate of somebody in between',
      '2lo',
      async () => ({
        env: { ...env, APS_BASE_URL: `https://localhost:${keep(await startTlsServer(() => {})).port}` },
      }),
      'network',
      'is not trusted',
      'NODE_EXTRA_CA_CERTS',
    ],
    [
      'a port that another program has',
      '2lo',
      async () => ({ env, options: await taken() }),
      'port',
      'is taken by a web server, "A printer"',
      '--port',
    ],
    [
      'a server that others can reach without a sign-in',
      'ssa',
      () => ({ env, options: ['--host', '0.0.0.0'] }),
      'exposure',
      '--client-auth',
    ],
    [
      'an issuer that calls itself something else',
      '2lo',
      () => ({
        env: { ...env, MCP_AUTH_ISSUER: `${sandbox.openIdIssuer}/` },
        options: ['--client-auth', 'oidc'],
      }),
      'provider',
      'unusable',
      'character by character',
    ],
    [
      'a client that the provider does not know',
      '3lo',
      () => ({
        env: { ...env, MCP_AUTH_ISSUER: sandbox.openIdIssuer, MCP_AUTH_CLIENT_ID: 'nobody' },
        options: ['--client-auth', 'oidc'],
      }),
      'provider',
      'did not accept this server as its client',
      'MCP_AUTH_CLIENT_ID',
    ],
  ];
  test.each(rows)('%s', async (_what, server, planted, id, ...parts) => {
    const { code, ok, faults, checks } = await read(server, await planted());
    const found = checks.filter(({ status }) => status === 'fault');
    expect({ code, ok, faults }).toEqual({ code: 1, ok: false, faults: found.length });
    const [named] = found.filter((each) => each.id === id);
    for (const part of parts) expect(`${named?.text}\n${named?.advice ?? ''}`).toContain(part);
  });
});

describe('what works otherwise than somebody may expect is a warning, with what to do:', () => {
  const running = async () => keep(await serve(builtFrom(twoLegged, env)));
  const rows: Row[] = [
    [
      'a .env in UTF-16',
      '2lo',
      () => ({ env, file: (path) => writeFile(path, '\uFEFFMCP_PORT=1', 'utf16le') }),
      'env-file',
      'UTF-16',
      'Save it as UTF-8',
    ],
    [
      'a .env that others can read',
      '2lo',
      () => ({
        env,
        file: async (path) => {
          await writeFile(path, 'SESSION_SECRET=0123456789abcdef0123456789abcdef');
          await chmod(path, 0o644);
        },
      }),
      'env-file',
      'can read',
      'chmod 600',
    ],
    [
      'a variable that the environment overrides',
      '2lo',
      () => ({ env, file: 'APS_CLIENT_ID=another\n' }),
      'env-file',
      'APS_CLIENT_ID has another value',
      'unset APS_CLIENT_ID',
    ],
    [
      'quotes around a value',
      '2lo',
      () => ({ env: { ...env, APS_CLIENT_SECRET: `"${env.APS_CLIENT_SECRET}"` } }),
      'settings',
      'APS_CLIENT_SECRET has quotes',
      'Remove them',
    ],
    [
      'the sandbox beside credentials',
      '2lo',
      () => ({ env: { APS_SANDBOX: '1', APS_CLIENT_ID: 'mine' } }),
      'settings',
      'APS_SANDBOX',
      'remove APS_SANDBOX',
    ],
    [
      'a region where nobody has approved the application',
      'ssa',
      () => ({ env }),
      'integration',
      'no account has approved',
      'Custom Integrations',
    ],
    [
      'a port that a server of this project has',
      '2lo',
      async () => ({ env, options: ['--port', String((await running()).port)] }),
      'port',
      'APS 2LO Demo',
      'all is well',
    ],
  ];
  test.each(rows)('%s', async (_what, server, planted, id, ...parts) => {
    const { code, ok, checks } = await read(server, await planted());
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    const [named] = checks.filter((each) => each.status === 'warning' && each.id === id);
    for (const part of parts) expect(`${named?.text}\n${named?.advice ?? ''}`).toContain(part);
  });

  test('a proxy that is set, and not used', async () => {
    const host = `${'a'.repeat(64)}.example`;
    const given = { ...env, APS_BASE_URL: `https://${host}`, HTTPS_PROXY: 'http://proxy.example:8080' };
    const proxy = async (more = {}) =>
      (await read('2lo', { env: { ...given, ...more } })).checks.find(({ id }) => id === 'proxy');
    expect(await proxy()).toMatchObject({
      status: 'warning',
      text: expect.stringContaining(`HTTPS_PROXY is set, but servers do not use it`),
      advice: expect.stringContaining('NODE_USE_ENV_PROXY=1'),
    });
    for (const NO_PROXY of ['*', host, '.example', 'other.test, example'])
      expect(await proxy({ NO_PROXY })).toMatchObject({ status: 'ok' });
    expect(await proxy({ NO_PROXY: 'ample' })).toMatchObject({ status: 'warning' });
  });
});

describe('a healthy server gets ticks only:', () => {
  test.each<[string, Planted]>([
    ['2lo', { options: ['--sandbox'] }],
    ['3lo', { options: ['--sandbox', '--port', '5002'] }],
    ['pkce', { options: ['--sandbox', '--transport', 'stdio', '--port', '5003'] }],
    ['3lo', { options: ['--sandbox', '--client-auth', 'oidc'] }],
    ['2lo', { options: ['--sandbox', '--client-auth', 'autodesk'] }],
  ])('%s %j', async (server, planted) => {
    const { code, text } = await examined(server, planted);
    // Those ports may be in use on this machine.
    const marks = text
      .split('\n')
      .filter((line) => !line.includes('Port '))
      .map((line) => line.slice(0, 1));
    expect(marks.filter((mark) => !['✓', '-', '', 'A'].includes(mark))).toEqual([]);
    expect(marks.filter((mark) => mark === '✓').length).toBeGreaterThan(5);
    expect(code).toBe(0);
  });
});

test('a private key as a plain PEM is understood', async () => {
  const { code, checks } = await read('ssa', {
    env: { ...env, APS_SSA_KEY_BASE64: pem.replaceAll('\n', '\\n') },
  });
  expect(code).toBe(0);
  expect(checks.find(({ id }) => id === 'sign-in')?.status).toBe('ok');
});

test('what needs a check that has failed is skipped, and says why', async () => {
  const { text } = await examined('2lo', { env: { ...env, APS_CLIENT_SECRET: 'wrong' } });
  expect(text).toMatch(/^- A call +skipped, because there is no token$/m);
  expect(text).toMatch(/^✗ APS sign-in +APS did not sign the application in.*\n +Compare APS_CLIENT_ID/m);
  expect(text).toMatch(/\n\n1 fault\.$/);
});

test('what needs no credentials is checked when a variable is missing', async () => {
  const { checks, faults } = await read('2lo', { env: { APS_BASE_URL: sandbox.url } });
  expect(faults).toBe(1);
  for (const id of ['proxy', 'network', 'clock'])
    expect(checks.find((each) => each.id === id)).toMatchObject({ status: 'ok' });
  expect(checks.find(({ id }) => id === 'sign-in')?.text).toContain('the settings are not valid');
});

test.each<[string, Planted]>([
  ['that cannot be read', { env, file: async (path) => void (await mkdir(path)) }],
  ['that MCP_ENV_FILE names, and that does not exist', { env: { ...env, MCP_ENV_FILE: 'none.env' } }],
])('a .env %s is one fault', async (_what, planted) => {
  const { checks, faults } = await read('2lo', planted);
  expect(faults).toBe(1);
  expect(checks.find(({ id }) => id === 'settings')).toMatchObject({
    status: 'skipped',
    text: expect.stringContaining('cannot be read'),
  });
});

test('an empty MCP_ENV_FILE names no file', async () => {
  const { code, checks } = await read('2lo', { env: { ...env, MCP_ENV_FILE: '' } });
  expect(code).toBe(0);
  expect(checks.find(({ id }) => id === 'env-file')?.status).toBe('ok');
});

test('no secret is printed', async () => {
  const secret = 'S3cr3t-0815-of-somebody';
  const { text } = await examined('ssa', {
    env: { ...env, APS_CLIENT_SECRET: secret, SESSION_SECRET: secret },
  });
  for (const value of [secret, pem.split('\n')[1] ?? '', env.APS_SSA_KEY_BASE64 ?? ''])
    expect(text).not.toContain(value);
});

test.each([
  [[]],
  [['4lo']],
  [['2lo', '3lo']],
  [['--json']],
  [['2lo', '--prot']],
  [['2lo', '--json', '--client-auth', 'x']],
])('a command line that is not valid gets one line on stderr and the code 2: %j', async (args) => {
  const [printed, complaints]: [string[], string[]] = [[], []];
  const code = await doctor(args, {
    env: {},
    print: (text) => printed.push(text),
    complain: (text) => complaints.push(text),
  });
  expect([code, printed]).toEqual([2, []]);
  expect(complaints).toEqual([expect.stringMatching(/^[^\n]+$/)]);
});

test('the server can be named after options', async () => {
  const { code, text } = await examined('--json', { options: ['--sandbox', '2lo'] });
  expect(code).toBe(0);
  expect(document.parse(JSON.parse(text))).toMatchObject({ server: '2lo', ok: true });
});

test('--help explains it', async () => {
  const printed: string[] = [];
  expect(await doctor(['--help'], { print: (text) => printed.push(text) })).toBe(0);
  for (const part of ['SERVER', '--json', 'Exit code']) expect(printed.join()).toContain(part);
});

test('a check that breaks off is a fault, and the others go on', async () => {
  const printed: string[] = [];
  const code = await doctor(['2lo', '--sandbox'], {
    ...{ env: {}, folder: await newFolder(), project: undefined },
    print: (text) => printed.push(text),
    loadSandbox: () => Promise.reject(new Error('half of the package is missing')),
  });
  expect(code).toBe(1);
  expect(printed.join('\n')).toMatch(/^✗ Settings +no result: half of the package is missing$/m);
  expect(printed.join('\n')).toMatch(/^- OpenID provider /m);
});

describe('where APS answers otherwise than the sandbox,', () => {
  /** What is found at 3lo of an APS that answers a made-up code with `code`, and a sign-in with a redirect to `location`. */
  const found = async (code: string, location: string) => {
    const { url } = keep(
      await startLocalServer(({ url = '' }, response) => {
        if (url.includes('/authorize')) response.writeHead(302, { location }).end();
        else if (url.endsWith('/token'))
          response
            .writeHead(400, { 'content-type': 'application/json' })
            .end(JSON.stringify({ error: code }));
        else response.end('{}');
      }),
    );
    const { checks } = await read('3lo', { env: { ...env, APS_BASE_URL: url } });
    const statusOf = (id: string) => checks.find((each) => each.id === id)?.status;
    return [statusOf('application'), statusOf('callback')];
  };
  const accounts = 'https://accounts.example/sign-in';

  test.each([
    ['invalid_grant', 'ok'],
    ['invalid_client', 'fault'],
    ['unauthorized_client', 'fault'],
    ['invalid_request', 'warning'],
  ])('a code that is refused with %s is a finding of this kind: %s', async (code, status) => {
    expect(await found(code, accounts)).toEqual([status, 'ok']);
  });

  test('a redirect back with an error is a refusal', async () => {
    const back = 'http://localhost:0/callback?error=invalid_scope';
    expect(await found('invalid_grant', back)).toEqual(['ok', 'fault']);
  });
});
