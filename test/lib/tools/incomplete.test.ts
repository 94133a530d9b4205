// Listings that APS does not let come to an end: what there is, and that it is not all.
import { describe, expect, test } from 'vitest';
import { silence, startAnsweringAps } from '../../support/answering-aps.ts';
import { apsAt } from '../../support/aps-calls.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { serveDataManagementTools, serveOssTools } from '../../support/serving.ts';
import { callListing } from '../../support/tool-results.ts';

const keep = closing();
const aps = await startAnsweringAps();
const oss = keep(await connect(keep(await serveOssTools(apsAt(aps.url))).url, 'legacy'));
const data = keep(await connect(keep(await serveDataManagementTools(apsAt(aps.url))).url, 'legacy'));

const objects = { bucket_key: 'a-bucket' };
const projects = { hub_id: 'a-hub' };

const object = (key: string) => ({ objectKey: key, objectId: `urn:${key}`, size: 1 });
const bucket = (key: string) => ({ bucketKey: key, createdDate: 1, policyKey: 'persistent' });
const project = (id: string) => ({ id, attributes: { name: id } });
const folder = (id: string) => ({ type: 'folders', id, attributes: { name: id } });

/** Where a page begins: the position or the number that was asked for. */
const startAt = (url: URL) => url.searchParams.get('startAt');
const numberOf = (url: URL) => Number(url.searchParams.get('page[number]'));

/** The two ways of paging: `page` makes a page from the keys of its items, and the query of its link to the next. */
const ways = [
  {
    ...{ way: 'OSS', client: oss, tool: 'list_objects', args: objects, id: 'object_key' },
    page: (keys: string[], next?: string) => ({
      items: keys.map(object),
      ...(next !== undefined && { next: `/oss/v2/buckets/a-bucket/objects?${next}` }),
    }),
    at: (url: URL) => Number(startAt(url) ?? 0),
    link: (position: number) => `startAt=${position}&limit=100`,
    self: 'limit=100',
    unnumbered: ['limit=100', 'startAt=', ''],
  },
  {
    ...{ way: 'Data Management', client: data, tool: 'list_projects', args: projects, id: 'id' },
    page: (keys: string[], next?: string) => ({
      data: keys.map(project),
      ...(next !== undefined && { links: { next: { href: `/project/v1/hubs/a-hub/projects?${next}` } } }),
    }),
    at: numberOf,
    link: (position: number) => `page[number]=${position}&page[limit]=200`,
    self: 'page[number]=0',
    unnumbered: ['page[limit]=200', 'page[number]=', 'page[number]=two', ''],
  },
];

describe.each(ways)('$way: a link to the next page', (way) => {
  const { client, tool, args, id, page, at, link, self, unnumbered } = way;

  /** The listing whose first two pages lead on, and whose third leads to `next`. */
  async function listed(next: string | undefined) {
    aps.answer((url) => page([`${at(url)}`], at(url) < 2 ? link(at(url) + 1) : next));
    const answer = await callListing(client, tool, args);
    return { ...answer, keys: answer.items.map((item) => item[id]) };
  }

  test.each([
    ['to its own page', link(2)],
    ['to an earlier page', link(1)],
    ...unnumbered.map((query) => [`without a position (${JSON.stringify(query)})`, query]),
  ])('%s is not followed: the list says that it is incomplete', async (_where, next) => {
    const { keys, texts, warnings, nextCursor, isError } = await listed(next);
    expect([isError, keys]).toEqual([false, ['0', '1', '2']]);
    expect(texts.slice(1)).toEqual([expect.stringMatching(/incomplete.*APS.*next page leads nowhere/)]);
    expect(warnings).toEqual([texts[1]]);
    expect(nextCursor).toBeUndefined();
    expect(aps.asked.map(at).filter((position) => position < 3)).toEqual([0, 1, 2]);
  });

  test('from the first page to itself does not look like the end either', async () => {
    aps.answer(() => page(['one'], self));
    const { items, warnings } = await callListing(client, tool, { ...args, limit: 1 });
    expect([items.length, warnings]).toEqual([1, [expect.stringContaining('incomplete')]]);
  });

  test('that is missing is the end, and nothing is said', async () => {
    const { keys, texts, warnings, nextCursor } = await listed(undefined);
    expect(keys).toEqual(['0', '1', '2']);
    expect([texts.length, warnings, nextCursor]).toEqual([1, undefined, undefined]);
  });

  test('after twenty empty pages in a row is left for later, and the list says why', async () => {
    aps.answer((url) => page([], link(at(url) + 1)));
    const first = await callListing(client, tool, args);
    expect([first.isError, first.items]).toEqual([false, []]);
    expect(first.warnings).toEqual([expect.stringMatching(/20 empty pages in a row/)]);
    expect(first.texts.at(-1)).toContain('20 empty pages in a row');
    expect(first.texts.at(-1)).toContain(`cursor "${first.nextCursor}"`);
    expect(aps.asked.length).toBeLessThan(30);
    aps.answer((url) => page([`at ${at(url)}`]));
    const second = await callListing(client, tool, { ...args, cursor: first.nextCursor });
    expect(second.items.map((item) => item[id])).toEqual(['at 20']);
  });

  test('after nineteen empty pages is followed, again and again', async () => {
    const isFull = (position: number) => position % 20 === 19;
    aps.answer((url) => {
      const position = at(url);
      return page(isFull(position) ? [`${position}`] : [], position < 59 ? link(position + 1) : undefined);
    });
    const { items, warnings, nextCursor } = await callListing(client, tool, args);
    expect(items.map((item) => item[id])).toEqual(['19', '39', '59']);
    expect([warnings, nextCursor]).toEqual([undefined, undefined]);
  });
});

