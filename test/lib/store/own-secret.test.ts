// The secret of a store without STORE_SECRET: in a keychain that can be locked, or in a file next to the store.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Keychain } from '../../../lib/store/file-secret.ts';
import { openStore } from '../../../lib/store/open.ts';
import { scratchFolder } from '../../support/folder.ts';
import { isWindows } from '../../support/platform.ts';
import { printed } from '../../support/printed.ts';

vi.mock('node:fs/promises', { spy: true });

const folder = scratchFolder();

/** A file of its own for each test. */
const newFile = () => join(folder, crypto.randomUUID(), 'store.db');
const inFile = (path: string) => `${path}.secret`;

async function open(path: string, keychain?: Keychain, secrets: readonly string[] = []) {
  const opened = await openStore(`file:${path}`, secrets, {
    keychainFor: async () => keychain,
    patience: 100,
  });
  onTestFinished(() => opened.store.close());
  return opened;
}

/** A keychain in memory. */
function keychain() {
  let known: string | undefined;
  const chain: Keychain = {
    get: async () => known,
    async set(given) {
      known = given;
    },
    async delete() {
      known = undefined;
    },
  };
  return { chain, known: () => known, lose: () => chain.delete(AbortSignal.abort()) };
}

const failing: Keychain = {
  get: () => Promise.reject(new Error('locked')),
  set: () => Promise.reject(new Error('locked')),
  delete: () => Promise.reject(new Error('locked')),
};
const silent: Keychain = { ...failing, get: () => new Promise(() => {}) };
const unreachable: [string, Keychain | undefined][] = [
  ['fails', failing],
  ['never answers', silent],
  ['is not there', undefined],
];

test('lies in the keychain, and in no file', async () => {
  const path = newFile();
  const { chain, known } = keychain();
  await (await open(path, chain)).store.set('kind:a', 'kept', 60);
  expect(known()).toMatch(/^[\w-]{43}$/);
  expect(existsSync(inFile(path))).toBe(false);
  expect(await (await open(path, chain)).store.get('kind:a')).toBe('kept');
});

test.each(unreachable)('of a new store lies in a file where the keychain %s', async (_how, chain) => {
  const path = newFile();
  await (await open(path, chain)).store.set('kind:a', 'kept', 60);
  expect(readFileSync(inFile(path), 'utf8')).toMatch(/^[\w-]{43}\n$/);
  expect(await (await open(path, chain)).store.get('kind:a')).toBe('kept');
});

test.each(unreachable)('survives a start where the keychain that has it %s', async (_how, broken) => {
  const path = newFile();
  const { chain } = keychain();
  await (await open(path, chain)).store.set('kind:a', 'kept', 60);
  const said = printed();
  const { store, where } = await open(path, broken);
  expect(where).toContain('in memory');
  expect(said).toEqual([
    expect.stringMatching(/kept in memory.*keychain.*cannot be reached.*stays as it is/),
  ]);
  await store.set('kind:b', 'for this run', 60);
  expect(await store.get('kind:b')).toBe('for this run');
  expect(existsSync(inFile(path))).toBe(false);
  expect(await (await open(path, chain)).store.get('kind:a')).toBe('kept');
});

test('in a file that is damaged is made anew', async () => {
  const path = newFile();
  mkdirSync(join(path, '..'));
  writeFileSync(inFile(path), '');
  await (await open(path)).store.set('kind:a', 'kept', 60);
  expect(await (await open(path)).store.get('kind:a')).toBe('kept');
});

test('is agreed on by many that start at once', async () => {
  const path = newFile();
  const opened = await Promise.all(Array.from({ length: 10 }, () => open(path)));
  await opened[0]?.store.set('kind:a', 'shared', 60);
  for (const { store } of opened) expect(await store.get('kind:a')).toBe('shared');
});

test('that the keychain has lost costs the sign-ins, and no start', async () => {
  const said = printed();
  const path = newFile();
  const { chain, lose } = keychain();
  await (await open(path, chain)).store.set('kind:a', 'lost', 60);
  await lose();
  const { store } = await open(path, chain);
  expect(await store.get('kind:a')).toBeUndefined();
  await store.set('kind:a', 'new', 60);
  expect(await (await open(path, chain)).store.get('kind:a')).toBe('new');
  expect(said.join()).toMatch(/is lost.*sign in again/);
});

test('whose file is missing, where no keychain can be asked, costs no sign-in that is stored', async () => {
  printed();
  const path = newFile();
  await (await open(path)).store.set('kind:a', 'kept', 60);
  const kept = readFileSync(inFile(path));
  unlinkSync(inFile(path));
  expect((await open(path)).where).toContain('in memory');
  writeFileSync(inFile(path), kept);
  expect(await (await open(path)).store.get('kind:a')).toBe('kept');
});

test('is deleted from the keychain once STORE_SECRET has taken its place', async () => {
  const path = newFile();
  const { chain, known } = keychain();
  await (await open(path, chain)).store.set('kind:a', 'kept', 60);
  const given = ['a-given-secret-of-32-characters-0815'];
  expect(await (await open(path, chain, given)).store.get('kind:a')).toBe('kept');
  expect(known()).toBeUndefined();
  expect(await (await open(path, failing, given)).store.get('kind:a')).toBe('kept');
});

test.skipIf(isWindows)('in a file that others can read is theirs no longer', async () => {
  const said = printed();
  const path = newFile();
  await open(path);
  chmodSync(inFile(path), 0o644);
  await open(path);
  expect(statSync(inFile(path)).mode & 0o777).toBe(0o600);
  expect(said).toEqual([expect.stringContaining(`Other accounts could open ${inFile(path)}`)]);
});

test('is in a file also where a file cannot have two names', async () => {
  vi.mocked(link).mockRejectedValue(Object.assign(new Error('EPERM: link'), { code: 'EPERM' }));
  onTestFinished(() => void vi.mocked(link).mockReset());
  const path = newFile();
  await (await open(path)).store.set('kind:a', 'kept', 60);
  expect(readdirSync(join(path, '..')).filter((file) => file.includes('secret'))).toEqual([
    'store.db.secret',
  ]);
  if (!isWindows) expect(statSync(inFile(path)).mode & 0o777).toBe(0o600);
  expect(await (await open(path)).store.get('kind:a')).toBe('kept');
  const others = newFile();
  const opened = await Promise.all(Array.from({ length: 10 }, () => open(others)));
  await opened[0]?.store.set('kind:a', 'shared', 60);
  for (const { store } of opened) expect(await store.get('kind:a')).toBe('shared');
});
