// A store in a file, and what else can be in its place, change it or lock it.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'libsql';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStoreFor } from '../../../lib/serve/launch/store.ts';
import { openStore } from '../../../lib/store/open.ts';
import { StoreUnavailable } from '../../../lib/store/store.ts';
import { scratchFolder } from '../../support/folder.ts';
import { isWindows } from '../../support/platform.ts';
import { printed } from '../../support/printed.ts';

const folder = scratchFolder();
const secret = 'the-secret-of-this-store-0123456789-a';

/** A file of its own for each test. */
const newFile = () => join(folder, crypto.randomUUID(), 'store.db');
const modeOf = (path: string) => statSync(path).mode & 0o777;

async function open(path: string, secrets: readonly string[] = [secret]) {
  const { store } = await openStore(`file:${path}`, secrets, { keychainFor: async () => undefined });
  onTestFinished(() => store.close());
  return store;
}

/** Another program at the file. */
function program(path: string, ...statements: string[]) {
  const database = new Database(path);
  onTestFinished(() => void database.close());
  for (const statement of statements) database.exec(statement);
  return database;
}

describe('after the last process has closed it', () => {
  test('a copy of the file has everything', async () => {
    const [path, copy] = [newFile(), newFile()];
    const store = await open(path);
    await store.set('kind:a', 'kept', 60);
    await store.close();
    expect(readdirSync(dirname(path))).toEqual(['store.db']);
    mkdirSync(dirname(copy));
    copyFileSync(path, copy);
    expect(await (await open(copy)).get('kind:a')).toBe('kept');
  });

  test('that is so, too, if one before it was killed', async () => {
    const [path, killed] = [newFile(), newFile()];
    await (await open(killed)).set('kind:a', 'kept', 60);
    cpSync(dirname(killed), dirname(path), { recursive: true });
    expect(readdirSync(dirname(path))).toContain('store.db-wal');
    await (await open(path)).close();
    expect(readdirSync(dirname(path))).toEqual(['store.db']);
    expect(await (await open(path)).get('kind:a')).toBe('kept');
  });

  test('it answers no more', async () => {
    const store = await open(newFile());
    await store.close();
    await expect(store.get('kind:a')).rejects.toMatchObject({
      details: expect.stringContaining('it is closed'),
    });
  });
});

test('while another one uses it, a copy of the file has what a closed one wrote', async () => {
  const [path, copy] = [newFile(), newFile()];
  const [one, other] = [await open(path), await open(path)];
  await one.set('kind:a', 'kept', 60);
  await one.close();
  mkdirSync(dirname(copy));
  copyFileSync(path, copy);
  expect(await (await open(copy)).get('kind:a')).toBe('kept');
  expect(await other.get('kind:a')).toBe('kept');
});

test.skipIf(isWindows).each(['the file', 'its folder'])(
  'by a symbolic link to %s, it is the same store with the same secret',
  async (what) => {
    const path = newFile();
    const link = join(folder, crypto.randomUUID());
    symlinkSync(what === 'the file' ? path : dirname(path), link);
    mkdirSync(dirname(path));
    const entries = new Map<string, string>();
    const openAt = async (file: string) => {
      const keychainFor = async (entry: string) => ({
        get: async () => entries.get(entry),
        set: async (given: string) => void entries.set(entry, given),
        delete: async () => void entries.delete(entry),
      });
      const { store } = await openStore(`file:${file}`, [], { keychainFor });
      onTestFinished(() => store.close());
      return store;
    };
    await (await openAt(what === 'the file' ? link : join(link, 'store.db'))).set('kind:a', 'kept', 60);
    expect(await (await openAt(path)).get('kind:a')).toBe('kept');
  },
);

describe('while another program is writing', () => {
  test('writes wait for it, and everything else goes on', async () => {
    const path = newFile();
    const store = await open(path);
    const other = program(path, 'BEGIN IMMEDIATE');
    const writing = Array.from({ length: 50 }, (_, index) => store.add(`kind:${index}`, index, 60));
    expect(await store.get('kind:0')).toBeUndefined();
    other.exec('COMMIT');
    expect(await Promise.all(writing)).toEqual(Array(50).fill(true));
  });

  test('they give up after some seconds, and say why', async () => {
    const path = newFile();
    const store = await open(path);
    program(path, 'BEGIN IMMEDIATE');
    await expect(store.set('kind:a', 1, 60)).rejects.toMatchObject({
      details: expect.stringMatching(/database is locked.*Another program is writing/),
    });
  });
});

