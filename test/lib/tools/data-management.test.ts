// Hubs, projects, contents and versions, as clients of the SSA server get them.
import type { Client } from '@modelcontextprotocol/client';
import { FastMCP } from 'fastmcp';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createApsClient } from '../../../lib/aps/client.ts';
import type { Caller } from '../../../lib/auth/token-source.ts';
import { addDataManagementTools } from '../../../lib/tools/data-management.ts';
import { demoHubs, type Sandbox, startSandbox } from '../../../sandbox/index.ts';
import { callListing, connect, eras } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { serveSsa, serviceAccountSource } from '../../support/service-accounts.ts';
import { hasty, serve } from '../../support/serving.ts';

const keep = closing();
let sandbox: Sandbox;
let url: string;
let client: Client;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  ({ url } = keep(await serveSsa(sandbox)));
  client = keep(await connect(url, 'legacy'));
});
afterEach(() => {
  sandbox.trouble.reset();
  sandbox.requests.length = 0;
});

type Args = Record<string, unknown>;
const entry = z.looseObject({ id: z.string(), name: z.string(), type: z.string().optional() });
type Entry = z.infer<typeof entry>;

/** The list that a tool answers, which must not be an error. */
async function list(tool: string, args: Args = {}): Promise<Entry[]> {
  const { items, isError, texts } = await callListing(client, tool, args);
  if (isError) throw new Error(texts[0]);
  return z.array(entry).parse(items);
}

/** What a tool says of a call that it cannot answer. */
async function refusal(tool: string, args: Args, from = client): Promise<string> {
  const { isError, texts, structuredContent } = await callListing(from, tool, args);
  expect(isError).toBe(true);
  expect(structuredContent).toBeUndefined();
  expect(texts).toHaveLength(1);
  expect(texts[0]).not.toMatch(/\n|\.ts:| at |MCP error|eyJ/);
  return texts[0] ?? '';
}

/** Follows the cursors of a listing to its end: the entries of every result. */
async function walk(tool: string, args: Args): Promise<Entry[][]> {
  const stretches: Entry[][] = [];
  let cursor: string | undefined;
  do {
    const { items, nextCursor, isError, texts } = await callListing(client, tool, { ...args, cursor });
    if (isError) throw new Error(texts[0]);
    stretches.push(z.array(entry).parse(items));
    cursor = nextCursor;
  } while (cursor !== undefined);
  return stretches;
}

async function cursorOf(tool: string, args: Args): Promise<string> {
  const { nextCursor } = await callListing(client, tool, { ...args, limit: 1 });
  if (nextCursor === undefined) throw new Error('There is no more');
  return nextCursor;
}

const namesOf = (entries: Entry[]) => entries.map(({ name }) => name);
const idsOf = (entries: Entry[]) => entries.map(({ id }) => id);
const pagesAskedFor = () =>
  sandbox.requests.map(({ query }) => query['page[number]']).filter((page) => page !== undefined);

function named(entries: Entry[], name: string): Entry {
  const found = entries.find((each) => each.name === name);
  if (!found) throw new Error(`There is no ${name}, but: ${namesOf(entries).join(', ')}`);
  return found;
}

const construction: { hub_id: string } = { hub_id: demoHubs.construction };
const europe = { hub_id: demoHubs.europe };

type Place = { hub_id: string; project_id: string; folder_id?: string };
const places = new Map<string, Promise<Place>>();

/** Looks a place up once: ids do not change while a sandbox runs. */
function once(name: string, find: () => Promise<Place>): Promise<Place> {
  const place = places.get(name) ?? find();
  places.set(name, place);
  return place;
}

/** The arguments that name a project: by default the one that has something of everything. */
function project(hub = construction, name = '0001 Harbor Tower'): Promise<Place> {
  return once(name, async () => {
    const projects = await list('list_projects', { ...hub, limit: 10 });
    return { ...hub, project_id: named(projects, name).id };
  });
}

/** The arguments that name a folder of that project, by the names on the way to it. */
function folder(...path: string[]): Promise<Place> {
  return once(['folder', ...path].join('/'), async () => {
    const parent = await (path.length > 0 ? folder(...path.slice(0, -1)) : project());
    const name = path.at(-1) ?? 'Project Files';
    return { ...parent, folder_id: named(await list('list_contents', parent), name).id };
  });
}

