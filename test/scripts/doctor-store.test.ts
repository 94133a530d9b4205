// What doctor says of the store.
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { createClient } from 'redis';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { openStore } from '../../lib/store/open.ts';
import { doctor } from '../../scripts/doctor.ts';
import { closing } from '../support/closing.ts';
import { newFolder } from '../support/folder.ts';
import { isWindows } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { describeWith } from '../support/with-programs.ts';

const sandbox: Sandbox = closing()(await startSandbox());
const secret = 'the-secret-of-this-store-0123456789-a';

const document = z.object({
  checks: z.array(
    z.object({ id: z.string(), status: z.string(), text: z.string(), advice: z.string().optional() }),
  ),
});

/** What it says of the store of a server. */
async function findings(server: string, env: Record<string, string>, ...options: string[]) {
  const printed: string[] = [];
  const folder = await newFolder();
  await doctor([server, '--port', '0', '--json', ...options], {
    ...{ env: { ...sandbox.env, ...env }, folder, project: folder },
    print: (text) => printed.push(text),
  });
  return document.parse(JSON.parse(printed.join('\n'))).checks.filter(({ id }) => id === 'store');
}

beforeEach(async () => {
  // What this person's own servers keep is left alone.
  vi.stubEnv('XDG_DATA_HOME', await newFolder());
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['2lo', {}, [], 'skipped', 'stores nothing'],
  ['3lo', {}, [], 'ok', 'in memory, until the server stops'],
  ['pkce', {}, ['--transport', 'stdio'], 'ok', 'a file in your own data folder'],
] as const)('%s with %j %j: %s, %s', async (server, env, options, status, text) => {
  expect(await findings(server, env, ...options)).toMatchObject([
    { status, text: expect.stringContaining(text) },
  ]);
});

test.runIf(process.platform === 'linux')(
  'a data folder in which no file can be made is a warning: people sign in at every start',
  async () => {
    vi.stubEnv('XDG_DATA_HOME', join(await newFolder({ letter: 'no folder' }), 'letter'));
    expect(await findings('pkce', {}, '--transport', 'stdio')).toMatchObject([
      {
        status: 'warning',
        text: expect.stringContaining('is not a folder'),
        advice: expect.stringContaining('STORE_URL'),
      },
    ]);
  },
);

