// Creating folders, storage locations, items and versions.
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { accessToken } from './calls.ts';
import {
  byName,
  contentsOf,
  type Found,
  itemPath,
  namesOf,
  projectsOf,
  readerOf,
  resource,
} from './documents.ts';
import { call, downloadUrl, everyScope, upload } from './oss-calls.ts';
import { alice, benji, userTokens } from './sign-in-calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const { access: token } = await userTokens(sandbox, { scope: everyScope }, alice);
const { access: strangers } = await userTokens(sandbox, { scope: everyScope }, benji);
const { read } = readerOf(sandbox, token);
const project = (await read(projectsOf(demoHubs.alice))).first;
const files = (await read(`${projectsOf(demoHubs.alice)}/${project.id}/topFolders`)).first;

type What = 'storage' | 'folders' | 'items' | 'versions';
const jsonApi = { 'content-type': 'application/vnd.api+json' };
const jsonapi = { version: '1.0' };

const create = (what: What, body: Record<string, unknown>, as = token, headers = jsonApi) =>
  call(sandbox, as, 'POST', `/data/v1/projects/${project.id}/${what}`, { jsonapi, ...body }, headers);

/** A document about something new, which links to itself. */
const createdSchema = z.looseObject({
  links: z.object({ self: z.object({ href: z.string() }) }),
  data: z.looseObject({ id: z.string() }),
  included: z.array(resource).optional(),
});
const refusalSchema = z.looseObject({ errors: z.tuple([z.looseObject({ code: z.string() })]) });

async function created(answer: Response): Promise<Found> {
  expect(answer.status).toBe(201);
  return resource.parse(createdSchema.parse(await answer.clone().json()).data);
}

async function refused(answer: Response) {
  const { errors } = refusalSchema.parse(await answer.json());
  return [answer.status, errors[0].code];
}

const folderBody = (name: string, parent = files.id) => ({
  data: {
    type: 'folders',
    attributes: { name, extension: { type: 'folders:autodesk.bim360:Folder', version: '1.0' } },
    relationships: { parent: { data: { type: 'folders', id: parent } } },
  },
});
const storageBody = (name: string, target = files.id) => ({
  data: {
    type: 'objects',
    attributes: { name },
    relationships: { target: { data: { type: 'folders', id: target } } },
  },
});
const itemBody = (name: string, storage: string, parent = files.id) => ({
  data: {
    type: 'items',
    attributes: { extension: { type: 'items:autodesk.bim360:File', version: '1.0' } },
    relationships: {
      tip: { data: { type: 'versions', id: '1' } },
      parent: { data: { type: 'folders', id: parent } },
    },
  },
  included: [
    {
      type: 'versions',
      id: '1',
      attributes: { name, extension: { type: 'versions:autodesk.bim360:File', version: '1.0' } },
      relationships: { storage: { data: { type: 'objects', id: storage } } },
    },
  ],
});
const versionBody = (name: string, item: string, storage: string) => ({
  data: {
    type: 'versions',
    attributes: { name, extension: { type: 'versions:autodesk.bim360:File', version: '1.0' } },
    relationships: {
      item: { data: { type: 'items', id: item } },
      storage: { data: { type: 'objects', id: storage } },
    },
  },
});

/** A storage location: its id, and the path of the object. */
async function newStorage(name: string) {
  const answer = await create('storage', storageBody(name));
  expect(answer.status).toBe(201);
  const { data, links } = createdSchema.parse(await answer.json());
  return { id: data.id, object: new URL(links.self.href).pathname };
}

async function uploaded(name: string, bytes: string) {
  const storage = await newStorage(name);
  expect((await upload(sandbox, token, storage.object, bytes)).status).toBe(200);
  return storage;
}

