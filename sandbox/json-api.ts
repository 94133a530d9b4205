// JSON:API (https://jsonapi.org/format/1.0/) as Data Management uses it, with its paging and filters.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Filter, isFilter, readFilter } from './data-management-filters.ts';

const jsonapi = { version: '1.0' } as const;
const contentType = 'application/json';

export type Link = { href: string };
export type Links = { self: Link; related?: Link; first?: Link; prev?: Link; next?: Link };
export type Resource = { type: string; id: string; attributes: Record<string, unknown> };

export function document(
  members: { links: Links; data: unknown; included?: readonly unknown[]; meta?: unknown },
  status: 200 | 201 = 200,
): Response {
  return Response.json({ jsonapi, ...members }, { status, headers: { 'content-type': contentType } });
}

/**
 * A JSON:API error document. For 400, 404 and 409, the OpenAPI document publishes the status and an optional id; the codes
 * are the sandbox's own.
 */
export function errorDocument(
  status: 400 | 404 | 409,
  code: 'BAD_INPUT' | 'NOT_FOUND' | 'CONFLICT',
  title: string,
  detail: string,
): Response {
  const errors = [{ id: randomUUID(), status: String(status), code, title, detail }];
  return Response.json({ jsonapi, errors }, { status, headers: { 'content-type': contentType } });
}

/** A warning, spelled as in the published example. */
export function warning(status: '401' | '403', code: string, title: string, detail: string) {
  return {
    Id: null,
    HttpStatusCode: status,
    ErrorCode: code,
    Title: title,
    Detail: detail,
    AboutLink: null,
    Source: null,
    meta: null,
  };
}

/** A 403 as published: an empty document with a warning that gives the reason. */
export function refusalDocument(
  code: 'BIM360DM_ERROR' | 'FORBIDDEN',
  title: string,
  detail: string,
): Response {
  const meta = { warnings: [warning('403', code, title, detail)] };
  const body = { jsonapi, links: {}, data: [], meta };
  return Response.json(body, { status: 403, headers: { 'content-type': contentType } });
}

export function badInput(detail: string): Response {
  return errorDocument(400, 'BAD_INPUT', 'The request has an invalid value.', detail);
}

const whole = (name: string) => z.string().regex(/^\d+$/, `${name} must be a whole number`).transform(Number);
const pageQuery = z.object({
  'page[number]': whole('page[number]')
    .pipe(z.int().max(2_147_483_647, 'page[number] is too large'))
    .default(0),
  'page[limit]': whole('page[limit]')
    .pipe(z.int().min(1, 'page[limit] must be at least 1').max(200, 'page[limit] must be at most 200'))
    .default(200),
});

/**
 * The page that `url` requests, with its links, or a 400. Pages count from 0; one past the last is empty. `first`,
 * `prev` and `next` are present only with more than one page.
 */
export function pageOf<T>(url: URL, all: readonly T[]): { items: readonly T[]; links: Links } | Response {
  const query = pageQuery.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success) return badInput(query.error.issues.map(({ message }) => message).join('; '));
  const { 'page[number]': number, 'page[limit]': limit } = query.data;

  const linkTo = (page: number): Link => {
    const target = new URL(url);
    target.searchParams.set('page[number]', String(page));
    target.searchParams.set('page[limit]', String(limit));
    return { href: target.href };
  };
  const links: Links = { self: { href: url.href } };
  if (all.length > limit) links.first = linkTo(0);
  if (number > 0) links.prev = linkTo(number - 1);
  if ((number + 1) * limit < all.length) links.next = linkTo(number + 1);
  return { items: all.slice(number * limit, (number + 1) * limit), links };
}

/**
 * The items that match every `filter[...]` of `url`, or a 400 for one that cannot be read: see data-management-filters.ts.
 * `known` are the attributes of the resources; filters on `id`, `type` and `extension` always work.
 */
export function filtered<T>(
  url: URL,
  known: readonly string[],
  all: readonly T[],
  resourceOf: (item: T) => Resource,
): readonly T[] | Response {
  const filters: Filter[] = [];
  for (const name of new Set(url.searchParams.keys())) {
    if (!isFilter(name)) continue;
    const filter = readFilter(name, url.searchParams.getAll(name), ['id', 'type', 'extension', ...known]);
    if (typeof filter === 'string') return badInput(filter);
    filters.push(filter);
  }
  if (filters.length === 0) return all;
  return all.filter((item) => {
    const { type, id, attributes } = resourceOf(item);
    return filters.every(({ path, matches }) =>
      matches(path === 'id' ? id : path === 'type' ? type : valueAt(attributes, path)),
    );
  });
}

function valueAt(attributes: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null
          ? Object.entries(value).find(([key]) => key === name)?.[1]
          : undefined,
      attributes,
    );
}