describe('the server', () => {
  test('is called APS SSA Demo, and tells a model what it is for and where to start', () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'APS SSA Demo' });
    expect(client.getInstructions()).toMatch(/service account.*list_hubs/s);
  });

  test('has the two tools of the sample, with its arguments, and two more', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name, inputSchema }) => [name, inputSchema.required ?? []])).toEqual([
      ['list_hubs', []],
      ['list_projects', ['hub_id']],
      ['list_contents', ['hub_id', 'project_id']],
      ['list_versions', ['project_id', 'item_id']],
    ]);
  });

  test.each([
    ['list_hubs', ['id', 'name', 'region']],
    ['list_projects', ['id', 'name']],
    ['list_contents', ['id', 'type', 'name']],
    ['list_versions', ['id', 'version_number', 'name']],
  ])('says of %s that it only reads, and returns %j', async (name, fields) => {
    const tool = (await client.listTools()).tools.find((each) => each.name === name);
    expect(tool?.description).toMatch(/^List .+\.$/);
    expect(tool?.annotations).toMatchObject({
      title: expect.stringMatching(/^List \w+$/),
      readOnlyHint: true,
    });
    const described = z.record(z.string(), z.object({ description: z.string().min(10) }));
    expect(described.safeParse(tool?.inputSchema.properties).error).toBeUndefined();
    expect(tool?.outputSchema).toMatchObject({
      type: 'object',
      required: ['result'],
      properties: { result: { type: 'array', items: { required: fields } } },
    });
  });
});

describe('list_hubs', () => {
  const hubsResult = z.object({
    result: z.array(z.unknown()),
    warnings: z.array(z.record(z.string(), z.string())).optional(),
  });
  const hubs = async (from: Client) =>
    hubsResult.parse((await from.callTool({ name: 'list_hubs' })).structuredContent);

  test('returns the hubs of the service account with the fields of the sample, and the list as JSON', async () => {
    const { items, texts, nextCursor } = await callListing(client, 'list_hubs');
    expect(items).toEqual([
      { id: demoHubs.construction, name: 'Sandbox Construction', region: 'US' },
      { id: demoHubs.europe, name: 'Sandbox Europe', region: 'EMEA' },
    ]);
    expect(JSON.parse(texts[0] ?? '')).toEqual(items);
    expect(nextCursor).toBeUndefined();
  });

  test('says which regions had nothing, which of that is harmless, and what to do about a missing hub', async () => {
    const { warnings } = await hubs(client);
    expect(warnings).toEqual([
      {
        title: 'Unable to get hubs from BIM360DM AUS.',
        detail: expect.any(String),
        status: '403',
        code: 'BIM360DM_ERROR',
        meaning: expect.stringMatching(/no account has approved the application.*no error if/),
      },
      expect.objectContaining({
        title: 'Unable to get hubs from BIM360DM CAN.',
        status: '401',
        meaning: expect.stringMatching(/is approved, but .* has no access.*no error if/),
      }),
    ]);
    const { texts } = await callListing(client, 'list_hubs');
    expect(texts).toHaveLength(2);
    for (const part of [
      'AUS. In this region no account has approved the application',
      'CAN. In this region the application is approved',
      'If a hub is missing: ',
      'Account Admin, Settings, Custom Integrations',
    ])
      expect(texts[1]).toContain(part);
  });

  test('has the hub of an account as soon as its admin approves the application, and its projects', async () => {
    const own = await startSandbox();
    onTestFinished(() => own.close());
    const served = await serveSsa(own);
    onTestFinished(() => served.close());
    const visitor = await connect(served.url, 'auto');
    onTestFinished(() => visitor.close());
    const awaiting = { hub_id: demoHubs.awaitingApproval };
    expect((await hubs(visitor)).result).toHaveLength(2);
    expect(await refusal('list_projects', awaiting, visitor)).toMatch(/HTTP 403.*Custom Integrations/);

    own.approveIntegration(demoHubs.awaitingApproval);
    const { result, warnings } = await hubs(visitor);
    expect(result).toContainEqual({
      id: demoHubs.awaitingApproval,
      name: 'Sandbox Pacific',
      region: 'AUS',
    });
    expect(warnings?.map(({ title }) => title)).toEqual(['Unable to get hubs from BIM360DM CAN.']);
    const { items } = await callListing(visitor, 'list_projects', awaiting);
    expect(items.map(({ name }) => name)).toEqual(['Sydney Metro Tunnels', 'Perth Rail Depot']);
  });

  test('that finds none at all says so, and how to have the application approved', async () => {
    const account = {
      APS_CLIENT_ID: 'sandbox-other-client-id',
      APS_CLIENT_SECRET: 'sandbox-other-client-secret',
    };
    const tokens = { get: () => tokenOf(account), drop() {} };
    const visitor = await clientWith(tokens);
    const { items, texts, isError } = await callListing(visitor, 'list_hubs');
    expect([isError, items]).toEqual([false, []]);
    expect(texts[0]).toBe('[]');
    expect(texts[1]).toMatch(/^No hub may be seen\. .*Custom Integrations/);
  });
});

