// `npm run ssa:setup`, as a real program: what it creates at APS, what it writes, and what it leaves unchanged.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/clients.ts';
import { newFolder } from '../support/folder.ts';
import { isWindows } from '../support/platform.ts';
import { type Ended, pathOf, runHttpServer, runToEnd } from '../support/programs.ts';
import { startRecordingAps } from '../support/recording-aps.ts';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { accountsOf, administer } from '../support/service-accounts.ts';
import { callListing } from '../support/tool-results.ts';

/** What a message must not contain: a stack, the path of a source file, the name of an error class. */
const unfriendly = /\n {4}at |\.ts:\d|\w+Error:|node:internal/;

let sandbox: Sandbox;
let cwd: string;
beforeEach(async () => {
  sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  cwd = await newFolder();
});

/** The variables of an application at the sandbox, without a service account. */
function application(changes: Record<string, string> = {}): Record<string, string> {
  const { APS_BASE_URL = '', APS_CLIENT_ID = '', APS_CLIENT_SECRET = '' } = sandbox.env;
  return { APS_BASE_URL, APS_CLIENT_ID, APS_CLIENT_SECRET, ...changes };
}

function setup(args: string[], env = application()): Promise<Ended> {
  return runToEnd(['scripts/aps-mcp.ts', 'ssa-setup', ...args], { cwd, env });
}

/** Expects that the program fails with a readable message that contains `parts`, and prints nothing on stdout. */
function expectRefusal({ code, stdout, stderr }: Ended, ...parts: string[]): void {
  expect([code, stdout]).toEqual([1, '']);
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr).not.toMatch(unfriendly);
}

const envFile = () => join(cwd, '.env');
const permissionsOf = async (file: string) => (await stat(file)).mode & 0o777;
const idsOf = async () => (await accountsOf(sandbox)).map(({ serviceAccountId }) => serviceAccountId);

/** The only PEM file in the folder, and its text. */
async function pemFile(): Promise<{ file: string; pem: string }> {
  const [name = '', ...others] = (await readdir(cwd)).filter((each) => each.endsWith('.pem'));
  expect(others).toEqual([]);
  const file = join(cwd, name);
  return { file, pem: await readFile(file, 'utf8') };
}

/** Expects that `printed` contains no part of a private key, in any encoding. */
function expectNoKey(printed: string, pem: string): void {
  expect(printed).not.toMatch(/PRIVATE KEY|eyJ[\w-]{8}/);
  const body = pem.split('\n').slice(1, -2);
  expect(body.length).toBeGreaterThan(10);
  const base64 = Buffer.from(pem).toString('base64').match(/.{40}/g) ?? [];
  for (const piece of [...body.map((line) => line.slice(0, 24)), ...base64])
    expect(printed).not.toContain(piece);
}

