// JSON:API resource objects for hubs, projects, folders, items and versions.
import {
  ancestorsOf,
  type Folder,
  type Hub,
  type Item,
  type Person,
  type Project,
  type Version,
  versionOf,
} from './data-management-tree.ts';
import { objectUrn, projectBucket, storageKeyOf } from './project-storage.ts';

/** Creates the resource objects. Their links start with `origin`, without a trailing slash. */
export function createResources(origin: string) {
  const link = (path: string) => ({ href: `${origin}${path}` });
  const related = (path: string) => ({ links: { related: link(path) } });
  const hubPath = ({ id }: Hub) => `/project/v1/hubs/${id}`;
  const projectPath = ({ id, hub }: Project) => `${hubPath(hub)}/projects/${id}`;
  const dataPath = ({ id }: Project) => `/data/v1/projects/${id}`;
  const folderPath = (project: Project, { id }: Folder) =>
    `${dataPath(project)}/folders/${encodeURIComponent(id)}`;
  const itemPath = (project: Project, { id }: Item) => `${dataPath(project)}/items/${encodeURIComponent(id)}`;
  const versionPath = (project: Project, { id }: Version) =>
    `${dataPath(project)}/versions/${encodeURIComponent(id)}`;

  /** Relationships that users can add to any resource. The sandbox has none, but APS always lists the addresses. */
  const custom = (path: string) => ({
    refs: { links: { self: link(`${path}/relationships/refs`), related: link(`${path}/refs`) } },
    links: { links: { self: link(`${path}/relationships/links`) } },
  });
  const extension = (type: string, data: Record<string, unknown> = {}) => ({
    type,
    version: '1.0',
    schema: link(`/schema/v1/versions/${encodeURIComponent(type)}-1.0`),
    data,
  });
  /** The address in the web UI, for Construction Cloud only: that address follows from the ids. */
  const webView = ({ id, hub }: Project, rest = '') =>
    hub.kind === 'account'
      ? { webView: { href: `https://docs.b360.autodesk.com/projects/${id.slice(2)}${rest}` } }
      : {};
  /** Which scopes a link takes along, as in the published examples. */
  const scopesOf = ({ id, hub }: Project) =>
    hub.kind === 'account' ? `b360project.${id.slice(2)},global,O2tenant.${hub.id.slice(2)}` : 'global';
  const family = ({ hub }: Project) => (hub.kind === 'account' ? 'autodesk.bim360' : 'autodesk.core');

  const resources = {
    hub: (hub: Hub) => ({
      type: 'hubs',
      id: hub.id,
      attributes: { name: hub.name, extension: extension(hubTypes[hub.kind]), region: hub.region },
      links: { self: link(hubPath(hub)) },
      relationships: {
        projects: related(`${hubPath(hub)}/projects`),
        ...(hub.kind === 'account'
          ? {}
          : { pimCollection: { data: { type: 'collection', id: `co.${hub.id.slice(2, 24)}` } } }),
      },
    }),

    project: (project: Project) => {
      const { id, hub, rootFolderId } = project;
      const isAccount = hub.kind === 'account';
      return {
        type: 'projects',
        id,
        attributes: {
          name: project.name,
          scopes: isAccount ? [`b360project.${id.slice(2)}`, `O2tenant.${hub.id.slice(2)}`] : ['global'],
          extension: extension(
            `projects:${family(project)}:Project`,
            isAccount ? { projectType: 'ACC' } : {},
          ),
        },
        links: { self: link(projectPath(project)), ...webView(project) },
        relationships: {
          hub: { data: { type: 'hubs', id: hub.id }, ...related(hubPath(hub)) },
          rootFolder: {
            data: { type: 'folders', id: rootFolderId },
            meta: { link: link(`${dataPath(project)}/folders/${encodeURIComponent(rootFolderId)}`) },
          },
          topFolders: related(`${projectPath(project)}/topFolders`),
        },
      };
    },

    folder: (project: Project, folder: Folder) => {
      const path = folderPath(project, folder);
      const isAccount = project.hub.kind === 'account';
      return {
        type: 'folders',
        id: folder.id,
        attributes: {
          name: folder.name,
          displayName: folder.name,
          ...stamps(folder.author, folder.createdAt, folder.author, folder.createdAt),
          lastModifiedTimeRollup: new Date(folder.changedBelowAt).toISOString(),
          path: `/${[...ancestorsOf(folder), folder].map(({ name }) => name).join('/')}`,
          objectCount: [...folder.folders, ...folder.items].filter(({ hidden }) => !hidden).length,
          hidden: folder.hidden,
          extension: extension(
            `folders:${family(project)}:Folder`,
            isAccount
              ? {
                  allowedTypes: ['folders', 'items:autodesk.bim360:File'],
                  visibleTypes: ['folders', 'items:autodesk.bim360:File'],
                  namingStandardIds: [],
                }
              : {},
          ),
        },
        links: {
          self: link(path),
          ...webView(project, `/folders/${encodeURIComponent(folder.id)}`),
        },
        relationships: {
          ...(folder.parent === undefined
            ? {}
            : { parent: { ...related(`${path}/parent`), data: { type: 'folders', id: folder.parent.id } } }),
          ...custom(path),
          contents: related(`${path}/contents`),
        },
      };
    },

    item: (project: Project, item: Item, options: { pathInProject?: boolean } = {}) => {
      const path = itemPath(project, item);
      const tip = versionOf(item, item.versionCount);
      const above = [...ancestorsOf(item.parent), item.parent].slice(1);
      return {
        type: 'items',
        id: item.id,
        attributes: {
          displayName: item.name,
          ...stamps(item.author, item.createdAt, tip.author, tip.createdAt),
          lastModifiedTimeRollup: new Date(tip.createdAt).toISOString(),
          hidden: item.hidden,
          reserved: item.reservedBy !== undefined,
          ...(item.reservedBy === undefined
            ? {}
            : {
                reservedTime: new Date(tip.createdAt).toISOString(),
                reservedUserId: item.reservedBy.userId,
                reservedUserName: item.reservedBy.name,
              }),
          extension: extension(`items:${family(project)}:File`),
          ...(options.pathInProject ? { pathInProject: `/${above.map(({ name }) => name).join('/')}` } : {}),
        },
        links: {
          self: link(path),
          ...webView(
            project,
            `/folders/${encodeURIComponent(item.parent.id)}/detail/viewer/items/${encodeURIComponent(item.id)}`,
          ),
        },
        relationships: {
          tip: { data: { type: 'versions', id: tip.id }, ...related(`${path}/tip`) },
          versions: related(`${path}/versions`),
          parent: { data: { type: 'folders', id: item.parent.id }, ...related(`${path}/parent`) },
          ...custom(path),
        },
      };
    },

    version: (project: Project, version: Version) => {
      const { item, name } = version;
      const path = versionPath(project, version);
      const fileType = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
      const objectKey = storageKeyOf(project, version);
      const scopes = scopesOf(project);
      const urn = Buffer.from(version.id).toString('base64url');
      const derived = (type: string, what: string) => ({
        data: { type, id: urn },
        meta: { link: link(`/modelderivative/v2/designdata/${urn}/${what}?scopes=${scopes}`) },
      });
      return {
        type: 'versions',
        id: version.id,
        attributes: {
          name,
          displayName: name,
          ...stamps(version.author, version.createdAt, version.author, version.createdAt),
          versionNumber: version.number,
          mimeType: mimeTypes[fileType] ?? 'application/octet-stream',
          storageSize: version.size,
          fileType,
          extension: extension(
            `versions:${family(project)}:File`,
            project.hub.kind === 'account'
              ? {
                  tempUrn: null,
                  properties: {},
                  storageUrn: objectUrn(objectKey),
                  storageType: 'OSS',
                  conformingStatus: 'NONE',
                }
              : {},
          ),
        },
        links: {
          self: link(path),
          ...webView(
            project,
            `/folders/${encodeURIComponent(item.parent.id)}/detail/viewer/items/${encodeURIComponent(version.id)}`,
          ),
        },
        relationships: {
          item: { data: { type: 'items', id: item.id }, ...related(`${path}/item`) },
          ...custom(path),
          storage: {
            data: { type: 'objects', id: objectUrn(objectKey) },
            meta: { link: link(`/oss/v2/buckets/${projectBucket}/objects/${objectKey}?scopes=${scopes}`) },
          },
          derivatives: derived('derivatives', 'manifest'),
          thumbnails: derived('thumbnails', 'thumbnail'),
          downloadFormats: related(`${path}/downloadFormats`),
        },
      };
    },
  };
  return resources;
}

const hubTypes: Record<Hub['kind'], string> = {
  account: 'hubs:autodesk.bim360:Account',
  team: 'hubs:autodesk.core:Hub',
  personal: 'hubs:autodesk.a360:PersonalHub',
};

const mimeTypes: Record<string, string> = {
  csv: 'text/csv',
  dwg: 'application/vnd.autodesk.autocad.dwg',
  jpg: 'image/jpeg',
  pdf: 'application/pdf',
  rvt: 'application/vnd.autodesk.revit',
  txt: 'text/plain',
};

function stamps(author: Person, createdAt: number, editor: Person, modifiedAt: number) {
  return {
    createTime: new Date(createdAt).toISOString(),
    createUserId: author.userId,
    createUserName: author.name,
    lastModifiedTime: new Date(modifiedAt).toISOString(),
    lastModifiedUserId: editor.userId,
    lastModifiedUserName: editor.name,
  };
}
