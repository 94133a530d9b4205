// The filters of Data Management, as Autodesk's page on filtering documents them.
import { afterAll, describe, expect, test } from 'vitest';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { contentsOf, itemPath, namesOf, projectsOf, readerOf } from './documents.ts';

// This file makes more calls in a minute than an application may.
const sandbox = await startSandbox({ rateLimits: false });
afterAll(() => sandbox.close());
const { read, refusal, showcase } = readerOf(sandbox, await serviceAccountToken(sandbox));
const { project, files, list, folder } = await showcase();

/** The names of what matches `filters`: pairs of a key and a value. */
async function matching(path: string, ...filters: [key: string, value: string][]): Promise<string[]> {
  return namesOf((await read(`${path}?${new URLSearchParams(filters)}`)).list);
}

describe('hubs', () => {
  test.each([
    ['filter[attributes.name]', 'Sandbox Europe', ['Sandbox Europe']],
    ['filter[name]', 'Sandbox Europe', ['Sandbox Europe']],
    ['filter[name]-eq', 'Sandbox Europe', ['Sandbox Europe']],
    ['filter[name]', 'sandbox europe', []],
    ['filter[name]-starts', 'Sandbox', ['Sandbox Construction', 'Sandbox Europe']],
    ['filter[name]-ends', 'Europe', ['Sandbox Europe']],
    ['filter[name]-contains', 'box C', ['Sandbox Construction']],
    ['filter[name]-contains', 'box C,Euro', ['Sandbox Construction', 'Sandbox Europe']],
    ['filter[name]-gt', 'Sandbox D', ['Sandbox Europe']],
    ['filter[id]-starts', 'b.', ['Sandbox Construction', 'Sandbox Europe']],
    ['filter[type]', 'hubs', ['Sandbox Construction', 'Sandbox Europe']],
    ['filter[region]', 'EMEA', ['Sandbox Europe']],
    ['filter[attributes.extension.type]-ends', ':Account', ['Sandbox Construction', 'Sandbox Europe']],
  ])('%s=%s', async (key, value, expected) => {
    expect(await matching('/project/v1/hubs', [key, value])).toEqual(expected);
  });
});

describe('projects', () => {
  const europe = projectsOf(demoHubs.europe);

  test.each([
    ['filter[name]', 'Empty project', ['Empty project']],
    ['filter[name]', 'Empty project,大阪駅 再開発', ['Empty project', '大阪駅 再開発']],
    ['filter[attributes.name]-starts', 'Just', ['Just an empty folder']],
    ['filter[extension.data.projectType]', 'none', []],
  ])('%s=%s', async (key, value, expected) => {
    expect(await matching(europe, [key, value])).toEqual(expected);
  });

  test('must satisfy every filter, and one of the values of each', async () => {
    const both = await matching(
      europe,
      ['filter[name]-contains', 'empty,Empty'],
      ['filter[name]-ends', 'project'],
    );
    expect(both).toEqual(['Empty project']);
  });
});

describe('the contents of a folder', () => {
  const contents = contentsOf(project, files);
  const rollupOf = (name: string) => String(folder(name).attributes.lastModifiedTimeRollup);

  test.each([
    ['filter[hidden]', 'true', ['07 Superseded']],
    ['filter[attributes.hidden]-eq', 'true', ['07 Superseded']],
    ['filter[hidden]', 'false', namesOf(list)],
    [
      'filter[hidden]',
      'true,false',
      [...namesOf(list).slice(0, -1), '07 Superseded', ...namesOf(list).slice(-1)],
    ],
  ])('%s=%s decides about deleted ones', async (key, value, expected) => {
    expect(await matching(contents, [key, value])).toEqual(expected);
  });

  test.each([
    ['YYYY-MM-DDTHH:MM:SS.000000Z', (rollup: string) => rollup.replace('.000Z', '.000000Z')],
    ['YYYY-MM-DDTHH:MM:SS', (rollup: string) => rollup.slice(0, 19)],
  ])('filter[lastModifiedTimeRollup] takes %s', async (_format, written) => {
    const rollup = rollupOf('02 Models');
    expect(rollup).toMatch(/:\d\d\.000Z$/);
    const found = await matching(contents, ['filter[lastModifiedTimeRollup]', written(rollup)]);
    expect(found).toEqual(['02 Models']);
    const since = await matching(contents, ['filter[lastModifiedTimeRollup]-ge', written(rollup)]);
    expect(since).toContain('02 Models');
    expect(await matching(contents, ['filter[lastModifiedTimeRollup]-gt', written(rollup)])).not.toContain(
      '02 Models',
    );
  });

  test.each([
    '2020',
    '2020-01Z',
    '2020-01-01',
    '2020-01-01T',
    '2020-01-01T00+08:00',
    '2020-01-01T00:00',
    '2020-01-01T00:00:00.0000000Z',
  ])('times are compared with %s, in every documented format', async (written) => {
    expect(await matching(contents, ['filter[lastModifiedTime]-ge', written])).toEqual(namesOf(list));
    expect(await matching(contents, ['filter[attributes.createTime]-lt', written])).toEqual([]);
  });

  test('an offset from UTC counts', async () => {
    const east = new Date(Date.parse(rollupOf('02 Models')) + 8 * 3_600_000);
    const written = east.toISOString().replace('.000Z', '+08:00');
    expect(await matching(contents, ['filter[lastModifiedTimeRollup]', written])).toEqual(['02 Models']);
  });

  test.each(['yesterday', '2020-13-01', '05/04/2020', ''])('a time cannot be %s', async (written) => {
    const query = new URLSearchParams({ 'filter[lastModifiedTime]-ge': written });
    expect(await refusal(`${contents}?${query}`)).toEqual({ status: 400, code: 'BAD_INPUT' });
  });
});

test('numbers are compared as numbers', async () => {
  const models = await read(contentsOf(project, folder('02 Models')));
  const [first] = models.list;
  const versions = `${itemPath(project, first ?? project)}/versions`;
  const numbers = async (key: string, value: string) =>
    (await read(`${versions}?${new URLSearchParams([[key, value]])}`)).list.map(
      ({ attributes }) => attributes.versionNumber,
    );
  expect(await numbers('filter[versionNumber]-ge', '9')).toEqual([12, 11, 10, 9]);
  expect(await numbers('filter[versionNumber]', '2,11')).toEqual([11, 2]);
});

test.each([
  ['/project/v1/hubs', 'filter[nmae]'],
  ['/project/v1/hubs', 'filter[name]-like'],
  ['/project/v1/hubs', 'filter[]'],
  [projectsOf(demoHubs.europe), 'filter[hidden]'],
])(
  '%s?%s=x is 400, because the resources have no such field or there is no such comparison',
  async (path, key) => {
    expect(await refusal(`${path}?${new URLSearchParams([[key, 'x']])}`)).toEqual({
      status: 400,
      code: 'BAD_INPUT',
    });
  },
);