describe('a new folder', () => {
  test('is in the contents of its parent, and empty', async () => {
    const folder = await created(await create('folders', folderBody('New folder')));
    expect(folder.attributes).toMatchObject({
      name: 'New folder',
      createUserName: 'Alice Architect',
      objectCount: 0,
    });
    const { list } = await read(contentsOf(project, files));
    expect(byName(list, 'New folder')).toEqual(folder);
    expect((await read(contentsOf(project, folder))).list).toEqual([]);
    const parent = await read(
      `/data/v1/projects/${project.id}/folders/${encodeURIComponent(folder.id)}/parent`,
    );
    expect(parent.first.id).toBe(files.id);
  });

  test('with the name of another entry is 409', async () => {
    await create('folders', folderBody('Twice'));
    expect(await refused(await create('folders', folderBody('Twice')))).toEqual([409, 'CONFLICT']);
  });

  test('can be 25 deep, and no deeper', async () => {
    let parent = files.id;
    // The root folder and Project Files are the first two.
    for (let depth = 3; depth <= 25; depth += 1) {
      parent = (await created(await create('folders', folderBody(`Level ${depth}`, parent)))).id;
    }
    expect(await refused(await create('folders', folderBody('Level 26', parent)))).toEqual([
      400,
      'BAD_INPUT',
    ]);
  });

  test('in no folder is 404', async () => {
    expect(await refused(await create('folders', folderBody('Lost', 'x')))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('a new item', () => {
  test('is a file that was uploaded to a storage location', async () => {
    const storage = await uploaded('report.txt', 'First draft');
    const answer = await create('items', itemBody('report.txt', storage.id));
    const item = await created(answer);
    const { list } = await read(contentsOf(project, files));
    expect(byName(list, 'report.txt')).toEqual(item);
    const tip = await read(`${itemPath(project, item)}/tip`);
    expect(createdSchema.parse(await answer.json()).included).toEqual(tip.list);
    expect(tip.first.attributes).toMatchObject({
      name: 'report.txt',
      versionNumber: 1,
      storageSize: 11,
      createUserId: alice,
    });
    expect(tip.first.relationships.storage).toMatchObject({ data: { id: storage.id } });
    const { url } = await downloadUrl(sandbox, token, storage.object);
    expect(await (await fetch(url)).text()).toBe('First draft');
  });

  test.each([
    ['that nothing was uploaded to', 'empty.txt', async () => (await newStorage('empty.txt')).id, 400],
    ['that does not exist', 'lost.txt', async () => 'urn:adsk.objects:os.object:wip.dm.prod/x', 404],
    ['in another bucket', 'lost.txt', async () => 'urn:adsk.objects:os.object:sandbox-empty/x', 404],
  ])('at a storage location %s is refused', async (_case, name, storage, status) => {
    const answer = await create('items', itemBody(name, await storage()));
    expect(answer.status).toBe(status);
  });

  test('with the name of another entry is 409', async () => {
    const storage = await uploaded('again.txt', 'x');
    await create('items', itemBody('again.txt', storage.id));
    expect(await refused(await create('items', itemBody('again.txt', storage.id)))).toEqual([
      409,
      'CONFLICT',
    ]);
  });

  test('needs an included version with the id of its tip', async () => {
    const { included, ...rest } = itemBody('tip.txt', 'x');
    const other = { ...rest, included: included.map((each) => ({ ...each, id: '2' })) };
    expect(await refused(await create('items', other))).toEqual([400, 'BAD_INPUT']);
  });
});

test('a new version is the tip of its item, and the ones before stay', async () => {
  const first = await uploaded('plan.txt', 'one');
  const item = await created(await create('items', itemBody('plan.txt', first.id)));
  const second = await uploaded('plan.txt', 'two and more');
  const version = await created(await create('versions', versionBody('plan.txt', item.id, second.id)));
  expect(version.attributes).toMatchObject({ versionNumber: 2, storageSize: 12 });
  const versions = await read(`${itemPath(project, item)}/versions`);
  expect(versions.list.map(({ attributes }) => attributes.versionNumber)).toEqual([2, 1]);
  expect((await read(`${itemPath(project, item)}/tip`)).first).toEqual(version);
  expect((await read(`${version.links.self.href}/item`)).first.id).toBe(item.id);
  const unknown = versionBody('plan.txt', 'x', second.id);
  expect(await refused(await create('versions', unknown))).toEqual([404, 'NOT_FOUND']);
});

test('a version can be added to an item that the sandbox started with', async () => {
  const drawings = byName((await read(contentsOf(project, files))).list, 'Drawings');
  const register = byName((await read(contentsOf(project, drawings))).list, 'Drawing register.xlsx');
  const { id } = await uploaded('Drawing register.xlsx', 'new');
  await create('versions', versionBody('Drawing register.xlsx', register.id, id));
  const { list } = await read(`${itemPath(project, register)}/versions`);
  expect(list.map(({ attributes }) => [attributes.versionNumber, attributes.storageSize])).toEqual([
    [2, 3],
    [1, expect.any(Number)],
  ]);
});

describe('creating', () => {
  test.each<[What, Record<string, unknown>]>([
    ['storage', storageBody('x')],
    ['folders', folderBody('x')],
    ['items', itemBody('x', 'x')],
    ['versions', versionBody('x', 'x', 'x')],
  ])('%s takes the scope data:create, a member and the right content type', async (what, body) => {
    const weak = (await userTokens(sandbox, { scope: 'data:read data:write' }, alice)).access;
    expect((await create(what, body, weak)).status).toBe(403);
    expect((await create(what, body, strangers)).status).toBe(403);
    const plain = await create(what, body, token, { 'content-type': 'application/json' });
    expect(await refused(plain)).toEqual([400, 'BAD_INPUT']);
    expect(await refused(await create(what, { data: { type: what } }))).toEqual([400, 'BAD_INPUT']);
  });

  test('at an unknown target is 404', async () => {
    expect(await refused(await create('storage', storageBody('x', 'x')))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('the file of a version', () => {
  const fileOf = async () => {
    const drawings = byName((await read(contentsOf(project, files))).list, 'Drawings');
    const { included = [] } = await read(contentsOf(project, drawings));
    const id = String(included[0]?.attributes.storageSize);
    const storage = JSON.stringify(included[0]?.relationships.storage);
    const object = /\/oss\/v2\/buckets\/[^"?]+/.exec(storage)?.[0] ?? '';
    return { size: Number(id), object };
  };

  test('can be downloaded by members of the project only', async () => {
    const { object, size } = await fileOf();
    expect((await downloadUrl(sandbox, token, object)).size).toBe(size);
    const asApplication = await accessToken(sandbox, 'data:read');
    expect((await downloadUrl(sandbox, asApplication, object)).size).toBe(size);
    const path = `${object}/signeds3download`;
    expect((await call(sandbox, strangers, 'GET', path)).status).toBe(403);
    expect((await call(sandbox, await serviceAccountToken(sandbox), 'GET', path)).status).toBe(403);
  });

  test('cannot be deleted through OSS', async () => {
    const { object } = await fileOf();
    expect((await call(sandbox, token, 'DELETE', object)).status).toBe(403);
  });
});

describe('search in a folder', () => {
  const search = (query: string) =>
    read(`/data/v1/projects/${project.id}/folders/${encodeURIComponent(files.id)}/search${query}`);

  test('finds the tips of all items below it', async () => {
    const { list, included = [] } = await search('');
    expect(namesOf(list)).toEqual(expect.arrayContaining(['Architecture.rvt', 'Drawing register.xlsx']));
    expect(namesOf(list)).not.toContain('A-302 Section B-B (withdrawn).dwg');
    expect(list.every(({ type }) => type === 'versions')).toBe(true);
    expect(namesOf(included)).toEqual(namesOf(list));
  });

  test('is filtered by attributes of the version', async () => {
    expect(namesOf((await search('?filter[fileType]=rvt')).list)).toEqual([
      'Architecture.rvt',
      'Structure.rvt',
    ]);
    const name = encodeURIComponent('Structure.rvt');
    expect((await search(`?filter[name]=${name}`)).first.attributes.versionNumber).toBe(7);
    expect((await search('?filter[fileType]=none')).list).toEqual([]);
  });

  test('takes the scope data:search or data:read', async () => {
    const path = `/data/v1/projects/${project.id}/folders/${encodeURIComponent(files.id)}/search`;
    const status = async (scope: string) =>
      (await call(sandbox, (await userTokens(sandbox, { scope }, alice)).access, 'GET', path)).status;
    expect(await status('data:search')).toBe(200);
    expect(await status('data:create')).toBe(403);
  });
});

test('the hub of a project is the one that contains it', async () => {
  const { first } = await read(`${projectsOf(demoHubs.alice)}/${project.id}/hub`);
  expect(first.id).toBe(demoHubs.alice);
});
