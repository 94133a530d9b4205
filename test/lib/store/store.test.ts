// What every store must do, in memory, in a file and in Redis.
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encryptedCoding } from '../../../lib/store/encrypted.ts';
import { fileBackend } from '../../../lib/store/file.ts';
import { memoryStore } from '../../../lib/store/memory.ts';
import { openStore } from '../../../lib/store/open.ts';
import { openNodeSqlite } from '../../../lib/store/sqlite.ts';
import { createStore, partOf, type Store } from '../../../lib/store/store.ts';
import { scratchFolder } from '../../support/folder.ts';
import { noRedis, type Redis, startRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { describeWith } from '../../support/with-programs.ts';

const secret = 'a-secret-of-a-store-0123456789-abcdef';
const dataKey = new Uint8Array(32).fill(7);

describe('a store in memory', () => {
  const store = memoryStore();
  keepsItsPromises(() => [store, store]);
});

describe('a store in a file', () => {
  const stores: Store[] = [];
  const url = `file:${join(scratchFolder(), 'deep', 'store.db')}`;
  beforeAll(async () => {
    for (let process = 0; process < 2; process += 1) stores.push((await openStore(url, [secret])).store);
  });
  afterAll(() => Promise.all(stores.map((store) => store.close())));
  keepsItsPromises(() => stores);
});

// Node.js 22.5 and later have an SQLite of their own.
describe.each(isBuiltin('node:sqlite') ? [openNodeSqlite] : [])('a store in a file, with $name', (openIt) => {
  const stores: Store[] = [];
  const path = join(scratchFolder(), 'store.db');
  beforeAll(async () => {
    for (let process = 0; process < 2; process += 1) {
      const backend = await fileBackend(path, async (...file) => {
        const database = await openIt(...file);
        if (!database) throw new Error('There is one');
        return database;
      });
      stores.push(createStore(backend, encryptedCoding(dataKey)));
    }
  });
  afterAll(() => Promise.all(stores.map((store) => store.close())));
  keepsItsPromises(() => stores);
});

describeWith('a store in Redis', [noRedis], () => {
  const stores: Store[] = [];
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    for (let process = 0; process < 2; process += 1)
      stores.push((await openStore(redis.url, [secret])).store);
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await redis.close();
  });
  keepsItsPromises(() => stores);
});

/** @param stores - one store, as two processes have it */
function keepsItsPromises(stores: () => readonly Store[]): void {
  const pair = () => {
    const [one, other] = stores();
    if (!one || !other) throw new Error('There are two');
    return { one, other, key: `kind:${crypto.randomUUID()} of "somebody" : über` };
  };

  test('has what was written, for the other process, too, and nothing else', async () => {
    const { one, other, key } = pair();
    expect(await one.get(key)).toBeUndefined();
    for (const value of [{ deep: [1, 'ü', null, true] }, 'text', 0, false]) {
      await one.set(key, value, 60);
      expect(await other.get(key)).toEqual(value);
      expect((await other.read(key))?.value).toEqual(value);
    }
    expect(await other.get(`${key}.`)).toBeUndefined();
    expect(await one.delete(key)).toBe(true);
    expect(await other.delete(key)).toBe(false);
    expect(await other.get(key)).toBeUndefined();
  });

  test('adds what is absent, for one of many at the same moment', async () => {
    const { one, other, key } = pair();
    const adding = Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).add(key, index, 60));
    const added = await Promise.all(adding);
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await one.get(key)).toBe(added.indexOf(true));
  });

  test('deletes what is there for one of many at the same moment', async () => {
    const { one, other, key } = pair();
    await one.set(key, 'once', 60);
    const version = (await one.read(key))?.version;
    const deleting = Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).delete(key, version));
    expect((await Promise.all(deleting)).filter(Boolean)).toHaveLength(1);
  });

  test('replaces and deletes only the version that was read', async () => {
    const { one, other, key } = pair();
    await one.set(key, 'first', 60);
    const seen = (await other.read(key))?.version ?? '';
    await one.set(key, 'second', 60);
    expect(await other.replace(key, seen, 'third', 60)).toBe(false);
    expect(await other.delete(key, seen)).toBe(false);
    expect(await one.get(key)).toBe('second');
    const { version = '' } = (await other.read(key)) ?? {};
    expect(await other.replace(key, version, 'third', 60)).toBe(true);
    expect(await other.replace(key, version, 'fourth', 60)).toBe(false);
    expect(await one.get(key)).toBe('third');
    expect(await one.delete(key, (await one.read(key))?.version)).toBe(true);
    expect(await other.replace(key, version, 'fifth', 60)).toBe(false);
    expect(await other.get(key)).toBeUndefined();
  });

  test('wakes those who watch a key in either process, and nobody who has stopped', async () => {
    const { one, other, key } = pair();
    const heard: string[] = [];
    const stop = one.watch(key, () => heard.push('one'));
    other.watch(key, () => heard.push('other'));
    one.watch(`${key}.`, () => heard.push('nobody'));
    await other.announce(key);
    await until(() => heard.includes('one') && heard.includes('other'));
    stop();
    heard.length = 0;
    await one.announce(key);
    await until(() => heard.includes('other'));
    expect(heard).not.toContain('one');
  });

  test('has parts that know nothing of each other', async () => {
    const { one, other, key } = pair();
    const [mine, same, yours] = [partOf(one, ['a', 'b']), partOf(other, ['a', 'b']), partOf(one, ['a'])];
    await mine.set(key, 'mine', 60);
    expect(await same.get(key)).toBe('mine');
    expect(await yours.get(key)).toBeUndefined();
    expect(await one.get(key)).toBeUndefined();
  });

  test('is fit for use', async () => {
    await expect(pair().one.check()).resolves.toBeUndefined();
  });
}
