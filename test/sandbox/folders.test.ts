// The folders of a project and their contents, page by page.
import { afterAll, describe, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { byName, contentsOf, namesOf, readerOf } from './documents.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const service = await serviceAccountToken(sandbox);
const { read, refusal, walk, showcase } = readerOf(sandbox, service);

describe('a folder', () => {
  test('is listed, and read by its id', async () => {
    const { top } = await showcase();
    expect(namesOf(top.list)).toEqual(['Project Files', 'Handover']);
    expect(top.first.attributes).toMatchObject({
      name: 'Project Files',
      displayName: 'Project Files',
      createTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      lastModifiedTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      lastModifiedUserName: expect.any(String),
      objectCount: 7,
      hidden: false,
    });
    expect((await read(top.first.links.self.href)).data).toEqual(top.first);
  });

  test('contains folders and items, and hidden ones on request', async () => {
    const { project, files, list } = await showcase();
    expect(list.map(({ type }) => type)).toEqual([...Array(6).fill('folders'), 'items']);
    const all = (await read(`${contentsOf(project, files)}?includeHidden=true`)).list;
    expect(namesOf(all.filter(({ attributes }) => attributes.hidden === true))).toEqual(['07 Superseded']);
    expect(await refusal(`${contentsOf(project, files)}?includeHidden=perhaps`)).toMatchObject({
      status: 400,
    });

    const drawings = contentsOf(project, byName(list, '01 Drawings'));
    expect((await read(drawings)).list).toHaveLength(5);
    expect((await read(`${drawings}?includeHidden=true`)).list).toHaveLength(6);
  });

  test('is filtered by type', async () => {
    const { project, files } = await showcase();
    const only = async (type: string) =>
      (await read(`${contentsOf(project, files)}?filter[type]=${type}`)).list.length;
    expect([await only('folders'), await only('items')]).toEqual([6, 1]);
  });

  test('of 450 items is read in pages of 200, each item with its tip version', async () => {
    const { project, folder } = await showcase();
    const found = await walk(contentsOf(project, folder('03 Site photos')));
    expect(found.map(({ list }) => list.length)).toEqual([200, 200, 50]);
    const names = namesOf(found.flatMap(({ list }) => list));
    expect(names).toEqual(Array.from({ length: 450 }, (_, i) => `IMG_${String(i + 1).padStart(4, '0')}.jpg`));
    for (const { list, included = [] } of found) {
      const tips = list.map(({ relationships }) => relationships.tip);
      expect(tips).toMatchObject(included.map(({ type, id }) => ({ data: { type, id } })));
      expect(included.every(({ attributes }) => Number(attributes.storageSize) > 0)).toBe(true);
    }
  });

  test('can be seven levels deep', async () => {
    const { project, folder } = await showcase();
    let current = folder('04 Correspondence');
    const path: string[] = [];
    while (current.type === 'folders') {
      current = (await read(contentsOf(project, current))).first;
      path.push(...namesOf([current]));
    }
    expect(path).toHaveLength(8);
    expect(path.at(-1)).toBe('You have reached the bottom.txt');
    const { first } = await read(`${current.links.self.href}?includePathInProject=true`);
    expect(first.attributes.pathInProject).toBe(
      '/Project Files/04 Correspondence/2025/Authorities/Fire department/Escape routes/Round 3/Replies/Final',
    );
  });

  test('is 304 for a client that has the current version', async () => {
    const { files } = await showcase();
    const since = (date: string) =>
      fetch(files.links.self.href, {
        headers: { authorization: `Bearer ${service}`, 'if-modified-since': date },
      });
    expect((await since('2030-01-01T00:00:00.0Z')).status).toBe(304);
    expect((await since('2020-01-01T00:00:00.0Z')).status).toBe(200);
  });
});
