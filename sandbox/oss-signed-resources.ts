// Signed URLs of OSS itself, with which anybody can read or replace an object for a while.
import { createHash, randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { ossError } from './errors.ts';
import { contentResponse } from './object-content.ts';
import type { OssAccess, Place } from './oss-access.ts';
import { objectItem } from './oss-objects.ts';
import { minutesExpiration, problems } from './oss-parameters.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Uploads } from './uploads.ts';

type SignedUrl = { place: Place; reads: boolean; writes: boolean; singleUse: boolean; expiresAt: number };

/** APS takes more. The sandbox keeps objects in memory. */
const largestObject = 100 * 1024 * 1024;

const query = z.object({
  access: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['read', 'write', 'readwrite'], 'access must be read, write or readwrite'))
    .default('read'),
});
const payload = z.object({
  minutesExpiration,
  singleUse: z.boolean('singleUse must be true or false').default(false),
});

/**
 * https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-objects-:objectKey-signed-POST/ and
 * signedresources-:id-GET/. The default lifetime is 60 minutes on the first page, and 2 in the OpenAPI document, which
 * is newer. `expiration` is a time on the page, in milliseconds.
 */
export function signedResourceRoutes(
  now: () => number,
  { place }: OssAccess,
  uploads: Uploads,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  const urls = new Map<string, SignedUrl>();

  routes.post('/oss/v2/buckets/:bucketKey/objects/:objectKey/signed', async (c) => {
    const found = place(c, 'data:write');
    if (found instanceof Response) return found;
    const asked = query.safeParse(c.req.query());
    if (!asked.success) return ossError(400, problems(asked.error));
    const text = await c.req.text();
    const body = payload.safeParse(text === '' ? {} : parsed(text));
    if (!body.success) return ossError(400, problems(body.error));
    if (found.object() === undefined) return ossError(404, 'There is no such object');

    for (const [hash, { expiresAt }] of urls) if (expiresAt <= now()) urls.delete(hash);
    const { access } = asked.data;
    const { singleUse, minutesExpiration: minutes } = body.data;
    const expiresAt = now() + minutes * 60_000;
    const hash = randomUUID();
    const reads = access !== 'write';
    const writes = access !== 'read';
    urls.set(hash, { place: found, reads, writes, singleUse, expiresAt });
    const signedUrl = `${new URL(c.req.url).origin}/oss/v2/signedresources/${hash}?region=US`;
    return c.json({ signedUrl, expiration: expiresAt, singleUse });
  });

  /** The place that the URL in the path is for, or a 403 or 404. A URL for one use is used by that. */
  const opened = (c: Context<SandboxEnv>, allows: 'reads' | 'writes'): Place | Response => {
    const hash = c.req.param('hash') ?? '';
    const url = urls.get(hash);
    if (url === undefined || url.expiresAt <= now()) return ossError(404, 'There is no such signed URL');
    if (!url[allows])
      return ossError(403, `The signed URL ${allows === 'reads' ? 'only writes' : 'only reads'}`);
    if (url.place.object() === undefined) return ossError(404, 'There is no such object');
    if (url.singleUse) urls.delete(hash);
    return url.place;
  };

  routes.get('/oss/v2/signedresources/:hash', (c) => {
    const found = opened(c, 'reads');
    if (found instanceof Response) return found;
    const object = found.object();
    if (object === undefined) return ossError(404, 'There is no such object');
    const headers = new Map([
      ['content-type', c.req.query('response-content-type') ?? object.contentType],
      ['etag', object.sha1],
    ]);
    const disposition = c.req.query('response-content-disposition');
    if (disposition !== undefined) headers.set('content-disposition', disposition);
    return contentResponse(c.req.header('range'), object, Object.fromEntries(headers));
  });

  routes.put('/oss/v2/signedresources/:hash', async (c) => {
    if (Number(c.req.header('content-length') ?? 0) > largestObject) return tooLarge();
    const content = Buffer.from(await c.req.arrayBuffer());
    if (content.length > largestObject) return tooLarge();
    const found = opened(c, 'writes');
    if (found instanceof Response) return found;
    const match = c.req.header('if-match')?.replaceAll('"', '');
    if (match !== undefined && match !== found.object()?.sha1) {
      return ossError(412, 'The object was modified');
    }
    if (!uploads.take(content.length)) return ossError(403, 'The sandbox is full. Start it again.');
    const object = {
      objectKey: found.objectKey,
      sha1: createHash('sha1').update(content).digest('hex'),
      size: content.length,
      contentType: c.req.header('content-type') ?? 'application/octet-stream',
      createdDate: now(),
      content,
    };
    found.put(object);
    return c.json({ ...objectItem(c, found, object), contentType: object.contentType });
  });

  return routes;
}

function tooLarge(): Response {
  return ossError(400, `The sandbox takes objects of up to ${largestObject} bytes`);
}

/** Undefined for invalid JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
