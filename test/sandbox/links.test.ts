// The links in the answers of Data Management lead somewhere, and members of Autodesk's examples are there.
import { afterAll, describe, expect, test } from 'vitest';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { get } from './calls.ts';
import { byName, contentsOf, itemPath, projectsOf, readerOf } from './documents.ts';
import { openApi } from './openapi/operations.ts';
import { valueAt } from './openapi/schemas.ts';
import { alice, chien, userTokens } from './sign-in-calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());

/** The value of every `href` in a document. */
function hrefsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    name === 'href' && typeof each === 'string' ? [each] : hrefsIn(each),
  );
}

/** Links that differ only in the ids in them have one shape. */
function shapeOf(href: string): string {
  return new URL(href).pathname
    .replace(/\/(hubs|projects|folders|items|versions|objects|designdata)\/[^/]+/g, '/$1/:id')
    .replace(/\/buckets\/[^/]+/, '/buckets/:id');
}

/** Follows links of each shape, and those in the answers: four of each, to reach files. Returns the statuses. */
async function followAll(token: string): Promise<Record<string, number[]>> {
  const statuses: Record<string, number[]> = {};
  const followed = new Set<string>();
  const waiting = [`${sandbox.url}/project/v1/hubs`];
  for (let href = waiting.pop(); href !== undefined; href = waiting.pop()) {
    const seen = statuses[shapeOf(href)] ?? [];
    if (!href.startsWith(sandbox.url) || followed.has(href) || seen.length === 4) continue;
    followed.add(href);
    const answer = await get(sandbox, href, token);
    statuses[shapeOf(href)] = [...seen, answer.status];
    const isJson = answer.headers.get('content-type')?.includes('json');
    const found = hrefsIn(isJson ? await answer.json() : undefined);
    // What comes last is followed first.
    waiting.push(...found.sort((a, b) => Number(a.endsWith('/contents')) - Number(b.endsWith('/contents'))));
  }
  return statuses;
}

describe.each([
  ['a Construction Cloud account', alice],
  ['a team hub', chien],
])('a link in the answers about %s', (_hub, userId) => {
  test('leads somewhere', async () => {
    const statuses = await followAll((await userTokens(sandbox, {}, userId)).access);
    // As at APS, an object cannot be downloaded at its address: that takes a signed URL.
    const { '/oss/v2/buckets/:id/objects/:id': objects = [], ...others } = statuses;
    expect(new Set(objects)).toEqual(new Set([403]));
    expect(Object.keys(others)).toHaveLength(27);
    const failed = Object.entries(others).filter(([, each]) => each.some((status) => status !== 200));
    expect(failed).toEqual([]);
  });
});

/** `attributes/name`, `relationships/hub/links/related`, ... of a resource. What is in an extension differs. */
function membersOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    const member = path === '' ? name : `${path}/${name}`;
    return member === 'attributes/extension/data' ? [] : [member, ...membersOf(each, member)];
  });
}

/** Fusion hubs have the first, and BIM 360 projects the others: those of the sandbox belong to its successor. */
const elsewhere =
  /^relationships\/(pimCollection|issues|submittals|rfis|markups|checklists|cost|locations)\b/;

test.each([
  ['Hub', 'data'],
  ['Project', 'data'],
  ['TopFolders', 'data/0'],
  ['Folder', 'data'],
  ['FolderContents', 'data/0'],
  ['FolderContents', 'data/1'],
  ['Item', 'data'],
  ['Version', 'data'],
  ['ItemTip', 'data'],
  ['Search', 'data/0'],
])('members of the example of %s are there, in %s', async (schema, place) => {
  const { access } = await userTokens(sandbox, {}, alice);
  const { read } = readerOf(sandbox, access);
  const hub = `/project/v1/hubs/${demoHubs.alice}`;
  const project = (await read(projectsOf(demoHubs.alice))).first;
  const top = `${hub}/projects/${project.id}/topFolders`;
  const files = (await read(top)).first;
  const drawings = byName((await read(contentsOf(project, files))).list, 'Drawings');
  const contents = (await read(contentsOf(project, drawings))).list;
  const reserved = byName(contents, 'A-201 North elevation.dwg');
  const tip = `${itemPath(project, reserved)}/tip`;
  const found = {
    Hub: () => read(hub),
    Project: () => read(`${hub}/projects/${project.id}`),
    TopFolders: () => read(top),
    Folder: () => read(drawings.links.self.href),
    FolderContents: () => read(contentsOf(project, place === 'data/0' ? files : drawings)),
    Item: () => read(`${itemPath(project, reserved)}?includePathInProject=true`),
    Version: async () => read((await read(tip)).first.links.self.href),
    ItemTip: () => read(tip),
    Search: () => read(`${drawings.links.self.href}/search`),
  };
  const document = openApi().schemas.get('datamanagement');
  const expected = membersOf(
    valueAt(document, `/components/schemas/${schema}/x-examples/example-1/${place}`),
  );
  expect(expected.length).toBeGreaterThan(5);

  const resources = (await Object.entries(found).find(([name]) => name === schema)?.[1]())?.list ?? [];
  const resource =
    schema === 'FolderContents' && place === 'data/1'
      ? byName(resources, 'A-201 North elevation.dwg')
      : resources[0];
  const there = membersOf(resource);
  expect(expected.filter((member) => !there.includes(member) && !elsewhere.test(member))).toEqual([]);
});
