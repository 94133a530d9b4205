// What somebody sees who reads a store, and the secrets that it is encrypted with.
import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { decrypt, encrypt } from '../../../lib/store/cipher.ts';
import { encryptedCoding } from '../../../lib/store/encrypted.ts';
import { pathOf } from '../../../lib/store/file-path.ts';
import { openStore, openUserStore } from '../../../lib/store/open.ts';
import type { Store } from '../../../lib/store/store.ts';
import { scratchFolder } from '../../support/folder.ts';
import { isWindows } from '../../support/platform.ts';
import { printed } from '../../support/printed.ts';

const folder = scratchFolder();
const secret = 'the-secret-of-this-store-0123456789-a';
const newer = 'a-newer-secret-of-this-store-98765-b';
const noKeychain = async () => undefined;

/** A file of its own for each test. */
const newFile = () => join(folder, crypto.randomUUID(), 'store.db');

async function open(
  path: string,
  secrets: readonly string[] = [secret],
  keychain = noKeychain,
): Promise<Store> {
  const { store } = await openStore(`file:${path}`, secrets, { keychainFor: keychain, patience: 100 });
  onTestFinished(() => store.close());
  return store;
}

/** The files of a store as they lie on the disk. */
const bytesOf = (path: string) =>
  readdirSync(join(path, '..'))
    .map((file) => readFileSync(join(path, '..', file), 'latin1'))
    .join();

/** The data key as it is stored. */
function wrappedKey(path: string): string {
  const database = new Database(path);
  const row = database.prepare("SELECT text FROM records WHERE key = 'aps-mcp:data-key'").get();
  database.close();
  return z.object({ text: z.string() }).parse(row).text;
}

test('nothing of a value, and nothing of a key but its kind, can be read in the files', async () => {
  const path = newFile();
  const store = await open(path);
  const traces = ['alice@works.example', 'eyJhbGciOiJSUzI1NiJ9', 'https://issuer.example#SBXUSERALICE'];
  const [user = '', token = '', caller = ''] = traces;
  for (let index = 0; index < 50; index += 1)
    await store.set(`tokens:${caller}${index}`, { user, access: token, index }, 60);
  for (const trace of [...traces, secret, 'access']) expect(bytesOf(path)).not.toContain(trace);
  expect(bytesOf(path)).toContain('aps-mcp:tokens:');
});

