// The items of a project and their versions.
import { afterAll, describe, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { byName, contentsOf, itemPath, readerOf } from './documents.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const { read, walk, showcase } = readerOf(sandbox, await serviceAccountToken(sandbox));

describe('an item', () => {
  test('includes its tip, the newest version', async () => {
    const { project, folder } = await showcase();
    const { list } = await read(contentsOf(project, folder('02 Models')));
    const model = byName(list, 'Architecture.rvt');
    const { first, included } = await read(itemPath(project, model));
    expect(first).toEqual(model);
    const tip = await read(`${itemPath(project, model)}/tip`);
    expect(included).toEqual([tip.first]);
    expect(tip.first).toMatchObject({
      type: 'versions',
      id: expect.stringMatching(/^urn:adsk\.wipprod:fs\.file:vf\.[\w-]{22}\?version=12$/),
      attributes: {
        name: 'Architecture.rvt',
        versionNumber: 12,
        fileType: 'rvt',
        storageSize: expect.any(Number),
        lastModifiedUserName: expect.any(String),
      },
    });
    expect((await read(tip.first.links.self.href)).data).toEqual(tip.first);
  });

  test('lists its versions newest first, on three pages', async () => {
    const { project, folder } = await showcase();
    const { list } = await read(contentsOf(project, folder('02 Models')));
    const versions = `${itemPath(project, byName(list, 'Coordination.rvt'))}/versions`;
    const found = await walk(versions);
    expect(found.map((page) => page.list.length)).toEqual([200, 200, 50]);
    const numbers = found.flatMap((page) => page.list.map(({ attributes }) => attributes.versionNumber));
    expect(numbers).toEqual(Array.from({ length: 450 }, (_, index) => 450 - index));
    const times = found.flatMap((page) => page.list.map(({ attributes }) => String(attributes.createTime)));
    expect(times).toEqual([...times].sort().reverse());
    const chosen = await read(`${versions}?filter[versionNumber]=7&filter[versionNumber]=3`);
    expect(chosen.list.map(({ attributes }) => attributes.versionNumber)).toEqual([7, 3]);
  });

  test('that is reserved says by whom', async () => {
    const { project, folder } = await showcase();
    const { list } = await read(contentsOf(project, folder('01 Drawings')));
    expect(byName(list, 'A-201 North elevation.dwg').attributes).toMatchObject({
      reserved: true,
      reservedUserName: expect.any(String),
    });
  });
});
