// Data Management: who sees which hubs, and what is in them page by page.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { demoHubs, type Sandbox, startSandbox } from '../../sandbox/index.ts';
import { accessToken, get, json, other, withoutApis } from './calls.ts';
import { assertion, serviceAccountToken, userToken } from './three-legged.ts';

const resource = z.looseObject({
  type: z.string(),
  id: z.string(),
  attributes: z.looseObject({}),
  links: z.looseObject({ self: z.object({ href: z.string() }) }),
  relationships: z.looseObject({}),
});
const link = z.object({ href: z.string() });
const documentSchema = z.strictObject({
  jsonapi: z.strictObject({ version: z.literal('1.0') }),
  links: z.strictObject({
    self: link,
    first: link.optional(),
    prev: link.optional(),
    next: link.optional(),
  }),
  data: z.union([resource, z.array(resource)]),
  included: z.array(resource).optional(),
  meta: z.strictObject({ warnings: z.array(z.looseObject({ Title: z.string() })) }).optional(),
});
const errorSchema = z.strictObject({
  jsonapi: z.strictObject({ version: z.literal('1.0') }),
  errors: z.tuple([
    z.strictObject({
      id: z.uuid(),
      status: z.string(),
      code: z.string(),
      title: z.string(),
      detail: z.string(),
    }),
  ]),
});
type Found = z.infer<typeof resource>;

let sandbox: Sandbox;
let service: string;
const users: Record<string, string> = {};

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await serviceAccountToken(sandbox);
  for (const userId of ['SBXUSERALICE', 'SBXUSERBENJI', 'SBXUSERCHIEN']) {
    users[userId] = await userToken(sandbox, userId);
  }
});
afterAll(() => sandbox.close());

/** A document, its data as a list. */
async function read(path: string, token = service, from = sandbox) {
  const answer = await get(from, path, token);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/vnd.api+json');
  const body = documentSchema.parse(await answer.json());
  const list = Array.isArray(body.data) ? body.data : [body.data];
  return {
    ...body,
    list,
    get first() {
      return list[0] ?? nothing();
    },
  };
}
function nothing(): Found {
  throw new Error('The document has no data');
}

async function refusal(path: string, token = service) {
  const answer = await get(sandbox, path, token);
  expect(answer.headers.get('content-type')).toBe('application/vnd.api+json');
  const [error] = errorSchema.parse(await answer.json()).errors;
  expect(error.status).toBe(String(answer.status));
  return { status: answer.status, code: error.code };
}

/** Follows `next` from `path` to the end. */
async function walk(path: string) {
  const found: Array<Awaited<ReturnType<typeof read>>> = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const page: Awaited<ReturnType<typeof read>> = await read(next);
    found.push(page);
    next = page.links.next?.href;
  }
  return found;
}

const namesOf = (list: Found[]) =>
  list.map(({ attributes }) => String(attributes.name ?? attributes.displayName));
const byName = (list: Found[], name: string): Found =>
  list.find((each) => namesOf([each])[0] === name) ?? nothing();
const projectsOf = (hub: string) => `/project/v1/hubs/${hub}/projects`;
const contentsOf = (project: Found, folder: Found) =>
  `/data/v1/projects/${project.id}/folders/${encodeURIComponent(folder.id)}/contents`;

/** The folders of the first project, which has something of everything. */
async function showcase() {
  const project = (await read(`${projectsOf(demoHubs.construction)}?page[limit]=1`)).first;
  const top = await read(`${projectsOf(demoHubs.construction)}/${project.id}/topFolders`);
  const files = byName(top.list, 'Project Files');
  const { list } = await read(contentsOf(project, files));
  return { project, top, files, list, folder: (name: string) => byName(list, name) };
}
const itemPath = (project: Found, item: Found) =>
  `/data/v1/projects/${project.id}/items/${encodeURIComponent(item.id)}`;

