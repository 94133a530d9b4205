// Cursors of the Data Management tools: each belongs to the listing that gave it.
import { describe, expect, test } from 'vitest';
import { listingOf } from '../../../lib/tools/cursor.ts';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { construction, europe, explorerOf } from '../../support/places.ts';
import { demoHubs } from '../../support/sandbox.ts';
import { serveSsa } from '../../support/service-accounts.ts';
import { listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());
const client = keep(await connect(keep(await serveSsa(sandbox)).url, 'legacy'));
const { refusal, cursorOf } = listingsOf(client);
const { list, folder, item } = explorerOf(client);

describe('a cursor', () => {
  const refused = /^cursor: .*next_cursor/;

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
    const listing = listingOf('list_contents', { hub_id, project_id, folder_id });
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