describe('a file of something else', () => {
  test.skipIf(isWindows)('that is a text is refused, and keeps its mode', async () => {
    const path = newFile();
    mkdirSync(dirname(path));
    writeFileSync(path, 'a letter to Alice', { mode: 0o644 });
    await expect(open(path)).rejects.toThrow(/not a database.*move it away/);
    expect([modeOf(path), readFileSync(path, 'utf8')]).toEqual([0o644, 'a letter to Alice']);
  });

  test.skipIf(isWindows).each(['DELETE', 'WAL'])(
    'that is a database in the mode %s is refused, and stays as it is',
    async (mode) => {
      const [path, source] = [newFile(), newFile()];
      for (const each of [path, source]) mkdirSync(dirname(each));
      program(source, 'CREATE TABLE letters (text TEXT)', `PRAGMA journal_mode = ${mode}`);
      program(source, 'PRAGMA wal_checkpoint(TRUNCATE)');
      copyFileSync(source, path);
      chmodSync(path, 0o664);
      const before = readFileSync(path);
      await expect(open(path)).rejects.toThrow(/the database of another application.*Choose another file/);
      expect(modeOf(path)).toBe(0o664);
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(dirname(path))).toEqual(['store.db']);
    },
  );
});

test.skipIf(isWindows)('a store that others can read is theirs no longer, and that is said', async () => {
  const path = newFile();
  await (await open(path)).close();
  chmodSync(path, 0o664);
  const said = printed();
  await open(path);
  expect(modeOf(path)).toBe(0o600);
  expect(said).toEqual([expect.stringContaining(`Other accounts could open ${path}`)]);
});

describe.skipIf(isWindows)('a store that is not fit for use any more', () => {
  test.each([
    ['deleted', (path: string) => rmSync(dirname(path), { recursive: true })],
    [
      'replaced',
      (path: string) => {
        renameSync(path, `${path}.old`);
        writeFileSync(path, '');
      },
    ],
  ])('since its file was %s says so, and what to do', async (_how, change) => {
    const path = newFile();
    const store = await open(path);
    await store.check();
    change(path);
    const failure = await store.check().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).toMatchObject({
      details: expect.stringMatching(/its file was deleted or replaced.*Restart the server/),
    });
  });
});

test('the record of a check is kept for a minute', async () => {
  const path = newFile();
  await (await open(path)).check();
  const row = program(path).prepare("SELECT expires_at FROM records WHERE key LIKE '%check'").get();
  const { expires_at: expiresAt } = row as { expires_at: number };
  expect(expiresAt - Date.now()).toBeGreaterThan(50_000);
  expect(expiresAt - Date.now()).toBeLessThanOrEqual(60_000);
});

// The other systems do not get their data folder from a variable.
describe.runIf(process.platform === 'linux')("the store in a desktop user's own data folder", () => {
  const choice = { clientAuth: 'none', transport: 'stdio', isSandbox: false, url: undefined } as const;
  const openOwn = async (secrets: readonly string[]) => {
    const opened = await openStoreFor({ userScopes: ['data:read'] }, choice, secrets);
    onTestFinished(() => opened?.store.close());
    return opened;
  };

  test('takes STORE_SECRET', async () => {
    const data = join(folder, crypto.randomUUID());
    vi.stubEnv('XDG_DATA_HOME', data);
    onTestFinished(() => void vi.unstubAllEnvs());
    await (await openOwn([secret]))?.store.set('kind:a', 'kept', 60);
    expect(readdirSync(join(data, 'aps-mcp'))).not.toContain('store.db.secret');
    const again = await openOwn([secret]);
    expect(again?.where).toBe(join(data, 'aps-mcp', 'store.db'));
    expect(await again?.store.get('kind:a')).toBe('kept');
  });

  test('is not made in the working folder', async () => {
    vi.stubEnv('XDG_DATA_HOME', 'data');
    onTestFinished(() => void vi.unstubAllEnvs());
    const said = printed();
    expect((await openOwn([]))?.where).toContain('in memory');
    expect(said).toEqual([expect.stringMatching(/kept in memory.*absolute path/)]);
  });
});
