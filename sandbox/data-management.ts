// The routes of the Data Management API that read hubs, projects, folders, items and versions.
import { type Context, Hono } from 'hono';
import { requireToken } from './bearer.ts';
import { type Call, type DataManagementContext, notFound, self } from './data-management-context.ts';
import { addCreation } from './data-management-create.ts';
import { filtersBy } from './data-management-filters.ts';
import { addRelations } from './data-management-relations.ts';
import { createResources } from './data-management-resources.ts';
import { addSearch } from './data-management-search.ts';
import {
  type Folder,
  findVersion,
  type Hub,
  type Item,
  type Project,
  type Version,
  versionOf,
} from './data-management-tree.ts';
import type { Access, RegionWarning } from './hub-access.ts';
import { badInput, document, filtered, pageOf, refusalDocument, warning } from './json-api.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Scope } from './scopes.ts';
import type { SandboxState } from './state.ts';

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/ */
export function dataManagementRoutes(state: SandboxState): Hono<SandboxEnv> {
  const { hubs, hubAccess } = state;
  const routes = new Hono<SandboxEnv>();

  /**
   * Authenticates the request. APS accepts a user's token, or an application's. The latter has access to every account
   * that approved the application, or acts for the user in `x-user-id`.
   */
  const callOf = (c: Context<SandboxEnv>, anyScope: readonly Scope[] = ['data:read']): Call | Response => {
    const token = requireToken(c, state, { api: 'data-management', anyScope, twoLegged: false });
    if (token instanceof Response) return token;
    const url = new URL(c.req.url);
    url.pathname = c.req.path;
    const userId = token.userId ?? c.req.header('x-user-id');
    return { url, asker: { clientId: token.clientId, userId }, resources: createResources(url.origin) };
  };

  const hubOf = (c: Context<SandboxEnv>, { asker }: Call): Hub | Response => {
    const hub = hubs.find(({ id }) => id === c.req.param('hub'));
    if (hub === undefined) return notFound('hub');
    return denied(hub, hubAccess.of(hub, asker)) ?? hub;
  };

  /** The project in the path: within the hub in the path, or in any hub if there is none. */
  const projectOf = (c: Context<SandboxEnv>, call: Call): Project | Response => {
    const named = c.req.param('hub') === undefined ? undefined : hubOf(c, call);
    if (named instanceof Response) return named;
    for (const hub of named === undefined ? hubs : [named]) {
      const project = hub.projects().find(({ id }) => id === c.req.param('project'));
      if (project !== undefined) return denied(hub, hubAccess.of(hub, call.asker)) ?? project;
    }
    return notFound('project');
  };

  const folderOf = (c: Context<SandboxEnv>, project: Project): Folder | Response =>
    project.contents().folders.get(c.req.param('folder') ?? '') ?? notFound('folder');

  const itemOf = (c: Context<SandboxEnv>, project: Project): Item | Response =>
    project.contents().items.get(c.req.param('item') ?? '') ?? notFound('item');

  const versionIn = (c: Context<SandboxEnv>, project: Project): Version | Response =>
    findVersion(project.contents(), c.req.param('version') ?? '') ?? notFound('version');

  const inProject: DataManagementContext['inProject'] = (path, answer, { method = 'GET', anyScope } = {}) => {
    routes.on(method, path, (c) => {
      const call = callOf(c, anyScope);
      if (call instanceof Response) return call;
      const project = projectOf(c, call);
      return project instanceof Response ? project : answer(c, call, project);
    });
  };

  routes.get('/project/v1/hubs', (c) => {
    const call = callOf(c);
    if (call instanceof Response) return call;
    const { hubs: own, warnings } = hubAccess.list(call.asker);
    const matching = filtered(call.url, ['name', 'region'], own, call.resources.hub);
    if (matching instanceof Response) return matching;
    return document({
      links: self(call),
      data: matching.map(call.resources.hub),
      ...(warnings.length > 0 ? { meta: { warnings: warnings.map(warningOf) } } : {}),
    });
  });

  routes.get('/project/v1/hubs/:hub', (c) => {
    const call = callOf(c);
    if (call instanceof Response) return call;
    const hub = hubOf(c, call);
    if (hub instanceof Response) return hub;
    return document({ links: self(call), data: call.resources.hub(hub) });
  });

  routes.get('/project/v1/hubs/:hub/projects', (c) => {
    const call = callOf(c);
    if (call instanceof Response) return call;
    const hub = hubOf(c, call);
    if (hub instanceof Response) return hub;
    const matching = filtered(call.url, ['name', 'scopes'], hub.projects(), call.resources.project);
    if (matching instanceof Response) return matching;
    const page = pageOf(call.url, matching);
    if (page instanceof Response) return page;
    return document({ links: page.links, data: page.items.map(call.resources.project) });
  });

  inProject('/project/v1/hubs/:hub/projects/:project', (_c, call, project) =>
    document({ links: self(call), data: call.resources.project(project) }),
  );

  inProject('/project/v1/hubs/:hub/projects/:project/hub', (_c, call, project) =>
    document({ links: self(call), data: call.resources.hub(project.hub) }),
  );

  inProject('/project/v1/hubs/:hub/projects/:project/topFolders', (c, call, project) => {
    const excludeDeleted = flag(c, 'excludeDeleted');
    if (excludeDeleted instanceof Response) return excludeDeleted;
    // Validated but not used: every top folder in the sandbox holds project files.
    const projectFilesOnly = flag(c, 'projectFilesOnly');
    if (projectFilesOnly instanceof Response) return projectFilesOnly;
    const folders = project.contents().root.folders.filter(({ hidden }) => !hidden || !excludeDeleted);
    return document({
      links: self(call),
      data: folders.map((folder) => call.resources.folder(project, folder)),
    });
  });

  inProject('/data/v1/projects/:project/folders/:folder', (c, call, project) => {
    const folder = folderOf(c, project);
    if (folder instanceof Response) return folder;
    const since = Date.parse(c.req.header('if-modified-since') ?? '');
    if (folder.changedBelowAt <= since) {
      const headers = { 'last-modified': new Date(folder.changedBelowAt).toUTCString() };
      return new Response(null, { status: 304, headers });
    }
    return document({ links: self(call), data: call.resources.folder(project, folder) });
  });

  // Folders first, then items, each in plan order.
  inProject('/data/v1/projects/:project/folders/:folder/contents', (c, call, project) => {
    const folder = folderOf(c, project);
    if (folder instanceof Response) return folder;
    const includeHidden = flag(c, 'includeHidden');
    if (includeHidden instanceof Response) return includeHidden;
    const resourceOf = (entry: Folder | Item) =>
      isItem(entry) ? call.resources.item(project, entry) : call.resources.folder(project, entry);
    const shown = includeHidden || filtersBy(call.url, 'hidden');
    const visible = [...folder.folders, ...folder.items].filter(({ hidden }) => !hidden || shown);
    const matching = filtered(call.url, [...folderAttributes, ...itemAttributes], visible, resourceOf);
    if (matching instanceof Response) return matching;
    const page = pageOf(call.url, matching);
    if (page instanceof Response) return page;
    return document({
      links: page.links,
      data: page.items.map(resourceOf),
      included: page.items
        .filter(isItem)
        .map((item) => call.resources.version(project, versionOf(item, item.versionCount))),
    });
  });

  inProject('/data/v1/projects/:project/items/:item', (c, call, project) => {
    const item = itemOf(c, project);
    if (item instanceof Response) return item;
    const pathInProject = flag(c, 'includePathInProject');
    if (pathInProject instanceof Response) return pathInProject;
    return document({
      links: self(call),
      data: call.resources.item(project, item, { pathInProject }),
      included: [call.resources.version(project, versionOf(item, item.versionCount))],
    });
  });

  // Newest first.
  inProject('/data/v1/projects/:project/items/:item/versions', (c, call, project) => {
    const item = itemOf(c, project);
    if (item instanceof Response) return item;
    const versions = Array.from({ length: item.versionCount }, (_, index) =>
      versionOf(item, item.versionCount - index),
    );
    const resourceOf = (version: (typeof versions)[number]) => call.resources.version(project, version);
    const matching = filtered(call.url, versionAttributes, versions, resourceOf);
    if (matching instanceof Response) return matching;
    const page = pageOf(call.url, matching);
    if (page instanceof Response) return page;
    return document({ links: page.links, data: page.items.map(resourceOf) });
  });

  inProject('/data/v1/projects/:project/items/:item/tip', (c, call, project) => {
    const item = itemOf(c, project);
    if (item instanceof Response) return item;
    const tip = call.resources.version(project, versionOf(item, item.versionCount));
    return document({ links: { self: tip.links.self }, data: tip });
  });

  inProject('/data/v1/projects/:project/versions/:version', (c, call, project) => {
    const version = versionIn(c, project);
    if (version instanceof Response) return version;
    return document({ links: self(call), data: call.resources.version(project, version) });
  });

  const context = { routes, inProject, folderOf, itemOf, versionIn };
  addRelations(context);
  addSearch(context);
  addCreation(context, state);
  return routes;
}

