// Autodesk's own package for Data Management works against the sandbox.
import {
  DataManagementApiError,
  DataManagementClient,
  JsonApiVersionValue,
  TypeFolder,
  TypeFolderItemsForStorage,
  TypeItem,
  TypeObject,
  TypeVersion,
} from '@aps_sdk/data-management';
import { OssClient } from '@aps_sdk/oss';
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

test('it searches, and walks up from a version to the hub', async () => {
  const { project, files } = await start();
  const found = await client.getFolderSearch(project, files, {
    accessToken,
    filterFieldName: 'fileType',
    filterValue: ['rvt'],
  });
  const version = found.data?.[0]?.id ?? '';
  const item = (await client.getVersionItem(project, version, { accessToken })).data?.id ?? '';
  const parent = (await client.getItemParentFolder(project, item, { accessToken })).data?.id ?? '';
  expect((await client.getFolderParent(project, parent, { accessToken })).data?.id).toBe(files);
  expect((await client.getProjectHub(hub, project, { accessToken })).data?.id).toBe(hub);
  const formats = await client.getVersionDownloadFormats(project, version, { accessToken });
  expect(formats.data?.attributes?.formats).toEqual([{ fileType: 'rvt' }]);
  expect((await client.getItemRefs(project, item, { accessToken })).data).toEqual([]);
});

test('it creates a folder, and an item from a file that the OSS client uploads', async () => {
  const writing = {
    accessToken: await serviceAccountToken(sandbox, Date.now(), 'data:read data:write data:create'),
  };
  const oss = new OssClient({ sdkManager: sdkManagerFor(sandbox) });
  const { project, files } = await start();
  const jsonapi = { version: JsonApiVersionValue._10 };
  const folder = await client.createFolder(
    project,
    {
      jsonapi,
      data: {
        type: TypeFolder.Folders,
        attributes: {
          name: 'From the SDK',
          extension: { type: 'folders:autodesk.bim360:Folder', version: '1.0' },
        },
        relationships: { parent: { data: { type: TypeFolder.Folders, id: files } } },
      },
    },
    writing,
  );
  const folderId = folder.data?.id ?? '';
  const storage = await client.createStorage(
    project,
    {
      jsonapi,
      data: {
        type: TypeObject.Objects,
        attributes: { name: 'model.rvt' },
        relationships: { target: { data: { type: TypeFolderItemsForStorage.Folders, id: folderId } } },
      },
    },
    writing,
  );
  const storageId = storage.data?.id ?? '';
  const [bucketKey = '', objectKey = ''] = storageId.replace('urn:adsk.objects:os.object:', '').split('/');
  await oss.uploadObject(bucketKey, objectKey, Buffer.from('a model'), writing);
  const item = await client.createItem(
    project,
    {
      jsonapi,
      data: {
        type: TypeItem.Items,
        attributes: { extension: { type: 'items:autodesk.bim360:File', version: '1.0' } },
        relationships: {
          tip: { data: { type: TypeVersion.Versions, id: '1' } },
          parent: { data: { type: TypeFolder.Folders, id: folderId } },
        },
      },
      included: [
        {
          type: TypeVersion.Versions,
          id: '1',
          attributes: {
            name: 'model.rvt',
            extension: { type: 'versions:autodesk.bim360:File', version: '1.0' },
          },
          relationships: { storage: { data: { type: TypeObject.Objects, id: storageId } } },
        },
      ],
    },
    writing,
  );
  const contents = await client.getFolderContents(project, folderId, { accessToken });
  expect(contents.data?.map(({ id }) => id)).toEqual([item.data?.id]);
  const version = await client.createVersion(
    project,
    {
      jsonapi,
      data: {
        type: TypeVersion.Versions,
        attributes: {
          name: 'model.rvt',
          extension: { type: 'versions:autodesk.bim360:File', version: '1.0' },
        },
        relationships: {
          item: { data: { type: TypeItem.Items, id: item.data?.id ?? '' } },
          storage: { data: { type: TypeObject.Objects, id: storageId } },
        },
      },
    },
    writing,
  );
  expect(version.data?.attributes?.versionNumber).toBe(2);
});

test('it reports an error with its status', async () => {
  const refused = client.getHubProjects(demoHubs.awaitingApproval, { accessToken });
  await expect(refused).rejects.toThrow(DataManagementApiError);
  await expect(refused).rejects.toMatchObject({ axiosError: { response: { status: 403 } } });
});