describe('the list of hubs', () => {
  test.each([
    ['the service account', undefined, ['Sandbox Construction US', 'Sandbox Europe EMEA']],
    ['Alice', 'SBXUSERALICE', ['Harbor Street Architects US', 'Alice’s hub US']],
    ['Benji', 'SBXUSERBENJI', ['Rheinbrücke Bau EMEA']],
    ['Chien', 'SBXUSERCHIEN', ['陳建築師事務所 US']],
  ])('of %s has no hub of anybody else', async (_name, userId, expected) => {
    const { list, links } = await read('/project/v1/hubs', userId === undefined ? service : users[userId]);
    expect(list.map(({ attributes }) => `${attributes.name} ${attributes.region}`)).toEqual(expected);
    expect(links).toEqual({ self: { href: `${sandbox.url}/project/v1/hubs` } });
  });

  test('shows each kind of hub as APS does', async () => {
    const { first } = await read('/project/v1/hubs');
    expect(first).toEqual({
      type: 'hubs',
      id: demoHubs.construction,
      attributes: {
        name: 'Sandbox Construction',
        extension: {
          type: 'hubs:autodesk.bim360:Account',
          version: '1.0',
          schema: { href: `${sandbox.url}/schema/v1/versions/hubs%3Aautodesk.bim360%3AAccount-1.0` },
          data: {},
        },
        region: 'US',
      },
      links: { self: { href: `${sandbox.url}/project/v1/hubs/${demoHubs.construction}` } },
      relationships: {
        projects: { links: { related: { href: `${sandbox.url}${projectsOf(demoHubs.construction)}` } } },
      },
    });
    const kinds = async (userId: string) =>
      (await read('/project/v1/hubs', users[userId])).list.map(({ id, attributes }) => [
        id.slice(0, 2),
        z.looseObject({ type: z.string() }).parse(attributes.extension).type,
      ]);
    expect(await kinds('SBXUSERALICE')).toEqual([
      ['b.', 'hubs:autodesk.bim360:Account'],
      ['a.', 'hubs:autodesk.a360:PersonalHub'],
    ]);
    expect(await kinds('SBXUSERCHIEN')).toEqual([['a.', 'hubs:autodesk.core:Hub']]);
  });

  test('warns of the region whose account did not approve the application, and of one that is harmless', async () => {
    const { meta } = await read('/project/v1/hubs');
    expect(meta?.warnings).toEqual([
      {
        Id: null,
        HttpStatusCode: '403',
        ErrorCode: 'BIM360DM_ERROR',
        Title: 'Unable to get hubs from BIM360DM AUS.',
        Detail: "You don't have permission to access this API",
        AboutLink: null,
        Source: null,
        meta: null,
      },
      expect.objectContaining({
        HttpStatusCode: '401',
        ErrorCode: 'BIM360DM_ERROR',
        Title: 'Unable to get hubs from BIM360DM CAN.',
      }),
    ]);
  });

  test.each([
    ['id', demoHubs.europe, ['Sandbox Europe']],
    ['name', 'Sandbox Construction', ['Sandbox Construction']],
    ['extension.type', 'hubs:autodesk.core:Hub', []],
    ['id', `${demoHubs.construction},${demoHubs.europe}`, ['Sandbox Construction', 'Sandbox Europe']],
  ])('is filtered by %s %s', async (name, value, expected) => {
    const { list } = await read(`/project/v1/hubs?filter[${name}]=${encodeURIComponent(value)}`);
    expect(namesOf(list)).toEqual(expected);
  });

  test('knows no other filter', async () => {
    expect(await refusal('/project/v1/hubs?filter[region]=US')).toEqual({ status: 400, code: 'BAD_INPUT' });
  });
});

describe('an account that has not approved the application', () => {
  const projects = projectsOf(demoHubs.awaitingApproval);

  test('is 403 by its id, and there with its projects once it has', async () => {
    const fresh = await startSandbox();
    try {
      const token = await serviceAccountToken(fresh);
      for (const path of [`/project/v1/hubs/${demoHubs.awaitingApproval}`, projects]) {
        const answer = await get(fresh, path, token);
        expect(answer.status).toBe(403);
        expect(errorSchema.parse(await answer.json()).errors[0].code).toBe('BIM360DM_ERROR');
      }
      fresh.approveIntegration(demoHubs.awaitingApproval);
      const { list, meta } = await read('/project/v1/hubs', token, fresh);
      expect(namesOf(list)).toEqual(['Sandbox Construction', 'Sandbox Europe', 'Sandbox Pacific']);
      expect(meta?.warnings.map(({ Title }) => Title)).toEqual(['Unable to get hubs from BIM360DM CAN.']);
      expect(namesOf((await read(projects, token, fresh)).list)).toEqual([
        'Sydney Metro Tunnels',
        'Perth Rail Depot',
      ]);
    } finally {
      await fresh.close();
    }
  });

  test('can be made to approve it with curl', async () => {
    const fresh = await startSandbox();
    try {
      const approve = (body: unknown) =>
        fetch(`${fresh.url}/_sandbox/approve-integration`, { method: 'POST', body: JSON.stringify(body) });
      expect((await approve({ hub: 'b.nowhere' })).status).toBe(404);
      expect((await approve({})).status).toBe(400);
      expect((await approve({ hub: demoHubs.awaitingApproval })).status).toBe(204);
      expect((await get(fresh, projects, await serviceAccountToken(fresh))).status).toBe(200);
    } finally {
      await fresh.close();
    }
  });

  test('has to be an account of the sandbox', () => {
    expect(() => sandbox.approveIntegration(demoHubs.chien)).toThrow(demoHubs.chien);
  });
});

