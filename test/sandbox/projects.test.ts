// The projects of a hub, page by page.
import { afterAll, describe, expect, test } from 'vitest';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { contentsOf, namesOf, nothing, projectsOf, readerOf } from './documents.ts';
import { chien, userTokens } from './sign-in-calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const { read, refusal, walk } = readerOf(sandbox, await serviceAccountToken(sandbox));

describe('the projects of a hub', () => {
  test('are all returned once and in order: 1,203 in pages of 200', async () => {
    const found = await walk(projectsOf(demoHubs.construction));
    expect(found.map(({ list }) => list.length)).toEqual([200, 200, 200, 200, 200, 200, 3]);
    const all = found.flatMap(({ list }) => list);
    expect(new Set(all.map(({ id }) => id)).size).toBe(1203);
    expect(all.every(({ id }) => id.startsWith('b.'))).toBe(true);
    const names = namesOf(all);
    expect(names).toEqual([...names].sort());
    expect(names[0]).toBe('0001 Harbor Tower');
    expect(names.at(-1)).toMatch(/^1203 /);
  });

  test('link to the previous and next page', async () => {
    const page = `${sandbox.url}${projectsOf(demoHubs.construction)}?page%5Bnumber%5D=`;
    expect((await read(`${projectsOf(demoHubs.construction)}`)).links).toEqual({
      self: { href: `${sandbox.url}${projectsOf(demoHubs.construction)}` },
      first: { href: `${page}0&page%5Blimit%5D=200` },
      next: { href: `${page}1&page%5Blimit%5D=200` },
    });
    const last = (await read(`${page}12&page%5Blimit%5D=100`)).links;
    expect(last).toMatchObject({ prev: { href: `${page}11&page%5Blimit%5D=100` } });
    expect(last).not.toHaveProperty('next');
    expect((await read(projectsOf(demoHubs.europe))).links).toEqual({
      self: { href: `${sandbox.url}${projectsOf(demoHubs.europe)}` },
    });
  });

  test('are empty past the last page', async () => {
    expect((await read(`${projectsOf(demoHubs.construction)}?page[number]=7`)).list).toEqual([]);
  });

  test.each([
    'page[limit]=0',
    'page[limit]=201',
    'page[limit]=many',
    'page[number]=-1',
    'page[number]=1.5',
    'page[number]=',
    'page[number]=9999999999',
  ])('answer %s with 400', async (query) => {
    expect(await refusal(`${projectsOf(demoHubs.construction)}?${query}`)).toEqual({
      status: 400,
      code: 'BAD_INPUT',
    });
  });

  test('are filtered by id', async () => {
    const { first } = await read(`${projectsOf(demoHubs.construction)}?page[number]=1202&page[limit]=1`);
    const { list, links } = await read(`${projectsOf(demoHubs.construction)}?filter[id]=${first.id}`);
    expect(list).toEqual([first]);
    expect(links).not.toHaveProperty('next');
  });

  test('have names in many scripts', async () => {
    const names = namesOf((await read(projectsOf(demoHubs.europe))).list);
    expect(names).toEqual(expect.arrayContaining(['大阪駅 再開発', 'برج الميناء', 'Sky garden 🌿🏙️']));
    const { access } = await userTokens(sandbox, {}, chien);
    expect(namesOf((await read(projectsOf(demoHubs.chien), access)).list)).toEqual([
      '臺北圖書館',
      '高雄港三號碼頭',
    ]);
  });

  test('are the same one by one', async () => {
    const { list } = await read(projectsOf(demoHubs.europe));
    for (const project of list) expect((await read(project.links.self.href)).data).toEqual(project);
  });

  test('are the same in every sandbox', async () => {
    const twin = await startSandbox();
    try {
      const there = await readerOf(twin, await serviceAccountToken(twin)).read(projectsOf(demoHubs.europe));
      expect(there.list.map(({ id }) => id)).toEqual(
        (await read(projectsOf(demoHubs.europe))).list.map(({ id }) => id),
      );
    } finally {
      await twin.close();
    }
  });

  test('can have no top folder, or an empty one', async () => {
    const [empty, bare] = (await read(projectsOf(demoHubs.europe))).list;
    expect((await read(`${empty?.links.self.href}/topFolders`)).list).toEqual([]);
    const { first } = await read(`${bare?.links.self.href}/topFolders`);
    const contents = await read(contentsOf(bare ?? nothing(), first));
    expect(contents.list).toEqual([]);
    expect(contents.included).toEqual([]);
  });
});