describe('list_projects', () => {
  test('returns all 1,203 in order, each once, with the fields of the sample', async () => {
    const { items, nextCursor } = await callListing(client, 'list_projects', {
      ...construction,
      limit: 10_000,
    });
    expect(items).toHaveLength(1203);
    expect(nextCursor).toBeUndefined();
    expect(items[0]).toEqual({ id: expect.stringMatching(/^b\./), name: '0001 Harbor Tower' });
    const names = items.map(({ name }) => String(name));
    expect(names).toEqual([...names].sort());
    expect(names.at(-1)).toMatch(/^1203 /);
    expect(new Set(items.map(({ id }) => id)).size).toBe(1203);
    expect(pagesAskedFor()).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  });

  test('returns 1,000 when nothing is said, and a sentence tells how to go on', async () => {
    const { items, texts, nextCursor } = await callListing(client, 'list_projects', construction);
    expect(items).toHaveLength(1000);
    expect(JSON.parse(texts[0] ?? '')).toEqual(items);
    expect(texts.slice(1)).toEqual([expect.stringContaining(`cursor "${nextCursor}"`)]);
    const rest = await list('list_projects', { ...construction, cursor: nextCursor });
    expect([rest.length, rest[0]?.name]).toEqual([203, expect.stringMatching(/^1001 /)]);
  });

  test.each([
    [97, 13],
    [200, 7],
    [401, 3],
    [1202, 2],
    [1203, 1],
  ])('%i at a time are %i results without a gap, and none twice', async (limit, results) => {
    const stretches = await walk('list_projects', { ...construction, limit });
    expect(stretches).toHaveLength(results);
    for (const stretch of stretches.slice(0, -1)) expect(stretch).toHaveLength(limit);
    expect(namesOf(stretches.flat()).map((name) => Number(name.slice(0, 4)))).toEqual(
      Array.from({ length: 1203 }, (_, index) => index + 1),
    );
  });

  test('keeps every character of a name, in whatever script', async () => {
    const names = namesOf(await list('list_projects', europe));
    expect(names).toEqual([
      'Empty project',
      'Just an empty folder',
      'Most Łazienkowski, żelbet',
      '大阪駅 再開発',
      'برج الميناء',
      'Sky garden 🌿🏙️',
      'Tom & Jerry’s <new> "house"',
    ]);
  });

  test.each([
    ['without b.', (id: string) => id.replace(/^b\./, '')],
    ['with blanks around it', (id: string) => ` ${id}\n`],
  ])('takes the id of a hub %s', async (_how, change) => {
    expect(await list('list_projects', { hub_id: change(demoHubs.europe) })).toHaveLength(7);
  });

  test.each([
    ['awaits approval', demoHubs.awaitingApproval, /HTTP 403.*Custom Integrations/],
    ['is somebody else’s', demoHubs.strangers, /denied access.*HTTP 403.*must be a member there/],
    ['is a user’s own', demoHubs.alicePersonal, /denied access.*HTTP 403/],
    [
      'does not exist',
      'b.00000000-5bc0-4000-8000-999999999999',
      /There is no such hub \(HTTP 404.*copied exactly/,
    ],
    ['cannot exist', 'a/../../hubs?x=y#z', /There is no such hub \(HTTP 404/],
    ['is no name', '..', /"\.\." cannot be an identifier/],
  ])('of a hub that %s is an error in words', async (_what, hub_id, words) => {
    expect(await refusal('list_projects', { hub_id })).toMatch(words);
    for (const { path } of sandbox.requests)
      expect(path).toMatch(/^\/(project\/v1\/hubs\/[^/]+\/projects|auth.*)$/);
  });
});

describe('list_contents', () => {
  test('of a project are its highest folders', async () => {
    const top = await list('list_contents', await project());
    expect(top).toEqual([
      {
        id: expect.stringMatching(/^urn:adsk\.wipprod:fs\.folder:co\./),
        type: 'folder',
        name: 'Project Files',
        last_modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        last_modified_by: expect.stringMatching(/\w/),
      },
      expect.objectContaining({ type: 'folder', name: 'Handover' }),
    ]);
  });

  test('of a project one at a time go on where they ended', async () => {
    const stretches = await walk('list_contents', { ...(await project()), limit: 1 });
    expect(stretches.map(namesOf)).toEqual([['Project Files'], ['Handover']]);
  });

  test('of a folder are its folders first, then its items, and nothing that is hidden', async () => {
    const found = await list('list_contents', await folder());
    expect(found.map(({ type, name }) => [type, name])).toEqual([
      ['folder', '01 Drawings'],
      ['folder', '02 Models'],
      ['folder', '03 Site photos'],
      ['folder', '04 Correspondence'],
      ['folder', '05 Odd names'],
      ['folder', '06 Empty'],
      ['item', 'Read me first.txt'],
    ]);
    const drawings = namesOf(await list('list_contents', await folder('01 Drawings')));
    expect(drawings).toHaveLength(5);
    expect(drawings).not.toContain('A-302 Section B-B (withdrawn).dwg');
  });

  test('tell of an item its size, its version, and who changed it when', async () => {
    const models = await list('list_contents', await folder('02 Models'));
    const architecture = named(models, 'Architecture.rvt');
    expect(architecture).toEqual({
      id: expect.stringMatching(/^urn:adsk\.wipprod:dm\.lineage:/),
      type: 'item',
      name: 'Architecture.rvt',
      size: expect.any(Number),
      version_number: 12,
      last_modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      last_modified_by: expect.stringMatching(/\w/),
    });
    const [newest] = await list('list_versions', { ...(await item('Architecture.rvt')) });
    expect(newest).toMatchObject({ size: architecture.size, last_modified: architecture.last_modified });
  });

  test('of 450 items come over pages, in order, each with its size', async () => {
    const args = await folder('03 Site photos');
    sandbox.requests.length = 0;
    const photos = await list('list_contents', args);
    expect(namesOf(photos)).toEqual(
      Array.from({ length: 450 }, (_, index) => `IMG_${String(index + 1).padStart(4, '0')}.jpg`),
    );
    expect(photos.every(({ size, last_modified_by }) => Number(size) > 0 && last_modified_by)).toBe(true);
    expect(sandbox.requests.map(({ query }) => [query['filter[type]'], query['page[number]']])).toEqual([
      ['folders', '0'],
      ['items', '0'],
      ['items', '1'],
      ['items', '2'],
    ]);
  });

  test.each([1, 5, 6, 7, 200])('%i at a time cross from folders to items without a gap', async (limit) => {
    const args = await folder();
    const stretches = await walk('list_contents', { ...args, limit });
    for (const stretch of stretches) expect(stretch.length).toBeLessThanOrEqual(limit);
    expect(stretches.flat()).toEqual(await list('list_contents', args));
  });

  test.each([97, 200, 449])('%i of 450 items at a time come once each', async (limit) => {
    const args = await folder('03 Site photos');
    const found = (await walk('list_contents', { ...args, limit })).flat();
    expect(idsOf(found)).toEqual(idsOf(await list('list_contents', args)));
  });

  test('lead to the bottom of a deep folder', async () => {
    const way = ['2025', 'Authorities', 'Fire department', 'Escape routes', 'Round 3', 'Replies', 'Final'];
    const bottom = await list('list_contents', await folder('04 Correspondence', ...way));
    expect(bottom).toMatchObject([{ type: 'item', name: 'You have reached the bottom.txt' }]);
  });

  test('keep every character of an odd name', async () => {
    const names = namesOf(await list('list_contents', await folder('05 Odd names')));
    expect(names).toEqual([
      '100% done & dusted?',
      'Änderung 3.dwg',
      '1階平面図.rvt',
      'مخطط الطابق الأرضي.pdf',
      '🏗️ crane position.jpg',
      'a+b=c #42.csv',
    ]);
    expect(await list('list_contents', await folder('05 Odd names', '100% done & dusted?'))).toEqual([]);
  });

  test('of an empty folder are none, and a sentence says that it is empty', async () => {
    const { structuredContent, texts } = await callListing(client, 'list_contents', await folder('06 Empty'));
    expect(structuredContent).toEqual({ result: [] });
    expect(texts).toEqual(['[]', 'This folder is empty.']);
  });

  test('of an empty project are none, and a sentence says what that may mean', async () => {
    const { structuredContent, texts } = await callListing(
      client,
      'list_contents',
      await project(europe, 'Empty project'),
    );
    expect(structuredContent).toEqual({ result: [] });
    expect(texts).toEqual([
      '[]',
      expect.stringMatching(/no folders that may be seen.*not been given access/),
    ]);
  });

  test('take ids of hub and project without b., and a blank folder for none', async () => {
    const { hub_id, project_id } = await project();
    const bare = { hub_id: hub_id.slice(2), project_id: project_id.slice(2) };
    expect(namesOf(await list('list_contents', { ...bare, folder_id: '' }))).toEqual([
      'Project Files',
      'Handover',
    ]);
    const { folder_id } = await folder('02 Models');
    expect(await list('list_contents', { ...bare, folder_id })).toHaveLength(4);
  });

  test('of what does not exist are an error that says what is missing', async () => {
    const known = await folder();
    const { hub_id, project_id } = known;
    const unknown = 'b.00000000-0000-4000-8000-000000000000';
    expect(await refusal('list_contents', { hub_id: unknown, project_id })).toContain('There is no such hub');
    expect(await refusal('list_contents', { hub_id, project_id: unknown })).toContain(
      'There is no such project',
    );
    expect(
      await refusal('list_contents', { ...known, folder_id: 'urn:adsk.wipprod:fs.folder:co.x' }),
    ).toContain('There is no such folder (HTTP 404');
    for (const folder_id of ['a/b', '%2e%2e', '?x=y', '#', '文件夾'])
      expect(await refusal('list_contents', { ...known, folder_id })).toContain('There is no such folder');
    expect(await refusal('list_contents', { ...known, folder_id: '..' })).toContain(
      'cannot be an identifier',
    );
  });
});

/** The arguments that name a model. */
async function item(name: string) {
  const { project_id, ...rest } = await folder('02 Models');
  return { project_id, item_id: named(await list('list_contents', { project_id, ...rest }), name).id };
}

describe('list_versions', () => {
  test('are the newest first, with what is known of each', async () => {
    const versions = await list('list_versions', await item('Architecture.rvt'));
    expect(versions.map(({ version_number }) => version_number)).toEqual([
      12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
    ]);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(versions[0]).toEqual({
      id: expect.stringMatching(/^urn:adsk\.wipprod:fs\.file:vf\..+\?version=12$/),
      version_number: 12,
      name: 'Architecture.rvt',
      file_type: 'rvt',
      size: expect.any(Number),
      created: time,
      created_by: expect.stringMatching(/\w/),
      last_modified: time,
      last_modified_by: expect.stringMatching(/\w/),
    });
    const created = versions.map((version) => String(version.created));
    expect(created).toEqual([...created].sort().reverse());
  });

  test.each([10_000, 200, 143])('450 of them arrive over pages, %i at a time', async (limit) => {
    const found = (await walk('list_versions', { ...(await item('Coordination.rvt')), limit })).flat();
    expect(found.map(({ version_number }) => version_number)).toEqual(
      Array.from({ length: 450 }, (_, index) => 450 - index),
    );
  });

  test('take the id of a project without b.', async () => {
    const { project_id, item_id } = await item('Structure.rvt');
    expect(await list('list_versions', { project_id: project_id.slice(2), item_id })).toHaveLength(7);
  });

  test('of what does not exist are an error that says what is missing', async () => {
    const { project_id, item_id } = await item('Structure.rvt');
    expect(await refusal('list_versions', { project_id, item_id: 'urn:x' })).toContain(
      'There is no such item (HTTP 404',
    );
    expect(await refusal('list_versions', { project_id: 'b.x', item_id })).toContain(
      'There is no such project',
    );
    expect(await refusal('list_versions', { project_id, item_id: '.' })).toContain('cannot be an identifier');
  });
});

describe('a cursor', () => {
  const refused = /^cursor: it does not belong to this listing\. Pass the "next_cursor"/;

  test('of another listing is refused, and APS is not asked', async () => {
    const inside = await folder();
    const photos = await folder('03 Site photos');
    const { hub_id, project_id } = photos;
    const model = await item('Coordination.rvt');
    const ofProjects = await cursorOf('list_projects', construction);
    const ofContents = await cursorOf('list_contents', photos);
    const ofVersions = await cursorOf('list_versions', await item('Architecture.rvt'));
    sandbox.requests.length = 0;
    for (const [tool, args, cursor] of [
      ['list_projects', europe, ofProjects],
      ['list_projects', construction, ofContents],
      ['list_contents', photos, ofProjects],
      ['list_contents', inside, ofContents],
      ['list_contents', { hub_id, project_id }, ofContents],
      ['list_versions', model, ofContents],
      ['list_versions', model, ofVersions],
    ] as const)
      expect(await refusal(tool, { ...args, cursor })).toMatch(refused);
    expect(sandbox.requests).toEqual([]);
  });

  test('of the same hub, named with and without b., is taken', async () => {
    const cursor = await cursorOf('list_projects', construction);
    const [second] = await list('list_projects', {
      hub_id: demoHubs.construction.slice(2),
      cursor,
      limit: 1,
    });
    expect(second?.name).toMatch(/^0002 /);
  });

  test('that was made up is refused', async () => {
    const photos = await folder('03 Site photos');
    const { hub_id, project_id, folder_id } = photos;
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const listing = ['contents', hub_id, project_id, folder_id];
    sandbox.requests.length = 0;
    for (const position of [7, ['folders'], ['folders', -1], ['items', 0.5], ['items', '0'], ['secrets', 0]])
      expect(await refusal('list_contents', { ...photos, cursor: encoded([listing, position]) })).toMatch(
        refused,
      );
    expect(await refusal('list_contents', { ...photos, cursor: 'garbage' })).toMatch(refused);
    expect(sandbox.requests).toEqual([]);
    expect(
      await list('list_contents', { ...photos, cursor: encoded([listing, ['items', 449]]) }),
    ).toHaveLength(1);
  });
});

describe.each(eras)('%s', (_name, mode) => {
  let visitor: Client;
  beforeAll(async () => {
    visitor = keep(await connect(url, mode));
    // From now on the client checks every result against the tool's output schema, and throws.
    await visitor.listTools();
  });

  test('gets results that fit the output schemas', async () => {
    const args = await folder('02 Models');
    const calls: [tool: string, args: Args, items: number][] = [
      ['list_hubs', {}, 2],
      ['list_projects', construction, 1000],
      ['list_contents', await project(), 2],
      ['list_contents', await folder(), 7],
      ['list_contents', await folder('06 Empty'), 0],
      ['list_versions', await item('Coordination.rvt'), 450],
    ];
    for (const [tool, given, items] of calls) {
      const answer = await callListing(visitor, tool, given);
      expect([tool, answer.isError, answer.items.length]).toEqual([tool, false, items]);
    }
    expect((await callListing(visitor, 'list_contents', { ...args, folder_id: 'urn:x' })).isError).toBe(true);
  });

  test('hears of progress that only grows', async () => {
    const heard = async (name: string, args: Args) => {
      const counts: number[] = [];
      await visitor.callTool(
        { name, arguments: args },
        { onprogress: ({ progress }) => counts.push(progress) },
      );
      return counts;
    };
    expect(await heard('list_projects', { ...construction, limit: 10_000 })).toEqual([200, 600, 1203]);
    expect(await heard('list_contents', await folder('03 Site photos'))).toEqual([200, 450]);
    expect(await heard('list_contents', await folder())).toEqual([6, 7]);
  });

  test.each([
    ['list_hubs', { region: 'US' }, 'region', /[Uu]nrecognized/],
    ['list_projects', {}, 'hub_id', /string|required/i],
    ['list_projects', { hub_id: ' ' }, 'hub_id', /1 char/],
    ['list_projects', { ...construction, limit: 0 }, 'limit', />=? ?1/],
    ['list_projects', { ...construction, limit: 10_001 }, 'limit', /<=? ?10,?000/],
    ['list_projects', { ...construction, project_id: 'x' }, 'project_id', /[Uu]nrecognized/],
    ['list_contents', construction, 'project_id', /string|required/i],
    ['list_contents', { ...construction, project_id: 7 }, 'project_id', /string/],
    ['list_contents', { ...construction, project_id: 'b.x', folder_id: 7 }, 'folder_id', /string/],
    ['list_versions', { project_id: 'b.x' }, 'item_id', /string|required/i],
    ['list_versions', { project_id: 'b.x', item_id: '' }, 'item_id', /1 char/],
  ])('is told what %s does not take of %j', async (tool, args, argument, rule) => {
    const message = await refusal(tool, args, visitor);
    expect(message).toContain(argument);
    expect(message).toMatch(rule);
    expect(sandbox.requests).toEqual([]);
  });
});

describe('APS', () => {
  test('that limits calls and drops connections in between is ridden out', async () => {
    const visitor = await clientWith(serviceAccountSource(sandbox));
    sandbox.trouble.set({ sequence: [{ status: 503 }, { drop: 'midway' }] });
    const { items } = await callListing(visitor, 'list_projects', { ...construction, limit: 10_000 });
    expect(new Set(items.map(({ id }) => id)).size).toBe(1203);
  });

  test('that ends a token between two calls is asked for another', async () => {
    await list('list_hubs');
    expect(sandbox.revokeAccessTokens()).toBeGreaterThan(0);
    expect(await list('list_hubs')).toHaveLength(2);
  });

  test.each([
    ['list_hubs', {}],
    ['list_projects', construction],
    ['list_contents', { ...construction, project_id: 'b.x', folder_id: 'y' }],
    ['list_versions', { project_id: 'b.x', item_id: 'y' }],
  ])('that misses the scope for %s is an error that says so', async (tool, args) => {
    const visitor = await clientWith(serviceAccountSource(sandbox, { scopes: ['bucket:read'] }));
    expect(await refusal(tool, args, visitor)).toMatch(
      /HTTP 403, AUTH-010.*lacks a scope that this call needs/,
    );
  });

  test('that refuses the service account is an error that says how to look at it', async () => {
    const visitor = await clientWith(serviceAccountSource(sandbox, { keyId: 'no-such-key' }));
    expect(await refusal('list_hubs', {}, visitor)).toContain('npm run ssa:setup -- --list');
  });

  test('is asked for one token by many calls at once', async () => {
    const visitor = await clientWith(serviceAccountSource(sandbox));
    await Promise.all(Array.from({ length: 30 }, () => callListing(visitor, 'list_projects', europe)));
    expect(sandbox.requests.filter(({ path }) => path.endsWith('/token'))).toHaveLength(1);
  });
});

/** A client of the tools with another token source than the server's own. */
async function clientWith(tokens: Parameters<typeof createApsClient>[0]['tokens']): Promise<Client> {
  const server = new FastMCP<Caller>({ name: 'Data Management', version: '1.0.0' });
  addDataManagementTools(server, createApsClient({ baseUrl: sandbox.url, tokens, patience: hasty }));
  const served = await serve(server);
  onTestFinished(() => served.close());
  const visitor = await connect(served.url, 'auto');
  onTestFinished(() => visitor.close());
  return visitor;
}

/** A token of the application itself, which sees only accounts that approved it. */
async function tokenOf({
  APS_CLIENT_ID = '',
  APS_CLIENT_SECRET = '',
}: Record<string, string>): Promise<string> {
  const answer = await fetch(`${sandbox.url}/authentication/v2/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${APS_CLIENT_ID}:${APS_CLIENT_SECRET}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'data:read' }),
  });
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
}
