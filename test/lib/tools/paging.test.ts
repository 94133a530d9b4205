// Listings that are longer than one page of APS, or than what was asked for.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect, eras } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { apsOf, serveOssTools } from '../../support/serving.ts';
import { callListing, listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const photos = { bucket_key: 'sandbox-survey-photos' };
const sandbox = keep(await startCleanSandbox());
const { url } = keep(await serveOssTools(apsOf(sandbox)));
const client = keep(await connect(url, 'legacy'));
const { walk, cursorOf } = listingsOf(client);

describe('2,345 objects', () => {
  test.each([
    [97, 25],
    [100, 24],
    [1000, 3],
    [2344, 2],
    [2345, 1],
    [10_000, 1],
  ])('come %i at a time in %i results, each once and in order', async (limit, results) => {
    const stretches = await walk('list_objects', { ...photos, limit });
    expect(stretches).toHaveLength(results);
    for (const stretch of stretches.slice(0, -1)) expect(stretch).toHaveLength(limit);
    const keys = stretches.flat().map(({ object_key }) => String(object_key));
    expect(new Set(keys).size).toBe(2345);
    expect(keys).toEqual([...keys].sort());
  });

  test('come 1,000 at a time by default, and the text says how to go on', async () => {
    const { items, texts, nextCursor } = await callListing(client, 'list_objects', photos);
    expect(items).toHaveLength(1000);
    expect(JSON.parse(texts[0] ?? '')).toEqual(items);
    expect(texts.slice(1)).toEqual([expect.stringContaining(`cursor "${nextCursor}"`)]);
  });

  test('cost no more requests than the pages that are needed', async () => {
    await callListing(client, 'list_objects', { ...photos, limit: 250 });
    expect(sandbox.requests.map(({ query }) => query.limit).filter(Boolean)).toEqual(['100', '100', '50']);
  });

  test('that begin with something are only those', async () => {
    const flight = await walk('list_objects', { ...photos, begins_with: 'flight-05/', limit: 200 });
    expect(flight.map((stretch) => stretch.length)).toEqual([200, 145]);
    expect(flight.flat().every(({ object_key }) => String(object_key).startsWith('flight-05/'))).toBe(true);
  });
});

describe('regions', () => {
  const regionsOf = (items: Record<string, unknown>[]) => [...new Set(items.map(({ region }) => region))];

  test('EMEA has more than one page of buckets, and all arrive', async () => {
    const { items, nextCursor } = await callListing(client, 'list_buckets', { region: 'EMEA' });
    expect(items).toHaveLength(130);
    expect(regionsOf(items)).toEqual(['EMEA']);
    expect(nextCursor).toBeUndefined();
  });

  test('one without buckets gives the empty list', async () => {
    const { structuredContent } = await callListing(client, 'list_buckets', { region: 'IND' });
    expect(structuredContent).toEqual({ result: [] });
  });

  test('ALL gives the buckets of every region at once', async () => {
    const { items, nextCursor } = await callListing(client, 'list_buckets', { region: 'ALL' });
    expect(items).toHaveLength(23 + 130 + 5);
    expect(regionsOf(items)).toEqual(['US', 'EMEA', 'AUS', 'CAN', 'DEU', 'JPN', 'GBR']);
    expect(nextCursor).toBeUndefined();
  });

  test.each([3, 8, 23, 50, 157, 158])('ALL gives each bucket once, %i at a time', async (limit) => {
    const stretches = await walk('list_buckets', { region: 'ALL', limit });
    for (const stretch of stretches) expect(stretch.length).toBeLessThanOrEqual(limit);
    const keys = stretches.flat().map(({ bucket_key }) => bucket_key);
    expect(keys).toHaveLength(158);
    expect(new Set(keys).size).toBe(158);
  });
});

describe('a cursor', () => {
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const decoded = (cursor: string) =>
    z.tuple([z.unknown(), z.unknown()]).parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  const refusal = /^cursor: .*next_cursor/;

  test.each([
    ['another bucket', 'list_objects', { bucket_key: 'sandbox-odd-names' }],
    ['the same bucket with another prefix', 'list_objects', { ...photos, begins_with: 'flight-01' }],
    ['buckets', 'list_buckets', {}],
  ])('of %s is refused, and APS is not asked', async (_whose, tool, args) => {
    const cursor = await cursorOf(tool, args);
    sandbox.requests.length = 0;
    const { isError, texts } = await callListing(client, 'list_objects', { ...photos, cursor });
    expect(isError).toBe(true);
    expect(texts[0]).toMatch(refusal);
    expect(sandbox.requests).toEqual([]);
  });

  test('of one region is refused for another', async () => {
    const cursor = await cursorOf('list_buckets', { region: 'EMEA' });
    const { texts } = await callListing(client, 'list_buckets', { region: 'US', cursor });
    expect(texts[0]).toMatch(refusal);
  });

  test.each([
    ['garbage', 'garbage'],
    ['!!!', 'not even base64'],
    [encoded(null), 'nothing inside'],
    [encoded(['objects']), 'half a cursor'],
    [encoded([['objects', photos.bucket_key, ''], 7]), 'a position of another kind'],
    [encoded([['objects', photos.bucket_key, ''], { US: '' }]), 'the position of another tool'],
    [encoded([['buckets', 'US'], { US: '' }]), 'another tool'],
  ])('that was made up (%s: %s) is refused, and APS is not asked', async (cursor) => {
    const { isError, texts } = await callListing(client, 'list_objects', { ...photos, cursor });
    expect(isError).toBe(true);
    expect(texts[0]).toMatch(refusal);
    expect(sandbox.requests).toEqual([]);
  });

  test.each([[{ MOON: '' }], [{ US: 1 }], [['US']], ['US']])(
    'that names %j for regions is refused',
    async (position) => {
      const cursor = encoded([['buckets', 'ALL'], position]);
      const { texts } = await callListing(client, 'list_buckets', { region: 'ALL', cursor });
      expect(texts[0]).toMatch(refusal);
      expect(sandbox.requests).toEqual([]);
    },
  );

  test('that is empty, as a form sends a field left blank, means the beginning', async () => {
    const { items } = await callListing(client, 'list_objects', {
      ...photos,
      cursor: '',
      begins_with: '',
      limit: 1,
    });
    expect(items).toMatchObject([{ object_key: 'flight-01/IMG_0001.jpg' }]);
  });

  test.each([[7], [null], [{ US: '' }]])(
    'with a position of another kind (%j) is refused',
    async (position) => {
      const [listing] = decoded(await cursorOf('list_objects', photos));
      sandbox.requests.length = 0;
      const { texts } = await callListing(client, 'list_objects', {
        ...photos,
        cursor: encoded([listing, position]),
      });
      expect(texts[0]).toMatch(refusal);
      expect(sandbox.requests).toEqual([]);
    },
  );

  test('with a forged position is a value in a query, and leads nowhere else', async () => {
    const [listing] = decoded(await cursorOf('list_objects', photos));
    const position = '../../../x?limit=5&beginsWith=#';
    sandbox.requests.length = 0;
    await callListing(client, 'list_objects', { ...photos, cursor: encoded([listing, position]), limit: 1 });
    expect(sandbox.requests).toMatchObject([
      { path: '/oss/v2/buckets/sandbox-survey-photos/objects', query: { startAt: position, limit: '1' } },
    ]);
  });

  test('that is blank, like a prefix that is blank, counts as left out', async () => {
    const blank = { ...photos, begins_with: '', cursor: '', limit: 3 };
    const first = await callListing(client, 'list_objects', blank);
    expect(first.items).toHaveLength(3);
    const second = await callListing(client, 'list_objects', {
      ...photos,
      limit: 3,
      cursor: first.nextCursor,
    });
    expect([second.isError, second.items.length]).toEqual([false, 3]);
  });
});

describe.each(eras)('%s', (_name, mode) => {
  test('gets progress that only grows, if it asks for it', async () => {
    const client = keep(await connect(url, mode));
    const heard: number[] = [];
    await client.callTool(
      { name: 'list_objects', arguments: { ...photos, limit: 1000 } },
      { onprogress: ({ progress }) => heard.push(progress) },
    );
    expect(heard.length).toBeGreaterThan(5);
    expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    expect(heard.at(-1)).toBe(1000);
  });

  test('gets growing progress, too, when several regions are asked in parallel', async () => {
    const client = keep(await connect(url, mode));
    const heard: number[] = [];
    await client.callTool(
      { name: 'list_buckets', arguments: { region: 'ALL' } },
      { onprogress: ({ progress }) => heard.push(progress) },
    );
    expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    expect(heard.at(-1)).toBe(158);
  });

  test('gets no progress if it does not ask for it', async () => {
    const client = keep(await connect(url, mode));
    const unasked: unknown[] = [];
    client.fallbackNotificationHandler = async (notification) => {
      unasked.push(notification);
    };
    client.onerror = (error) => unasked.push(error);
    await callListing(client, 'list_objects', { ...photos, limit: 1000 });
    expect(unasked).toEqual([]);
  });
});