describe('a file', () => {
  test('that is not there yet is not made', async () => {
    const path = join(await newFolder(), 'store.db');
    const [found] = await findings('3lo', { STORE_URL: `file:${path}` });
    expect(found).toMatchObject({ status: 'ok', text: `${path} does not exist yet; the server creates it` });
  });

  test.each(['store.db', 'folder/store.db'])(
    'that cannot be made, in a file, is a fault: %s',
    async (name) => {
      const file = join(await newFolder({ letter: 'no folder' }), 'letter');
      const path = join(file, name);
      const [found] = await findings('3lo', { STORE_URL: `file:${path}` });
      expect(found).toMatchObject({
        status: 'fault',
        text: expect.stringContaining(`${file} is not a folder`),
      });
      expect(found?.text).toContain(path);
    },
  );

  test.each([
    ['whose own secret is out of reach', [], {}],
    [
      'whose STORE_SECRET is being replaced',
      [secret],
      { STORE_SECRET: `a-newer-one-of-32-characters-0815,${secret}` },
    ],
    ['with a secret of its own, when STORE_SECRET is set', [], { STORE_SECRET: secret }],
  ])('%s is left as it is', async (_which, secrets, env) => {
    const path = join(await newFolder(), 'store.db');
    await (await openStore(`file:${path}`, secrets, { keychainFor: async () => undefined })).store.close();
    const kept = `${path}.secret`;
    const records = () => new Database(path).prepare('SELECT key, text FROM records').all();
    const before = records();
    await rm(kept, { force: true });
    expect(await findings('3lo', { STORE_URL: `file:${path}`, ...env })).toMatchObject([{ status: 'ok' }]);
    expect(records()).toEqual(before);
    expect(existsSync(kept)).toBe(false);
  });

  test.skipIf(isWindows).each(['open', 'closed'])(
    'that others can read is left as it is, when a server has it %s',
    async (how) => {
      const path = join(await newFolder(), 'store.db');
      const { store } = await openStore(`file:${path}`, [secret]);
      onTestFinished(() => store.close());
      if (how === 'closed') await store.close();
      chmodSync(path, 0o644);
      /** But for the file that all readers share. */
      const state = () =>
        readdirSync(join(path, '..'))
          .filter((file) => !file.endsWith('-shm'))
          .map((file) => join(path, '..', file))
          .map((file) => [file, statSync(file).mode, readFileSync(file, 'latin1')]);
      const before = state();
      const env = { STORE_URL: `file:${path}`, STORE_SECRET: secret };
      expect(await findings('3lo', env)).toMatchObject([{ status: 'ok', text: `${path} can be used` }]);
      expect(state()).toEqual(before);
    },
  );

  test.skipIf(isWindows)('of another application is a fault, and stays as it is', async () => {
    const path = join(await newFolder(), 'letters.db');
    const database = new Database(path);
    database.exec('CREATE TABLE letters (text TEXT)');
    database.close();
    chmodSync(path, 0o664);
    const before = readFileSync(path);
    expect(await findings('3lo', { STORE_URL: `file:${path}` })).toMatchObject([
      {
        status: 'fault',
        text: expect.stringMatching(/the database of another application.*Choose another file/),
      },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o664);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(path, '..'))).toEqual(['letters.db']);
  });

  test('with another STORE_SECRET, or that is no store, is a fault', async () => {
    const path = join(await newFolder(), 'store.db');
    await (await openStore(`file:${path}`, [secret])).store.close();
    const env = { STORE_URL: `file:${path}`, STORE_SECRET: secret };
    expect(await findings('3lo', env)).toMatchObject([{ status: 'ok' }]);
    expect(await findings('3lo', { ...env, STORE_SECRET: `${secret}-another` })).toMatchObject([
      { status: 'fault', text: expect.stringContaining('STORE_SECRET is not the secret') },
    ]);
    const letter = join(await newFolder(), 'letter');
    await mkdir(join(letter, '..'), { recursive: true });
    await writeFile(letter, 'a letter to Alice, and no database at all. '.repeat(50));
    expect(await findings('3lo', { ...env, STORE_URL: `file:${letter}` })).toMatchObject([
      { status: 'fault', text: expect.stringContaining('move it away') },
    ]);
  });
});

describeWith('Redis', [noRedis], () => {
  test('that is not there is a fault, without its password', async () => {
    const url = `redis://:hidden-0815@127.0.0.1:${await freePort()}`;
    const [found] = await findings('3lo', { STORE_URL: url, STORE_SECRET: secret });
    expect(found).toMatchObject({
      status: 'fault',
      text: expect.stringContaining('Check that Redis runs there'),
    });
    expect(JSON.stringify(found)).not.toContain('hidden-0815');
  });

  test('that can forget people is warned of, and one that cannot is not', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const env = { STORE_URL: redis.url, STORE_SECRET: secret };
    expect(await findings('3lo', env, '--client-auth', 'autodesk')).toMatchObject([{ status: 'ok' }]);
    const operator = await createClient({ url: redis.url }).connect();
    await operator.configSet({ 'maxmemory-policy': 'allkeys-lru', appendonly: 'no' });
    expect(await findings('3lo', env)).toMatchObject([
      { status: 'ok' },
      { status: 'warning', advice: 'Set maxmemory-policy to noeviction.' },
      { status: 'warning', advice: 'Set appendonly to yes.' },
    ]);
    // Hosted ones keep their settings to themselves.
    await operator.aclSetUser('guest', ['on', '>a-password', '~*', '&*', '+@all', '-config']);
    operator.destroy();
    const asGuest = { ...env, STORE_URL: redis.url.replace('//', '//guest:a-password@') };
    expect(await findings('3lo', asGuest)).toMatchObject([{ status: 'ok' }]);
  });

  test('that a server could read but not write is a fault', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const operator = await createClient({ url: redis.url }).connect();
    await operator.aclSetUser('reader', ['on', '>a-password', '~*', '&*', '+@all', '-@write']);
    operator.destroy();
    const url = redis.url.replace('//', '//reader:a-password@');
    expect(await findings('3lo', { STORE_URL: url, STORE_SECRET: secret })).toMatchObject([
      { status: 'fault', text: expect.stringContaining('Allow this user every command') },
    ]);
  });
});
