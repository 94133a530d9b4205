// Where settings come from: the environment, `.env` in the working folder, `.env` of the project. And an attack: a working
// folder that is somebody else's must not decide where the credentials of a person are sent, or who can call.
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { guide } from '../../../lib/config/guide.ts';
import { readEnvironment } from '../../../lib/config/settings.ts';
import { knownVariables } from '../../../lib/config/variables.ts';
import { newFolder } from '../../support/folder.ts';
import { pathOf, run, runToEnd } from '../../support/programs.ts';
import { toolCall } from '../../support/raw-http.ts';
import { startRecordedSandbox, startRecordingAps } from '../../support/recording-aps.ts';
import { problemOf } from '../../support/settings.ts';

const { keep, sandbox, aps } = await startRecordedSandbox();
const stranger = keep(await startRecordingAps(sandbox));

afterEach(() => {
  vi.unstubAllEnvs();
});

type Given = { environment?: Record<string, string>; working?: string; project?: string };

/** What is read from these three places, and what is said about it. */
async function read({ environment = {}, working, project }: Given) {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const folderWith = (text: string | undefined) => newFolder(text === undefined ? {} : { '.env': text });
  const said: string[] = [];
  const folder = await folderWith(working);
  const found = readEnvironment(folder, {
    project: await folderWith(project),
    warn: (message) => said.push(message),
  });
  vi.unstubAllEnvs();
  return { found, said: said.join('\n'), folder };
}

const credentials = { APS_CLIENT_ID: 'my-id', APS_CLIENT_SECRET: 'my-secret' };
const credentialsFile = 'APS_CLIENT_ID=my-id\nAPS_CLIENT_SECRET=my-secret\n';

describe('settings come', () => {
  test('from the environment first, then from the working folder, then from the project', async () => {
    const { found } = await read({
      environment: { MCP_PORT: '1' },
      working: 'MCP_PORT=2\nAPS_SANDBOX=2\n',
      project: 'MCP_PORT=3\nAPS_SANDBOX=3\nAPS_CLIENT_ID=3\n',
    });
    expect(found).toMatchObject({ MCP_PORT: '1', APS_SANDBOX: '2', APS_CLIENT_ID: '3' });
  });

  test('from the project where a line of the working folder is empty, as in a copy of .env.example', async () => {
    const { found } = await read({ working: 'APS_CLIENT_ID=\n', project: 'APS_CLIENT_ID=mine\n' });
    expect(found.APS_CLIENT_ID).toBe('mine');
  });

  test('from one file alone, if MCP_ENV_FILE names it', async () => {
    const folder = await newFolder({ 'mine.env': 'APS_CLIENT_ID=mine\n' });
    const { found } = await read({
      environment: { MCP_ENV_FILE: join(folder, 'mine.env') },
      working: 'MCP_PORT=2\n',
      project: 'MCP_PORT=3\n',
    });
    expect(found).toMatchObject({ APS_CLIENT_ID: 'mine' });
    expect(found.MCP_PORT).toBeUndefined();
  });

  test('from nowhere if MCP_ENV_FILE names a file that is missing: that is an error', async () => {
    const file = join(await newFolder(), 'missing.env');
    vi.stubEnv('MCP_ENV_FILE', file);
    expect(problemOf(() => readEnvironment()).message).toContain(`${file} cannot be read`);
  });

  test('not from a working folder that sets MCP_ENV_FILE', async () => {
    const elsewhere = await newFolder({ '.env': 'APS_CLIENT_ID=of the stranger\n' });
    const { found } = await read({ working: `MCP_ENV_FILE=${join(elsewhere, '.env')}\n` });
    expect(found.APS_CLIENT_ID).toBeUndefined();
  });
});