// The attributes by which lists can be filtered.
const stamps = ['create', 'lastModified'].flatMap((what) => [
  `${what}Time`,
  `${what}UserId`,
  `${what}UserName`,
]);
const folderAttributes = [
  'name',
  'displayName',
  ...stamps,
  'lastModifiedTimeRollup',
  'objectCount',
  'hidden',
];
const itemAttributes = ['displayName', ...stamps, 'hidden', 'reserved', 'reservedTime', 'reservedUserId'];
const versionAttributes = [
  ...['name', 'displayName', ...stamps],
  ...['versionNumber', 'mimeType', 'storageSize', 'fileType'],
];

const noIntegration = "You don't have permission to access this API";
const noMembership = 'You do not have permission to access this project.';

/** The warning in the hub list about a region without an accessible account. */
function warningOf({ region, lacking }: RegionWarning) {
  const title = `Unable to get hubs from BIM360DM ${region}.`;
  return lacking === 'integration'
    ? warning('403', 'BIM360DM_ERROR', title, noIntegration)
    : warning('401', 'BIM360DM_ERROR', title, noMembership);
}

function denied(hub: Hub, access: Access): Response | undefined {
  if (access === 'granted') return undefined;
  const code = hub.kind === 'account' ? 'BIM360DM_ERROR' : 'FORBIDDEN';
  return refusalDocument(
    code,
    'Access is not allowed.',
    access === 'integration' ? noIntegration : noMembership,
  );
}

function flag(c: Context<SandboxEnv>, name: string): boolean | Response {
  const value = c.req.query(name) ?? 'false';
  return value === 'true' || value === 'false' ? value === 'true' : badInput(`${name} must be true or false`);
}

function isItem(entry: Folder | Item): entry is Item {
  return 'versionCount' in entry;
}
