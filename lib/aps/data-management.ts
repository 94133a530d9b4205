/**
 * The Data Management API: hubs, projects, folders, items, versions (https://aps.autodesk.com/en/docs/data/v2/reference/http/).
 * Every call here needs the scope `data:read`, and a token that acts for a user or a service account.
 */
import { z } from 'zod';
import type { ApsSession } from './client.ts';
import { collectPages, type NumberedSlice, pageSize } from './paging.ts';

const nothing = z.null().transform(() => undefined);
const text = z.string().or(nothing).optional();

/** JSON:API allows a link to be a string or an object. APS sends both. */
const nextLink = z
  .object({ next: z.union([z.string(), z.object({ href: z.string() }), z.null()]).optional() })
  .transform(({ next }) => (typeof next === 'string' ? next : next?.href))
  .optional();

/** The number of the page that a link leads to: NaN if it names none. Nothing else of the link is used. */
function numberIn(link: string | undefined): number | undefined {
  if (link === undefined) return undefined;
  const query = new URLSearchParams(link.slice(link.indexOf('?') + 1));
  return Number.parseInt(query.get('page[number]') ?? '', 10);
}

const warning = z
  .object({ HttpStatusCode: text, ErrorCode: text, Title: text, Detail: text })
  .transform(({ HttpStatusCode, ErrorCode, Title, Detail }) => ({
    status: HttpStatusCode,
    code: ErrorCode,
    title: Title,
    detail: Detail,
  }));

const hubsDocument = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ name: z.string(), region: text }) })),
  meta: z.object({ warnings: z.array(warning).optional() }).optional(),
});

const projectsDocument = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ name: z.string() }) })),
  links: nextLink,
});

const change = { lastModifiedTime: text, lastModifiedUserName: text };

const folderData = z.object({
  type: z.literal('folders'),
  id: z.string(),
  attributes: z.object({ displayName: text, name: z.string(), ...change }),
});
const itemData = z.object({
  type: z.literal('items'),
  id: z.string(),
  attributes: z.object({ displayName: z.string(), ...change }),
  relationships: z.object({ tip: z.object({ data: z.object({ id: z.string() }) }).optional() }).optional(),
});
const versionData = z.object({
  id: z.string(),
  attributes: z.object({
    displayName: text,
    name: z.string(),
    versionNumber: z.number(),
    fileType: text,
    storageSize: z.number().or(nothing).optional(),
    createTime: text,
    createUserName: text,
    ...change,
  }),
});

const topFoldersDocument = z.object({ data: z.array(folderData) });
const foldersDocument = z.object({ data: z.array(folderData), links: nextLink });
const itemsDocument = z.object({
  data: z.array(itemData),
  included: z.array(versionData).optional(),
  links: nextLink,
});
const versionsDocument = z.object({ data: z.array(versionData), links: nextLink });

export type Hub = { id: string; name: string; region?: string };
export type HubWarning = z.infer<typeof warning>;
export type Project = { id: string; name: string };
/** Times are ISO 8601, sizes are bytes. APS does not have all of them for every entry. */
type Change = { lastModified?: string; lastModifiedBy?: string };
/** A folder or an item. `size` and `versionNumber` belong to an item's newest version. */
export type Content = Change & {
  type: 'folder' | 'item';
  id: string;
  name: string;
  size?: number;
  versionNumber?: number;
};
export type Version = Change & {
  id: string;
  name: string;
  versionNumber: number;
  fileType?: string;
  size?: number;
  created?: string;
  createdBy?: string;
};

/** Which part of a listing to fetch, and a callback for the number of items so far. */
export type SliceOptions = { limit: number; from?: number; onItems?: (count: number) => void };

/**
 * The hubs that the token's user has access to: GET /project/v1/hubs, one page. APS searches every region, and reports
 * problems in a region as `warnings`. Often one says only that the user has no account there.
 *
 * @throws {ApsError}
 */
export async function listHubs(session: ApsSession): Promise<{ hubs: Hub[]; warnings: HubWarning[] }> {
  const { data, meta } = await session.get(session.url(['project', 'v1', 'hubs']), hubsDocument);
  return {
    hubs: data.map(({ id, attributes }) => ({ id, name: attributes.name, region: attributes.region })),
    warnings: meta?.warnings ?? [],
  };
}

/**
 * The projects of a hub: GET /project/v1/hubs/{hub_id}/projects, all pages.
 *
 * @throws {ApsError}
 */
export function listProjects(
  session: ApsSession,
  hubId: string,
  options: SliceOptions,
): Promise<NumberedSlice<Project>> {
  const path = ['project', 'v1', 'hubs', hubId, 'projects'];
  return collectPages(async (number, signal) => {
    const { data, links } = await session.get(session.url(path, page(number)), projectsDocument, signal);
    return {
      items: data.map(({ id, attributes }) => ({ id, name: attributes.name })),
      next: numberIn(links),
    };
  }, options);
}

