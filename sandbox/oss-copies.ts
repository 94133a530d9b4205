// Copies objects within a bucket.
import { Hono } from 'hono';
import { ossError } from './errors.ts';
import type { OssAccess } from './oss-access.ts';
import { objectItem } from './oss-objects.ts';
import type { SandboxEnv } from './request-log.ts';

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-objects-:objectKey-copyto-:newObjKey-PUT/ */
export function copyRoutes(now: () => number, { places }: OssAccess): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  routes.put('/oss/v2/buckets/:bucketKey/objects/:objectKey/copyto/:newObjKey', (c) => {
    const inBucket = places(c, 'data:write', 'data:create');
    if (inBucket instanceof Response) return inBucket;
    const object = inBucket(c.req.param('objectKey')).object();
    if (object === undefined) return ossError(404, 'There is no such object');
    const target = inBucket(c.req.param('newObjKey'));
    const copy = { ...object, objectKey: target.objectKey, createdDate: now() };
    target.put(copy);
    return c.json({ ...objectItem(c, target, copy), contentType: copy.contentType });
  });

  return routes;
}