test('--sandbox --yes is enough, and lets the SSA server sign in', async () => {
  const before =
    '# Settings of mine\r\nMCP_ALLOWED_ORIGINS=https://app.example.com\r\n\r\n# APS_SSA_ID=an example\r\nAPS_SSA_KEY_ID=\r\n';
  await writeFile(envFile(), before, { mode: 0o644 });
  await chmod(envFile(), 0o644);
  const { code, stdout, stderr } = await setup(['--sandbox', '--yes'], {});
  expect([code, stderr]).toEqual([0, '']);

  const written = await readFile(envFile(), 'utf8');
  const { APS_SSA_ID: id = '', APS_SSA_KEY_ID: kid = '', APS_SSA_KEY_BASE64: key = '' } = parse(written);
  expect(written).toBe(
    before.replace('APS_SSA_KEY_ID=', `APS_SSA_KEY_ID=${kid}`) +
      `APS_SSA_ID=${id}\r\nAPS_SSA_KEY_BASE64=${key}\r\n`,
  );
  const { file, pem } = await pemFile();
  expect(file).toContain(kid);
  expect(Buffer.from(key, 'base64').toString()).toBe(pem);
  expect(createPublicKey(createPrivateKey(pem)).asymmetricKeyType).toBe('rsa');
  if (!isWindows) expect([await permissionsOf(envFile()), await permissionsOf(file)]).toEqual([0o600, 0o600]);
  for (const part of [id, 'aps-mcp-server@', envFile(), file, '2 hubs', 'npm run ssa -- --sandbox'])
    expect(stdout).toContain(part);
  expect(stdout).toMatch(/^Invited aps-mcp-server@\S+ to the hubs of the sandbox for you\./m);
  expect(stdout).not.toMatch(/^Invite /m);
  expectNoKey(stdout, pem);

  const server = await runHttpServer(['scripts/aps-mcp.ts', 'ssa', '--sandbox'], { cwd });
  const client = await connect(server.url, 'auto');
  onTestFinished(() => client.close());
  expect((await callListing(client, 'list_hubs')).items).toHaveLength(2);
  expectNoKey(server.output.stderr, pem);
  const [, url = ''] = await server.says(/sandbox[^\n]* (http:\/\/127\.0\.0\.1:\d+)/);
  const accounts = await accountsOf({ ...sandbox, url });
  const used = accounts.filter(({ accessedAt, createdAt }) => accessedAt !== createdAt);
  expect(used.map(({ serviceAccountId }) => serviceAccountId)).toEqual([id]);
});

test('with credentials in .env, it creates an account with the requested name and one key', async () => {
  const credentials = Object.entries(application()).map(([name, value]) => `${name}=${value}\n`);
  const unset = 'APS_SSA_ID=\nAPS_SSA_KEY_ID=""\nAPS_SSA_KEY_BASE64=  # see above\nOTHER=1\n';
  await writeFile(envFile(), credentials.join('') + unset);
  const { code, stdout, stderr } = await setup(['--yes', '--name', 'night-shift'], {});
  expect([code, stderr]).toEqual([0, '']);
  const { APS_SSA_ID: id, APS_SSA_KEY_ID: kid, ...rest } = parse(await readFile(envFile(), 'utf8'));
  expect(rest).toMatchObject(application({ OTHER: '1' }));
  const [, account, ...others] = await accountsOf(sandbox);
  expect(account).toMatchObject({ serviceAccountId: id, status: 'ENABLED' });
  expect(account?.email).toMatch(/^night-shift@/);
  expect(others).toEqual([]);
  expect((await administer(sandbox, 'GET', `/${id}/keys`)).body).toMatchObject({ keys: [{ kid }] });
  expect(stdout).toContain(`Invite ${account?.email}`);
  expect(stdout).toContain('access to 0 hubs');
  expect(stdout).not.toContain('Invited');
});

describe('an account that is already in .env', () => {
  const before =
    '# old\nexport APS_SSA_ID=OLDACCOUNT\nAPS_SSA_KEY_ID=old-key\nAPS_SSA_KEY_BASE64=b2xk\nOTHER=1\n';

  test('is not replaced, and none is created, without --replace', async () => {
    await writeFile(envFile(), before);
    const offered = 'npm run ssa:setup -- --name night-shift --yes --replace';
    expectRefusal(await setup(['--name', 'night-shift', '--yes']), envFile(), 'already', offered);
    expect(await readFile(envFile(), 'utf8')).toBe(before);
    expect(await readdir(cwd)).toEqual(['.env']);
    expect(await idsOf()).toHaveLength(1);
  });

  test('is replaced with --replace, and nothing else changes', async () => {
    await writeFile(envFile(), before);
    expect(await setup(['--yes', '--replace'])).toMatchObject({ code: 0, stderr: '' });
    const written = await readFile(envFile(), 'utf8');
    const { APS_SSA_ID: id, APS_SSA_KEY_ID: kid, APS_SSA_KEY_BASE64: key } = parse(written);
    expect(written).toBe(
      `# old\nexport APS_SSA_ID=${id}\nAPS_SSA_KEY_ID=${kid}\nAPS_SSA_KEY_BASE64=${key}\nOTHER=1\n`,
    );
    expect((await idsOf())[1]).toBe(id);
  });
});