describe('an application by itself', () => {
  test('sees every account that approved it, and no hub of a user', async () => {
    const { list, meta } = await read('/project/v1/hubs', await accessToken(sandbox));
    expect(namesOf(list)).toEqual([
      'Sandbox Construction',
      'Sandbox Europe',
      'Maple Leaf Bridges',
      'Harbor Street Architects',
      'Rheinbrücke Bau',
    ]);
    expect(meta?.warnings.map(({ Title }) => Title)).toEqual(['Unable to get hubs from BIM360DM AUS.']);
    expect(await refusal(projectsOf(demoHubs.chien), await accessToken(sandbox))).toMatchObject({
      status: 403,
    });
  });

  test('acts for the user that x-user-id names, which a user cannot do', async () => {
    const asBenji = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'x-user-id': 'SBXUSERBENJI' };
      const answer = await fetch(`${sandbox.url}/project/v1/hubs`, { headers });
      return namesOf(z.array(resource).parse(documentSchema.parse(await answer.json()).data));
    };
    expect(await asBenji(await accessToken(sandbox))).toEqual(['Rheinbrücke Bau']);
    expect(await asBenji(service)).toEqual(['Sandbox Construction', 'Sandbox Europe']);
  });

  test('that nobody approved sees nothing but warnings', async () => {
    const { list, meta } = await read('/project/v1/hubs', await accessToken(sandbox, undefined, other));
    expect(list).toEqual([]);
    expect(meta?.warnings.map((each) => each.HttpStatusCode)).toEqual(['403', '403', '403', '403']);
  });
});

