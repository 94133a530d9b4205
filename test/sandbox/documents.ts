// Reads Data Management for these tests, and checks that its documents are JSON:API.
import { expect } from 'vitest';
import { z } from 'zod';
import { demoHubs, type Sandbox } from '../support/sandbox.ts';
import { get } from './calls.ts';

export const resource = z.looseObject({
  type: z.string(),
  id: z.string(),
  attributes: z.looseObject({}),
  links: z.looseObject({ self: z.object({ href: z.string() }) }),
  relationships: z.looseObject({}),
});
const link = z.object({ href: z.string() });
export const documentSchema = z.strictObject({
  jsonapi: z.strictObject({ version: z.literal('1.0') }),
  links: z.strictObject({
    self: link,
    first: link.optional(),
    prev: link.optional(),
    next: link.optional(),
  }),
  data: z.union([resource, z.array(resource)]),
  included: z.array(resource).optional(),
  meta: z.strictObject({ warnings: z.array(z.looseObject({ Title: z.string() })) }).optional(),
});
const jsonapi = z.strictObject({ version: z.literal('1.0') });

/** The errors in a 400 or 404. */
const errorSchema = z
  .strictObject({
    jsonapi,
    errors: z.tuple([
      z.strictObject({
        id: z.uuid(),
        status: z.string(),
        code: z.string(),
        title: z.string(),
        detail: z.string(),
      }),
    ]),
  })
  .transform(({ errors: [{ status, code }] }) => ({ status, code }));

/** The warning in a 403, with the members of the published example. */
const deniedSchema = z
  .strictObject({
    jsonapi,
    links: z.strictObject({}),
    data: z.tuple([]),
    meta: z.strictObject({
      warnings: z.tuple([
        z.strictObject({
          Id: z.null(),
          HttpStatusCode: z.literal('403'),
          ErrorCode: z.string(),
          Title: z.string(),
          Detail: z.string(),
          AboutLink: z.null(),
          Source: z.null(),
          meta: z.null(),
        }),
      ]),
    }),
  })
  .transform(
    ({
      meta: {
        warnings: [{ HttpStatusCode: status, ErrorCode: code }],
      },
    }) => ({ status, code }),
  );

export type Found = z.infer<typeof resource>;

export function nothing(): Found {
  throw new Error('The document has no data');
}

export const namesOf = (list: Found[]) =>
  list.map(({ attributes }) => String(attributes.name ?? attributes.displayName));
export const byName = (list: Found[], name: string): Found =>
  list.find((each) => namesOf([each])[0] === name) ?? nothing();

export const projectsOf = (hub: string) => `/project/v1/hubs/${hub}/projects`;
export const contentsOf = (project: Found, folder: Found) =>
  `/data/v1/projects/${project.id}/folders/${encodeURIComponent(folder.id)}/contents`;
export const itemPath = (project: Found, item: Found) =>
  `/data/v1/projects/${project.id}/items/${encodeURIComponent(item.id)}`;

/** Reads a sandbox with a token. `read` and `refusal` accept another one for a single call. */
export function readerOf(sandbox: Sandbox, ownToken: string) {
  /** A document with its data as a list. */
  async function read(path: string, token = ownToken) {
    const answer = await get(sandbox, path, token);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    const body = documentSchema.parse(await answer.json());
    const list = Array.isArray(body.data) ? body.data : [body.data];
    return {
      ...body,
      list,
      get first() {
        return list[0] ?? nothing();
      },
    };
  }

  async function refusal(path: string, token = ownToken) {
    const answer = await get(sandbox, path, token);
    expect(answer.headers.get('content-type')).toBe('application/json');
    const { status, code } = z.union([errorSchema, deniedSchema]).parse(await answer.json());
    expect(status).toBe(String(answer.status));
    return { status: answer.status, code };
  }

  /** Follows `next` from `path` to the end. */
  async function walk(path: string) {
    const found: Array<Awaited<ReturnType<typeof read>>> = [];
    let next: string | undefined = path;
    while (next !== undefined) {
      const page: Awaited<ReturnType<typeof read>> = await read(next);
      found.push(page);
      next = page.links.next?.href;
    }
    return found;
  }

  /** The folders of the first project, which covers every case. */
  async function showcase() {
    const project = (await read(`${projectsOf(demoHubs.construction)}?page[limit]=1`)).first;
    const top = await read(`${projectsOf(demoHubs.construction)}/${project.id}/topFolders`);
    const files = byName(top.list, 'Project Files');
    const { list } = await read(contentsOf(project, files));
    return { project, top, files, list, folder: (name: string) => byName(list, name) };
  }

  return { read, refusal, walk, showcase };
}