test('without a terminal, nothing is created or deleted unless --yes is given', async () => {
  const id = sandbox.env.APS_SSA_ID ?? '';
  const [made, deleted] = await Promise.all([setup([]), setup(['--delete', id])]);
  expectRefusal(made, 'Create the service account "aps-mcp-server"', 'no terminal', '--yes');
  expectRefusal(deleted, `Delete the service account ${id}`, 'no terminal', '--yes');
  expect(made.stderr).toMatch(/npm run ssa:setup -- --yes$/m);
  expect(deleted.stderr).toContain(`npm run ssa:setup -- --delete ${id} --yes`);
  expect(await idsOf()).toEqual([id]);
  expect(await readdir(cwd)).toEqual([]);
});

describe('--sandbox beside an application at Autodesk', () => {
  const credentials = 'APS_CLIENT_ID=my-id\nAPS_CLIENT_SECRET=my-secret\n';

  test('is refused: the server would use the account of the sandbox at Autodesk', async () => {
    await writeFile(envFile(), credentials);
    expectRefusal(
      await setup(['--sandbox', '--yes'], {}),
      ...[envFile(), 'APS_CLIENT_ID', 'APS_SANDBOX=1', 'leave out --sandbox'],
    );
    expect(await readFile(envFile(), 'utf8')).toBe(credentials);
    expect(await readdir(cwd)).toEqual(['.env']);
  });

  test('works where APS_SANDBOX=1 says that the server uses the sandbox, too', async () => {
    await writeFile(envFile(), `APS_SANDBOX=1\n${credentials}`);
    expect(await setup(['--sandbox', '--yes'], {})).toMatchObject({ code: 0, stderr: '' });
  });

  test('works with a copy of .env.example', async () => {
    await copyFile(pathOf('.env.example'), envFile());
    expect(await setup(['--sandbox', '--yes'], {})).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('--list and --delete', () => {
  test('with --sandbox list the account that was made in another sandbox', async () => {
    expect((await setup(['--sandbox', '--yes'], {})).code).toBe(0);
    const { APS_SSA_ID: id, APS_SSA_KEY_ID: kid } = parse(await readFile(envFile()));
    const { code, stdout } = await setup(['--list', '--sandbox'], {});
    expect(code).toBe(0);
    expect(stdout).toContain(`${id}  ENABLED`);
    expect(stdout).toContain(`  key ${kid}  ENABLED`);
  });

  test('list the accounts with their keys, and delete one', async () => {
    const { APS_SSA_ID: id = '', APS_SSA_KEY_ID: kid = '' } = sandbox.env;
    await administer(sandbox, 'POST', '', { name: 'night-1', firstName: 'Night', lastName: 'Shift' });
    const [account, resting] = await accountsOf(sandbox);
    // APS does not list the keys of a disabled account.
    await administer(sandbox, 'PATCH', `/${resting?.serviceAccountId}`, { status: 'DISABLED' });
    expect(await setup(['--list'])).toEqual({
      code: 0,
      stdout: [
        `${id}  ENABLED  ${account?.email}`,
        `  key ${kid}  ENABLED`,
        `${resting?.serviceAccountId}  DISABLED  ${resting?.email}\n`,
      ].join('\n'),
      stderr: '',
    });

    const { code, stdout, stderr } = await setup(['--delete', id, '--yes'], application({ APS_SSA_ID: id }));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Deleted ${id}\\.\\n.*remove APS_SSA_\\* from \\.env\\.\\n$`));
    expect(await idsOf()).toEqual([resting?.serviceAccountId]);
    expect(await readdir(cwd)).toEqual([]);
  });

  test('delete nothing for an unknown id, even one that looks like a path', async () => {
    expectRefusal(await setup(['--delete', '../service-accounts', '--yes']), 'no such service account');
    expect(await idsOf()).toHaveLength(1);
  });
});

describe('nothing is created or written', () => {
  async function expectNothing(accounts = 1): Promise<void> {
    expect(await idsOf()).toHaveLength(accounts);
    expect((await readdir(cwd)).filter((name) => name !== '.env')).toEqual([]);
  }

  test('with invalid options, each of which gets one line', async () => {
    const wrong: [args: string[], reason: string][] = [
      [['--name', 'four'], '--name must be 5 to 100'],
      [['--name=------'], '--name must be'],
      [['--nmae', 'night-shift'], "'--nmae'"],
    ];
    await Promise.all(
      wrong.map(async ([args, reason]) => {
        const ended = await setup(['--yes', ...args]);
        expectRefusal(ended, reason, '--help');
        expect(ended.stderr).toMatch(/^[^\n]+\n$/);
      }),
    );
    await expectNothing();
  });

  test('without credentials, with a wrong secret, or with a name that exists', async () => {
    const [without, wrong, taken] = await Promise.all([
      setup(['--yes'], {}),
      setup(['--yes'], application({ APS_CLIENT_SECRET: 'S3cr3t-0815-of-somebody' })),
      setup(['--yes', '--name', 'sandbox-service']),
    ]);
    const where = 'Developer Hub (https://aps.autodesk.com)';
    expectRefusal(without, 'APS_CLIENT_ID', 'APS_CLIENT_SECRET', where);
    expect(without.stderr).not.toContain('APS_SSA');
    expectRefusal(wrong, 'APS_CLIENT_ID', 'APS_CLIENT_SECRET');
    expect(wrong.stderr).not.toContain('S3cr3t-0815');
    expectRefusal(taken, 'sandbox-service', 'exists');
    await expectNothing();
  });

  test('if the application already has 10 accounts', async () => {
    for (let count = 2; count <= 10; count += 1) {
      const names = { name: `night-${count}`, firstName: 'Night', lastName: 'Shift' };
      expect((await administer(sandbox, 'POST', '', names)).status).toBe(201);
    }
    const ended = await setup(['--yes']);
    expectRefusal(ended, 'at most 10', 'Delete');
    expect(ended.stderr).not.toContain('belongs to somebody else');
    await expectNothing(10);
  });

  test('if .env cannot be read', async () => {
    await mkdir(envFile());
    expectRefusal(await setup(['--yes']), envFile());
    await expectNothing();
  });

  test.skipIf(isWindows)(
    'if .env is a symbolic link: nothing is asked of APS, and the other file is as it was',
    async () => {
      const other = join(cwd, 'of-somebody-else');
      await writeFile(other, 'OTHER=1\n');
      await symlink(other, envFile());
      expectRefusal(
        await setup(['--yes']),
        `${envFile()} is a symbolic link to ${other}`,
        'Replace the link',
      );
      expect(await readFile(other, 'utf8')).toBe('OTHER=1\n');
      expect(sandbox.requests.filter(({ path }) => path.includes('/service-accounts'))).toEqual([]);
      expect((await readdir(cwd)).sort()).toEqual(['.env', 'of-somebody-else']);
    },
  );

  test('if .env cannot be written: the new account is deleted again', async () => {
    // A folder takes its place as soon as there is a key.
    const aps = await startRecordingAps(sandbox, ({ path }) => {
      if (path.endsWith('/keys')) mkdirSync(envFile());
    });
    onTestFinished(() => aps.close());
    const ended = await setup(['--yes'], application({ APS_BASE_URL: aps.url }));
    expectRefusal(ended, 'Could not create and save a key', 'The new service account was deleted');
    const calls = sandbox.requests.filter(({ path }) => path.includes('/service-accounts'));
    expect(calls.map(({ method }) => method)).toEqual(['POST', 'POST', 'DELETE']);
    await expectNothing();
  });
});

test('--help shows the options, and needs no variables', async () => {
  const { code, stdout, stderr } = await setup(['--help'], {});
  expect([code, stderr]).toEqual([0, '']);
  for (const option of ['--name', '--list', '--delete', '--yes', '--replace', '--sandbox'])
    expect(stdout).toContain(option);
});
