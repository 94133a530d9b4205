// Autodesk's own package for Data Management works against the sandbox.
import { DataManagementApiError, DataManagementClient } from '@aps_sdk/data-management';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoHubs, type Sandbox, startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { sdkManagerFor } from './sdk-manager.ts';

let sandbox: Sandbox;
let client: DataManagementClient;
let accessToken: string;
const hub = demoHubs.construction;

beforeAll(async () => {
  sandbox = await startSandbox();
  const sdkManager = sdkManagerFor(sandbox);
  client = new DataManagementClient({ sdkManager });
  accessToken = await serviceAccountToken(sandbox);
});
afterAll(() => sandbox.close());

/** The first project and its folder of project files. */
async function start() {
  const projects = await client.getHubProjects(hub, { pageLimit: 1, accessToken });
  const project = projects.data?.[0]?.id ?? '';
  const top = await client.getProjectTopFolders(hub, project, { accessToken });
  return { project, files: top.data?.[0]?.id ?? '' };
}

test('it lists the hubs, and reads one', async () => {
  const { data = [] } = await client.getHubs({ accessToken });
  expect(data.map(({ attributes }) => [attributes?.name, attributes?.region])).toEqual([
    ['Sandbox Construction', 'US'],
    ['Sandbox Europe', 'EMEA'],
  ]);
  const filtered = await client.getHubs({ accessToken, filterId: [demoHubs.europe] });
  expect(filtered.data).toHaveLength(1);
  expect((await client.getHub(hub, { accessToken })).data?.id).toBe(hub);
});

test('it pages through projects, and reads one', async () => {
  const last = await client.getHubProjects(hub, { pageNumber: 6, accessToken });
  expect(last.data).toHaveLength(3);
  expect(last.links?.next).toBeUndefined();
  expect(last.links?.prev?.href).toContain('page%5Bnumber%5D=5');
  const { project } = await start();
  const found = await client.getProject(hub, project, { accessToken });
  expect(found.data?.attributes.name).toBe('0001 Harbor Tower');
});

test('it walks from the top folders to the versions of an item', async () => {
  const { project, files } = await start();
  expect((await client.getFolder(project, files, { accessToken })).data?.attributes.name).toBe(
    'Project Files',
  );
  const { data = [] } = await client.getFolderContents(project, files, { accessToken });
  const models = data.find(({ attributes }) => attributes?.displayName === '02 Models')?.id ?? '';
  const contents = await client.getFolderContents(project, models, { accessToken });
  expect(contents.included).toHaveLength(4);
  const item = contents.data?.find(({ attributes }) => attributes?.displayName === 'Structure.rvt')?.id ?? '';

  expect((await client.getItem(project, item, { accessToken })).data?.attributes.displayName).toBe(
    'Structure.rvt',
  );
  const versions = await client.getItemVersions(project, item, { accessToken });
  expect(versions.data?.map(({ attributes }) => attributes.versionNumber)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  const tip = await client.getItemTip(project, item, { accessToken });
  expect(tip.data?.attributes.versionNumber).toBe(7);
  const version = await client.getVersion(project, tip.data?.id ?? '', { accessToken });
  expect(version.data?.attributes.storageSize).toBeGreaterThan(0);
});

test('it reports an error with its status', async () => {
  const refused = client.getHubProjects(demoHubs.awaitingApproval, { accessToken });
  await expect(refused).rejects.toThrow(DataManagementApiError);
  await expect(refused).rejects.toMatchObject({ axiosError: { response: { status: 403 } } });
});
