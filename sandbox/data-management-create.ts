// Creates folders, storage locations, items and versions.
import type { Context } from 'hono';
import { z } from 'zod';
import { type Call, type DataManagementContext, notFound } from './data-management-context.ts';
import {
  addFolder,
  addItem,
  addVersion,
  ancestorsOf,
  type Folder,
  type Person,
  type Project,
  type Upload,
} from './data-management-tree.ts';
import { badInput, document, errorDocument } from './json-api.ts';
import { personOf } from './people.ts';
import { objectUrn, projectBucket } from './project-storage.ts';
import type { SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';

const jsonapi = z.object({ version: z.literal('1.0') });
const name = z.string().min(1).max(255);
const related = <T extends string>(...types: [T, ...T[]]) =>
  z.object({ data: z.object({ type: z.enum(types), id: z.string().min(1) }) });
const extension = z.object({ type: z.string().min(1), version: z.string().min(1) });

const storagePayload = z.object({
  jsonapi,
  data: z.object({
    type: z.literal('objects'),
    attributes: z.object({ name }),
    relationships: z.object({ target: related('folders', 'items') }),
  }),
});
const folderPayload = z.object({
  jsonapi,
  data: z.object({
    type: z.literal('folders'),
    attributes: z.object({ name, extension }),
    relationships: z.object({ parent: related('folders') }),
  }),
});
const itemPayload = z.object({
  jsonapi,
  data: z.object({
    type: z.literal('items'),
    attributes: z.object({ extension }),
    relationships: z.object({ tip: related('versions'), parent: related('folders') }),
  }),
  included: z.tuple([
    z.object({
      type: z.literal('versions'),
      id: z.string().min(1),
      attributes: z.object({ name, extension }),
      relationships: z.object({ storage: related('objects') }),
    }),
  ]),
});
const versionPayload = z.object({
  jsonapi,
  data: z.object({
    type: z.literal('versions'),
    attributes: z.object({ name, extension }),
    relationships: z.object({ item: related('items'), storage: related('objects') }),
  }),
});

/** Published. */
const deepest = 25;
/** The sandbox's own bound, for folders and items of a project. */
const mostEntries = 10_000;

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/ */
export function addCreation({ inProject }: DataManagementContext, state: SandboxState): void {
  /** Adds a POST route, for requests with a body like `payload`. */
  const creating = <T>(
    what: 'storage' | 'folders' | 'items' | 'versions',
    payload: z.ZodType<T>,
    answer: (given: { body: T; project: Project; call: Call; author: Person }) => Response,
  ): void => {
    inProject(
      `/data/v1/projects/:project/${what}`,
      async (c, call, project) => {
        if (c.req.query('copyFrom') !== undefined) return badInput('The sandbox does not support copyFrom.');
        const body = await bodyOf(c, payload);
        if (body instanceof Response) return body;
        const { folders, items } = project.contents();
        if (folders.size + items.size >= mostEntries) return badInput('The project is full.');
        return answer({ body, project, call, author: personOf(state, call.asker) });
      },
      { method: 'POST', anyScope: ['data:create'] },
    );
  };

  /** What was uploaded to a storage location of the project, as a version, or a 400 or 404. */
  const uploadAt = (project: Project, urn: string, fileName: string, author: Person): Upload | Response => {
    const storageKey = urn.startsWith(objectUrn('')) ? urn.slice(objectUrn('').length) : '';
    const file = state.projectStorage.find(storageKey);
    if (file?.project !== project) return notFound('storage location in this project');
    if (file.object === undefined) return badInput('Nothing was uploaded to the storage location.');
    return { name: fileName, size: file.object.size, author, createdAt: state.now(), storageKey };
  };

  creating('storage', storagePayload, ({ body: { data }, project, call }) => {
    const target = data.relationships.target.data;
    const { folders, items } = project.contents();
    const folder = target.type === 'folders' ? folders.get(target.id) : items.get(target.id)?.parent;
    if (folder === undefined) return notFound('target');
    const objectKey = state.projectStorage.reserve(project, data.attributes.name);
    if (objectKey === undefined) return badInput('The sandbox has no more storage locations.');
    const { href } = call.resources.folder(project, folder).links.self;
    const created = {
      type: 'objects',
      id: objectUrn(objectKey),
      relationships: {
        target: { links: { related: { href } }, data: { type: 'folders', id: folder.id } },
      },
    };
    const object = `${call.url.origin}/oss/v2/buckets/${projectBucket}/objects/${objectKey}`;
    return document({ links: { self: { href: object } }, data: created }, 201);
  });

  creating('folders', folderPayload, ({ body: { data }, project, call, author }) => {
    const parent = project.contents().folders.get(data.relationships.parent.data.id);
    if (parent === undefined) return notFound('parent');
    if (ancestorsOf(parent).length + 1 >= deepest) return badInput(`Folders are at most ${deepest} deep.`);
    if (isTaken(parent, data.attributes.name)) return conflict(data.attributes.name);
    const folder = addFolder(project, parent, { name: data.attributes.name, author, createdAt: state.now() });
    const resource = call.resources.folder(project, folder);
    return document({ links: { self: resource.links.self }, data: resource }, 201);
  });

  creating('items', itemPayload, ({ body: { data, included }, project, call, author }) => {
    const [first] = included;
    if (first.id !== data.relationships.tip.data.id)
      return badInput('included has no version with the id of the tip.');
    const parent = project.contents().folders.get(data.relationships.parent.data.id);
    if (parent === undefined) return notFound('parent');
    if (isTaken(parent, first.attributes.name)) return conflict(first.attributes.name);
    const upload = uploadAt(project, first.relationships.storage.data.id, first.attributes.name, author);
    if (upload instanceof Response) return upload;
    const version = addItem(project, parent, upload);
    const resource = call.resources.item(project, version.item);
    const links = { self: resource.links.self };
    return document({ links, data: resource, included: [call.resources.version(project, version)] }, 201);
  });

  creating('versions', versionPayload, ({ body: { data }, project, call, author }) => {
    const item = project.contents().items.get(data.relationships.item.data.id);
    if (item === undefined) return notFound('item');
    const upload = uploadAt(project, data.relationships.storage.data.id, data.attributes.name, author);
    if (upload instanceof Response) return upload;
    const version = addVersion(item, upload);
    const resource = call.resources.version(project, version);
    const links = { self: resource.links.self };
    return document({ links, data: resource, included: [call.resources.item(project, item)] }, 201);
  });
}

/** The body of a request, or a 400. */
async function bodyOf<T>(c: Context<SandboxEnv>, payload: z.ZodType<T>): Promise<T | Response> {
  const [type] = (c.req.header('content-type') ?? '').split(';');
  if (type !== 'application/vnd.api+json') {
    return badInput('The header Content-Type must be application/vnd.api+json.');
  }
  const body = payload.safeParse(await c.req.json().catch(() => undefined));
  return body.success ? body.data : badInput(z.prettifyError(body.error));
}

function isTaken({ folders, items }: Folder, name: string): boolean {
  return [...folders, ...items].some((each) => !each.hidden && each.name === name);
}

function conflict(name: string): Response {
  const title = 'The specified resource already exists.';
  return errorDocument(409, 'CONFLICT', title, `The folder already has ${name}.`);
}