/** A position in the contents of a folder: among its folders, which come first, or its items, and after how many. */
export type ContentsPosition = ['folders' | 'items', number];

/**
 * The top folders of a project that the token's user has access to: GET .../topFolders. APS returns all of them at once.
 *
 * @throws {ApsError}
 */
export async function listTopFolders(
  session: ApsSession,
  hubId: string,
  projectId: string,
  { limit, from: [, from] = ['folders', 0] }: { limit: number; from?: ContentsPosition },
): Promise<{ items: Content[]; after?: ContentsPosition }> {
  const path = ['project', 'v1', 'hubs', hubId, 'projects', projectId, 'topFolders'];
  const { data } = await session.get(session.url(path), topFoldersDocument);
  const end = from + limit;
  return { items: data.slice(from, end).map(folder), ...(data.length > end && { after: ['folders', end] }) };
}

/**
 * The contents of a folder: folders first, then items, each with the size of its newest version:
 * GET /data/v1/projects/{project_id}/folders/{folder_id}/contents, all pages.
 *
 * @throws {ApsError}
 */
export async function listContents(
  session: ApsSession,
  projectId: string,
  folderId: string,
  { limit, from = ['folders', 0], onItems }: Omit<SliceOptions, 'from'> & { from?: ContentsPosition },
): Promise<{ items: Content[]; after?: ContentsPosition; warnings: string[] }> {
  const path = ['data', 'v1', 'projects', projectId, 'folders', folderId, 'contents'];
  const [kind, position] = from;
  const found: Content[] = [];
  const said: string[] = [];
  if (kind === 'folders') {
    const fetchFolders = async (number: number, signal: AbortSignal) => {
      const url = session.url(path, { 'filter[type]': 'folders', ...page(number) });
      const { data, links } = await session.get(url, foldersDocument, signal);
      return { items: data.map(folder), next: numberIn(links) };
    };
    const {
      items,
      after,
      warnings = [],
    } = await collectPages(fetchFolders, { limit, from: position, onItems });
    found.push(...items);
    said.push(...warnings);
    if (after !== undefined) return { items: found, after: ['folders', after], warnings: said };
    if (found.length === limit) return { items: found, after: ['items', 0], warnings: said };
  }
  const fetchItems = async (number: number, signal: AbortSignal) => {
    const url = session.url(path, { 'filter[type]': 'items', ...page(number) });
    const { data, included = [], links } = await session.get(url, itemsDocument, signal);
    const tips = new Map(included.map((version) => [version.id, version.attributes]));
    return { items: data.map((one) => item(one, tips)), next: numberIn(links) };
  };
  const {
    items,
    after,
    warnings = [],
  } = await collectPages(fetchItems, {
    limit: limit - found.length,
    from: kind === 'items' ? position : 0,
    onItems: (count) => onItems?.(found.length + count),
  });
  return {
    items: [...found, ...items],
    after: after === undefined ? undefined : ['items', after],
    warnings: [...said, ...warnings],
  };
}

/**
 * The versions of an item, newest first: GET /data/v1/projects/{project_id}/items/{item_id}/versions.
 *
 * @throws {ApsError}
 */
export function listVersions(
  session: ApsSession,
  projectId: string,
  itemId: string,
  options: SliceOptions,
): Promise<NumberedSlice<Version>> {
  const path = ['data', 'v1', 'projects', projectId, 'items', itemId, 'versions'];
  return collectPages(async (number, signal) => {
    const { data, links } = await session.get(session.url(path, page(number)), versionsDocument, signal);
    const items = data.map(({ id, attributes }) => ({
      id,
      name: attributes.displayName ?? attributes.name,
      size: attributes.storageSize,
      versionNumber: attributes.versionNumber,
      fileType: attributes.fileType,
      created: attributes.createTime,
      createdBy: attributes.createUserName,
      lastModified: attributes.lastModifiedTime,
      lastModifiedBy: attributes.lastModifiedUserName,
    }));
    return { items, next: numberIn(links) };
  }, options);
}

function page(number: number) {
  return { 'page[number]': number, 'page[limit]': pageSize };
}

function folder({ id, attributes }: z.infer<typeof folderData>): Content {
  return {
    type: 'folder',
    id,
    name: attributes.displayName ?? attributes.name,
    lastModified: attributes.lastModifiedTime,
    lastModifiedBy: attributes.lastModifiedUserName,
  };
}

function item(
  { id, attributes, relationships }: z.infer<typeof itemData>,
  tips: ReadonlyMap<string, z.infer<typeof versionData>['attributes']>,
): Content {
  const tip = tips.get(relationships?.tip?.data.id ?? '');
  return {
    type: 'item',
    id,
    name: attributes.displayName,
    size: tip?.storageSize,
    versionNumber: tip?.versionNumber,
    lastModified: attributes.lastModifiedTime,
    lastModifiedBy: attributes.lastModifiedUserName,
  };
}