test.skipIf(isWindows)('only its owner can read the files', async () => {
  const path = newFile();
  await (await open(path, [])).set('kind:a', 1, 60);
  const files = readdirSync(join(path, '..'));
  expect(files).toEqual(expect.arrayContaining(['store.db', 'store.db-wal', 'store.db.secret']));
  for (const file of files) expect(statSync(join(path, '..', file)).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
});

test('a record that is moved to another key is ignored, and so is one that is damaged', async () => {
  const said = printed();
  const path = newFile();
  const store = await open(path);
  await store.set('tokens:alice', 'of Alice', 60);
  await store.set('tokens:benji', 'of Benji', 60);
  const { version: ofAlice = '' } = (await store.read('tokens:alice')) ?? {};
  const database = new Database(path);
  database.prepare('UPDATE records SET text = ? WHERE key LIKE ?').run(ofAlice, 'aps-mcp:tokens:%');
  database.close();
  expect(await store.get('tokens:alice')).toBe('of Alice');
  expect(await store.get('tokens:benji')).toBeUndefined();
  expect(said.join()).toMatch(/not written by this deployment/);
});

describe('STORE_SECRET', () => {
  test('that is another one ends the start, with what to do', async () => {
    const path = newFile();
    await open(path);
    await expect(open(path, [newer])).rejects.toThrow(
      /STORE_SECRET is not the secret that this store was written with.*after the new one and a comma/,
    );
  });

  test('is replaced in two steps, and every key and value stays', async () => {
    const path = newFile();
    await (await open(path, [secret])).set('tokens:alice', 'kept', 60);
    const both = await open(path, [newer, secret]);
    expect(await both.get('tokens:alice')).toBe('kept');
    await both.set('tokens:benji', 'also', 60);
    const only = await open(path, [newer]);
    expect([await only.get('tokens:alice'), await only.get('tokens:benji')]).toEqual(['kept', 'also']);
    await expect(open(path, [secret])).rejects.toThrow(/STORE_SECRET/);
  });

  test('that was replaced opens no copy of the files that is made later', async () => {
    const path = newFile();
    await open(path, [secret]);
    const old = wrappedKey(path);
    await open(path, [newer, secret]);
    expect(wrappedKey(path)).not.toBe(old);
    expect(bytesOf(path)).toContain(wrappedKey(path));
    expect(bytesOf(path)).not.toContain(old);
  });

  test("takes the place of a store's own secret, which is deleted", async () => {
    const path = newFile();
    await open(path, []);
    const old = wrappedKey(path);
    expect(readdirSync(join(path, '..'))).toContain('store.db.secret');
    await open(path, [secret]);
    expect(bytesOf(path)).not.toContain(old);
    expect(readdirSync(join(path, '..'))).not.toContain('store.db.secret');
  });

  test('is agreed on by two that start at the same moment', async () => {
    const path = newFile();
    const [one, other] = await Promise.all([open(path), open(path)]);
    await one.set('tokens:alice', 'shared', 60);
    expect(await other.get('tokens:alice')).toBe('shared');
  });
});

test.each([
  [
    'STORE_SECRET, and is opened without it, refuses, and loses nothing',
    [secret],
    [],
    /STORE_SECRET is missing/,
  ],
  ['a secret of its own takes STORE_SECRET from then on', [], [secret], undefined],
])('a store that was written with %s', async (_what, first, second, refusal) => {
  const path = newFile();
  await (await open(path, first)).set('kind:a', 'kept', 60);
  const again = open(path, second);
  if (refusal) await expect(again).rejects.toThrow(refusal);
  else expect(await (await again).get('kind:a')).toBe('kept');
  expect(await (await open(path, [secret])).get('kind:a')).toBe('kept');
});

test('a value with a shortened tag is not accepted, and foreign records are complained of once', () => {
  const said = printed();
  const bytes = Buffer.from(encrypt(new Uint8Array(0), new Uint8Array(32), 'here'), 'base64url');
  expect(decrypt(bytes.toString('base64url'), new Uint8Array(32), 'here')).toBeDefined();
  expect(decrypt(bytes.subarray(0, 16).toString('base64url'), new Uint8Array(32), 'here')).toBeUndefined();
  const coding = encryptedCoding(new Uint8Array(32));
  for (let length = 0; length < 40; length += 1)
    expect(coding.decode('kind:a', Buffer.alloc(length).toString('base64url'))).toBeUndefined();
  expect(said).toHaveLength(1);
});

describe('a file that cannot be used', () => {
  test('since it is no database ends the start, and stays as it is', async () => {
    const path = newFile();
    mkdirSync(join(path, '..'));
    writeFileSync(path, 'a letter to Alice, of more than a few words, and no database at all'.repeat(20));
    await expect(open(path)).rejects.toThrow(/cannot be used: .*not a database.*move it away/);
    expect(readFileSync(path, 'utf8')).toContain('a letter to Alice');
  });

  test('since there is a folder in its place ends the start', async () => {
    const path = newFile();
    mkdirSync(path, { recursive: true });
    await expect(open(path)).rejects.toThrow(/cannot be used: .*EISDIR.*can write the file/);
  });

  test('costs a desktop user no start: they sign in every time', async () => {
    const said = printed();
    const path = newFile();
    mkdirSync(path, { recursive: true });
    const { store, where } = await openUserStore([], path);
    await store.set('kind:a', 'here', 60);
    expect(await store.get('kind:a')).toBe('here');
    expect(where).toContain('in memory');
    expect(said.join()).toMatch(/kept in memory.*cannot be used/);
  });
});

test.each([
  ['file:/nowhere/store.db', '/nowhere/store.db'],
  ['file:///nowhere/my%20store.db', '/nowhere/my store.db'],
  ['file:store.db', join(realpathSync(process.cwd()), 'store.db')],
  ['file:~/store.db', join(realpathSync(homedir()), 'store.db')],
])('%s is the file %s', (url, path) => {
  if (!isWindows) expect(pathOf(url)).toBe(path);
});