describe('OSS', () => {
  test('takes null in place of a link for the end', async () => {
    aps.answer(() => ({ items: [object('one')], next: null }));
    const { items, texts } = await callListing(oss, 'list_objects', objects);
    expect([items.length, texts.length]).toEqual([1, 1]);
  });

  test('is asked for every page of a region, whatever the link leaves out', async () => {
    aps.answer((url) =>
      startAt(url) === null
        ? { items: [bucket('emea-1')], next: '/oss/v2/buckets?startAt=emea-1' }
        : { items: [bucket(`${url.searchParams.get('region')}-2`)] },
    );
    const { items } = await callListing(oss, 'list_buckets', { region: 'EMEA' });
    expect(items.map(({ bucket_key }) => bucket_key)).toEqual(['emea-1', 'EMEA-2']);
    expect(aps.asked.map((url) => url.searchParams.get('region'))).toEqual(['EMEA', 'EMEA']);
  });

  test('is asked for every page of a prefix, whatever the link leaves out or puts in its place', async () => {
    aps.answer((url) =>
      startAt(url) === null
        ? { items: [object('x-1')], next: '/oss/v2/buckets/another/objects?beginsWith=y&startAt=x-1' }
        : { items: [object('x-2')] },
    );
    await callListing(oss, 'list_objects', { ...objects, begins_with: 'x' });
    expect(aps.asked.map(({ pathname }) => pathname)).toEqual(
      Array(2).fill('/oss/v2/buckets/a-bucket/objects'),
    );
    expect(aps.asked.map((url) => url.searchParams.get('beginsWith'))).toEqual(['x', 'x']);
  });

  test('that sends empty pages of every region for ever is asked for twenty of each', async () => {
    aps.answer((url) => ({ items: [], next: `/oss/v2/buckets?startAt=${Number(startAt(url)) + 1}` }));
    const { warnings, nextCursor } = await callListing(oss, 'list_buckets', { region: 'ALL' });
    expect(aps.asked).toHaveLength(8 * 20);
    expect(warnings).toHaveLength(8);
    expect(warnings?.[1]).toMatch(/^EMEA: .*20 empty pages/);
    expect(nextCursor).toBeDefined();
  });
});

describe('the contents of a folder', () => {
  const contents = { ...projects, project_id: 'a-project', folder_id: 'a-folder' };
  const isFolders = (url: URL) => url.searchParams.get('filter[type]') === 'folders';

  test('whose folders lead nowhere are those folders and all items, and the list says so', async () => {
    const item = { type: 'items', id: 'i', attributes: { displayName: 'i' } };
    aps.answer((url) =>
      isFolders(url) ? { data: [folder('f')], links: { next: '?page[number]=0' } } : { data: [item] },
    );
    const { items, warnings, nextCursor } = await callListing(data, 'list_contents', contents);
    expect(items.map(({ id }) => id)).toEqual(['f', 'i']);
    expect([warnings, nextCursor]).toEqual([[expect.stringContaining('incomplete')], undefined]);
  });

  test('whose folders are empty pages go on there, before the items', async () => {
    aps.answer((url) =>
      isFolders(url) ? { data: [], links: { next: `?page[number]=${numberOf(url) + 1}` } } : { data: [] },
    );
    const { warnings, nextCursor } = await callListing(data, 'list_contents', contents);
    expect(warnings).toHaveLength(1);
    expect(aps.asked.every(isFolders)).toBe(true);
    await callListing(data, 'list_contents', { ...contents, cursor: nextCursor });
    expect(numberOf(aps.asked.at(-1) ?? new URL(aps.url))).toBeGreaterThan(20);
  });
});

describe('pages that are asked for ahead', () => {
  const pageOf = (url: URL, total: number) => {
    const left = total - numberOf(url) * 200;
    const ids = Array.from({ length: Math.min(200, left) }, (_, index) => `${numberOf(url)}-${index}`);
    return {
      data: ids.map(project),
      ...(left > 200 && { links: { next: `?page[number]=${numberOf(url) + 1}` } }),
    };
  };

  test.each([
    [400, 3],
    [1000, 7],
  ])('beyond the end of %i projects do not delay them, and are ended', async (total, requests) => {
    aps.answer((url) => (numberOf(url) * 200 >= total ? silence : pageOf(url, total)));
    const { items, warnings } = await callListing(data, 'list_projects', { ...projects, limit: 10_000 });
    expect([items.length, warnings]).toEqual([total, undefined]);
    expect(aps.asked).toHaveLength(requests);
    await aps.givenUp();
  });
});