describe('the .env of a working folder that may be a stranger’s', () => {
  const attack = [
    'APS_BASE_URL=https://evil.example',
    'MCP_AUTH_ISSUER=https://evil.example',
    'MCP_PUBLIC_URL=https://evil.example',
    'MCP_CLIENT_AUTH=none',
    'MCP_ALLOWED_HOSTS=evil.example',
    'MCP_ALLOWED_ORIGINS=https://evil.example',
    'MCP_API_KEYS=evil=0123456789012345678901234567890123456789',
    'SESSION_SECRET=0123456789012345678901234567890123456789',
    'MCP_AUTH_CLIENT_ID=evil',
    'MCP_AUTH_AUDIENCE=evil',
    'HTTPS_PROXY=http://evil.example:3128',
    'NODE_EXTRA_CA_CERTS=evil.pem',
    'STORE_URL=https://evil.example',
  ].join('\n');

  test.each<[string, Given]>([
    ['the environment', { environment: credentials }],
    ['the .env of the project', { project: credentialsFile }],
    [
      'the environment, though the file has others',
      { environment: { APS_CLIENT_SECRET: 'my-secret' }, working: credentialsFile },
    ],
    [
      'the environment, and are those of a service account',
      { environment: { APS_SSA_KEY_BASE64: 'my-key' } },
    ],
    [
      'the .env of the project, and are those that people sign in through',
      { project: 'MCP_AUTH_CLIENT_SECRET=my-secret' },
    ],
  ])('changes nothing that matters when the credentials come from %s', async (_where, given) => {
    const { found, said, folder } = await read({ ...given, working: `${attack}\n${given.working ?? ''}` });
    expect(Object.entries(found).filter(([, value]) => /evil|^none$|^0123/.test(value ?? ''))).toEqual([]);
    expect(said).toContain(join(folder, '.env'));
    for (const name of ['APS_BASE_URL', 'MCP_ALLOWED_ORIGINS', 'MCP_ENV_FILE']) expect(said).toContain(name);
    expect(said).not.toMatch(/my-|evil|0123/);
  });

  test('counts in full when the credentials come from it', async () => {
    const { found, said } = await read({ working: `${credentialsFile}${attack}` });
    expect(found).toMatchObject({ ...credentials, APS_BASE_URL: 'https://evil.example' });
    expect(said).toBe('');
  });

  test('counts in full when there are no credentials, as with the sandbox', async () => {
    const { found, said } = await read({ working: 'MCP_CLIENT_AUTH=oidc\n' });
    expect([found.MCP_CLIENT_AUTH, said]).toEqual(['oidc', '']);
  });

  test('can still choose the sandbox and the port, and complete the credentials, without a word', async () => {
    const working = 'APS_SANDBOX=1\nMCP_PORT=5005\nAPS_SSA_ID=an-account\nDATABASE_URL=postgres://x\n';
    const { found, said } = await read({ environment: credentials, working });
    expect(found).toMatchObject({ APS_SANDBOX: '1', MCP_PORT: '5005', APS_SSA_ID: 'an-account' });
    expect(said).toBe('');
  });

  test('cannot set a variable of a server of one’s own, whatever it is, beside what comes from elsewhere', async () => {
    vi.stubEnv('MY_KEY', 'mine');
    const own = {
      MY_KEY: z.string(),
      MY_URL: z.string(),
    };
    const said: string[] = [];
    const found = readEnvironment(await newFolder({ '.env': 'MY_URL=https://evil.example\n' }), {
      ...{ variables: own, project: undefined },
      warn: (message) => said.push(message),
    });
    expect(found.MY_URL).toBeUndefined();
    expect(said.join()).toContain('MY_URL');
  });

  test('is trusted in the folder of the project itself', async () => {
    for (const [name, value] of Object.entries(credentials)) vi.stubEnv(name, value);
    const folder = await newFolder({ '.env': 'APS_BASE_URL=https://proxy.example\n' });
    const warn = vi.fn();
    expect(readEnvironment(folder, { project: folder, warn }).APS_BASE_URL).toBe('https://proxy.example');
    expect(warn).not.toHaveBeenCalled();
  });
});

test('what every file may set is decided for each variable: those that carry credentials, and two that do no harm', () => {
  const marked = (mark: 'credential' | 'harmless') =>
    Object.entries(knownVariables).flatMap(([name, schema]) => (guide.get(schema)?.[mark] ? [name] : []));
  const application = ['APS_CLIENT_ID', 'APS_CLIENT_SECRET'];
  const account = ['APS_SSA_ID', 'APS_SSA_KEY_ID', 'APS_SSA_KEY_BASE64'];
  const people = ['MCP_AUTH_CLIENT_ID', 'MCP_AUTH_CLIENT_SECRET'];
  expect(new Set(marked('credential'))).toEqual(
    new Set([...application, ...account, ...people, 'SESSION_SECRET', 'STORE_SECRET', 'MCP_API_KEYS']),
  );
  expect(new Set(marked('harmless'))).toEqual(
    new Set([...application, ...account, 'APS_SANDBOX', 'MCP_PORT']),
  );
});

describe('a server of one’s own, started from a folder that is a stranger’s', () => {
  /** A project with a server and settings, outside the repository. */
  async function newProject(env: Record<string, string>): Promise<string> {
    const from = (path: string) => JSON.stringify(pathOf(path));
    return newFolder({
      'package.json': '{ "type": "module" }',
      'server.ts': `import { definition } from ${from('servers/2lo.ts')};
        import { startIfMain } from ${from('lib/index.ts')};
        await startIfMain(import.meta.url, definition);`,
      '.env': Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    });
  }

  test('finds the .env of its project, and sends its credentials where that says, not to the stranger', async () => {
    const { APS_CLIENT_ID = '', APS_CLIENT_SECRET = '' } = sandbox.env;
    const project = await newProject({ APS_CLIENT_ID, APS_CLIENT_SECRET, APS_BASE_URL: aps.url });
    const program = await run([join(project, 'server.ts')], {
      env: { MCP_ENV_FILE: '' },
      files: { '.env': `APS_BASE_URL=${stranger.url}\n` },
    });
    program.write(`${JSON.stringify(toolCall('list_buckets'))}\n`);
    await vi.waitFor(() => expect(program.output.stdout).toContain('bucket_key'), { timeout: 20_000 });
    expect(aps.posted).toHaveLength(1);
    expect(stranger.posted).toEqual([]);
    expect(program.output.stderr).toMatch(/^Ignored in .*APS_BASE_URL/m);
  });

  test('says in --help how it was started', async () => {
    const project = await newProject({});
    const { stdout } = await runToEnd([join(project, 'server.ts'), '--help'], { cwd: project });
    expect(stdout).toMatch(/^Usage: npx tsx server\.ts \[options\]/);
  });
});
