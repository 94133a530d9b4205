// list_versions: the history of an item.
import { describe, expect, test } from 'vitest';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { explorerOf } from '../../support/places.ts';
import { serveSsa } from '../../support/service-accounts.ts';
import { listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());
const client = keep(await connect(keep(await serveSsa(sandbox)).url, 'legacy'));
const { refusal } = listingsOf(client);
const { list, walk, item } = explorerOf(client);

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

  test('accept the id of a project without "b."', async () => {
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
    expect(await refusal('list_versions', { project_id, item_id: '.' })).toContain('identifier');
  });
});