describe('the projects of a hub', () => {
  test('are walked 200 at a time, all 1,203 once and in order', async () => {
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

  test('have links to the pages before and after', async () => {
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

  test('past the last page are none', async () => {
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
    'filter[name]=x',
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
    expect(namesOf((await read(projectsOf(demoHubs.chien), users.SBXUSERCHIEN)).list)).toEqual([
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
      const there = await read(projectsOf(demoHubs.europe), await serviceAccountToken(twin), twin);
      expect(there.list.map(({ id }) => id)).toEqual(
        (await read(projectsOf(demoHubs.europe))).list.map(({ id }) => id),
      );
    } finally {
      await twin.close();
    }
  });

  test('may have no top folder, or one with nothing in it', async () => {
    const [empty, bare] = (await read(projectsOf(demoHubs.europe))).list;
    expect((await read(`${empty?.links.self.href}/topFolders`)).list).toEqual([]);
    const { first } = await read(`${bare?.links.self.href}/topFolders`);
    const contents = await read(contentsOf(bare ?? nothing(), first));
    expect(contents.list).toEqual([]);
    expect(contents.included).toEqual([]);
  });
});

describe('a folder', () => {
  test('is listed, and read by its own address', async () => {
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

  test('holds folders and items, and hidden ones when asked for', async () => {
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

  test('of 450 items is walked 200 at a time, each with its tip version', async () => {
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

  test('lies seven folders deep', async () => {
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

  test('is not sent again to somebody who has it', async () => {
    const { files } = await showcase();
    const since = (date: string) =>
      fetch(files.links.self.href, {
        headers: { authorization: `Bearer ${service}`, 'if-modified-since': date },
      });
    expect((await since('2030-01-01T00:00:00.0Z')).status).toBe(304);
    expect((await since('2020-01-01T00:00:00.0Z')).status).toBe(200);
  });
});

describe('an item', () => {
  test('comes with its tip, which is its newest version', async () => {
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

  test('has its versions newest first, three pages of them', async () => {
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

  test('that somebody locked says who', async () => {
    const { project, folder } = await showcase();
    const { list } = await read(contentsOf(project, folder('01 Drawings')));
    expect(byName(list, 'A-201 North elevation.dwg').attributes).toMatchObject({
      reserved: true,
      reservedUserName: expect.any(String),
    });
  });
});

describe('what is not there or not yours', () => {
  test('is told apart: 404 for what nobody has, 403 for what somebody else has', async () => {
    const theirs = (await read(projectsOf(demoHubs.construction))).first;
    const { files } = await showcase();
    const alice = users.SBXUSERALICE;
    const nothingThere = { status: 404, code: 'NOT_FOUND' };
    const notYours = { status: 403, code: 'BIM360DM_ERROR' };
    expect(await refusal('/project/v1/hubs/b.nowhere', alice)).toEqual(nothingThere);
    expect(await refusal(projectsOf('b.nowhere'), alice)).toEqual(nothingThere);
    expect(await refusal(`${projectsOf(demoHubs.alice)}/b.nothing`, alice)).toEqual(nothingThere);
    expect(await refusal(`${projectsOf(demoHubs.alice)}/${theirs.id}`, alice)).toEqual(nothingThere);
    expect(await refusal(`${projectsOf(demoHubs.alice)}/b.nothing/topFolders`, alice)).toEqual(nothingThere);
    expect(await refusal('/data/v1/projects/b.nothing/folders/x/contents', alice)).toEqual(nothingThere);

    expect(await refusal(`/project/v1/hubs/${demoHubs.benji}`, alice)).toEqual(notYours);
    expect(await refusal(projectsOf(demoHubs.benji), alice)).toEqual(notYours);
    expect(await refusal(`${projectsOf(demoHubs.construction)}/${theirs.id}`, alice)).toEqual(notYours);
    expect(await refusal(contentsOf(theirs, files), alice)).toEqual(notYours);
    expect(await refusal(projectsOf(demoHubs.chien), alice)).toEqual({ status: 403, code: 'FORBIDDEN' });
  });

  test.each(['folders/x', 'folders/x/contents', 'items/x', 'items/x/versions', 'items/x/tip', 'versions/x'])(
    'is 404 within a project: %s',
    async (rest) => {
      const { project } = await showcase();
      expect(await refusal(`/data/v1/projects/${project.id}/${rest}`)).toEqual({
        status: 404,
        code: 'NOT_FOUND',
      });
    },
  );

  test('is a version past the last', async () => {
    const { project, folder } = await showcase();
    const { included } = await read(contentsOf(project, folder('02 Models')));
    const past = (included?.[0]?.links.self.href ?? '').replace('%3D12', '%3D13');
    expect(await refusal(past)).toMatchObject({ status: 404 });
  });
});

describe('without the right token', () => {
  const paths = [
    '/project/v1/hubs',
    `/project/v1/hubs/${demoHubs.europe}`,
    projectsOf(demoHubs.europe),
    `${projectsOf(demoHubs.europe)}/x`,
    `${projectsOf(demoHubs.europe)}/x/topFolders`,
    '/data/v1/projects/x/folders/x',
    '/data/v1/projects/x/folders/x/contents',
    '/data/v1/projects/x/items/x',
    '/data/v1/projects/x/items/x/versions',
    '/data/v1/projects/x/items/x/tip',
    '/data/v1/projects/x/versions/x',
  ];

  test.each(paths)('%s is refused by the gateway', async (path) => {
    const code = async (token?: string) => {
      const answer = await get(sandbox, path, token);
      return [answer.status, (await json(answer)).errorCode];
    };
    expect(await code()).toEqual([401, 'AUTH-012']);
    expect(await code('garbled')).toEqual([401, 'AUTH-006']);
    expect(await code(await accessToken(sandbox, 'bucket:read account:read'))).toEqual([403, 'AUTH-010']);
    expect(await code(await accessToken(sandbox, 'data:read', withoutApis))).toEqual([403, 'AUTH-001']);
  });

  test('an assertion is no token', async () => {
    expect((await get(sandbox, '/project/v1/hubs', await assertion(sandbox, Date.now()))).status).toBe(401);
  });
});

test('trouble comes to these routes, and they are on record', async () => {
  sandbox.trouble.set({ sequence: [{ status: 503, retryAfter: '1' }] });
  const path = `${projectsOf(demoHubs.europe)}?page[number]=0`;
  expect((await get(sandbox, path, service)).status).toBe(503);
  expect((await get(sandbox, path, service)).status).toBe(200);
  sandbox.trouble.reset();
  expect(sandbox.requests.at(-1)).toMatchObject({
    method: 'GET',
    path: projectsOf(demoHubs.europe),
    query: { 'page[number]': '0' },
    status: 200,
  });
});
