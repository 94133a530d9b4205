// Uploads to OSS, one object at a time.
import { Hono } from 'hono';
import { z } from 'zod';
import { ossError } from './errors.ts';
import type { OssAccess } from './oss-access.ts';
import { objectItem } from './oss-objects.ts';
import { minutesExpiration, problems } from './oss-parameters.ts';
import { completion, partCount, partNumber, type UploadSessions } from './oss-upload-sessions.ts';
import type { SandboxEnv } from './request-log.ts';

const digits = (name: string) =>
  z.string().regex(/^\d+$/, `${name} must be a whole number`).transform(Number);
const urlQuery = z.object({
  parts: digits('parts').pipe(partCount).default(1),
  firstPart: digits('firstPart').pipe(partNumber).default(1),
  uploadKey: z.string().optional(),
  minutesExpiration,
});

/**
 * https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-objects-:objectKey-signeds3upload-GET/
 * and -POST/. That a request gets up to 25 URLs is published there, and not in the OpenAPI document.
 */
export function uploadRoutes({ place }: OssAccess, sessions: UploadSessions): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  const path = '/oss/v2/buckets/:bucketKey/objects/:objectKey/signeds3upload';

  routes.get(path, (c) => {
    const target = place(c, 'data:write', 'data:create');
    if (target instanceof Response) return target;
    const query = urlQuery.safeParse(c.req.query());
    if (!query.success) return ossError(400, problems(query.error));
    const urls = sessions.urls(target, query.data, query.data.minutesExpiration, new URL(c.req.url).origin);
    return 'refused' in urls ? ossError(urls.refused, urls.reason) : c.json(urls);
  });

  routes.post(path, async (c) => {
    const target = place(c, 'data:write', 'data:create');
    if (target instanceof Response) return target;
    const body = completion.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) return ossError(400, problems(body.error));
    const object = sessions.complete(target, body.data, c.req.header('x-ads-meta-content-type'));
    if ('refused' in object) return ossError(object.refused, object.reason);
    return c.json({ ...objectItem(c, target, object), contentType: object.contentType });
  });

  return routes;
}
