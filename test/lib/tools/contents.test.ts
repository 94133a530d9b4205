// list_contents: the folders and items of a project, from the top to the bottom.
import { describe, expect, test } from 'vitest';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { europe, explorerOf, idsOf, named, namesOf } from '../../support/places.ts';
import { serveSsa } from '../../support/service-accounts.ts';
import { callListing, listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());
const client = keep(await connect(keep(await serveSsa(sandbox)).url, 'legacy'));
const { refusal } = listingsOf(client);
const { list, walk, project, folder, item } = explorerOf(client);

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

  test('of an empty folder are none, and the text says that it is empty', async () => {
    const { structuredContent, texts } = await callListing(client, 'list_contents', await folder('06 Empty'));
    expect(structuredContent).toEqual({ result: [] });
    expect(texts).toEqual(['[]', 'This folder is empty.']);
  });

  test('of an empty project are none, and the text says what that may mean', async () => {
    const { structuredContent, texts } = await callListing(
      client,
      'list_contents',
      await project(europe, 'Empty project'),
    );
    expect(structuredContent).toEqual({ result: [] });
    expect(texts).toEqual(['[]', expect.stringMatching(/empty.*no access/)]);
  });

  test.each(['   ', '\n', '\t \u00a0'])(
    'do not take a folder that is blank (%j) for none',
    async (folder_id) => {
      sandbox.requests.length = 0;
      const said = await refusal('list_contents', { ...europe, project_id: 'b.x', folder_id });
      expect(said).toMatch(/folder_id.*blank/);
      expect(sandbox.requests).toEqual([]);
    },
  );

  test('accept ids of hub and project without "b.", and a blank folder as none', async () => {
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
    expect(await refusal('list_contents', { ...known, folder_id: '..' })).toContain('identifier');
  });
});
