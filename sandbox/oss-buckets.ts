// Creates and deletes buckets, and deletes objects.
import { Hono } from 'hono';
import { z } from 'zod';
import { ossError } from './errors.ts';
import type { OssAccess } from './oss-access.ts';
import { byCodeUnits, regions } from './oss-data.ts';
import { problems } from './oss-parameters.ts';
import { projectBucket } from './project-storage.ts';
import type { SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';

/** The sandbox's own bound: APS has none that is published. */
const mostBuckets = 1000;

const payload = z.object({
  bucketKey: z
    .string('bucketKey is missing')
    .regex(/^[-_.a-z0-9]{3,128}$/, 'bucketKey must be 3 to 128 lower case letters, digits, -, _ and .'),
  policyKey: z.enum(
    ['transient', 'temporary', 'persistent'],
    'policyKey must be transient, temporary or persistent',
  ),
  allow: z
    .array(
      z.object({ authId: z.string(), access: z.enum(['full', 'read'], 'access must be full or read') }),
      'allow must be a list',
    )
    .default([]),
});
const region = z.enum(regions, `The header region must be one of ${regions.join(', ')}`);

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-POST/ and buckets-:bucketKey-DELETE/ */
export function bucketRoutes(
  state: SandboxState,
  { authorized, ownBucket, place }: OssAccess,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  /** Keys of deleted buckets are not available again at once. The sandbox keeps them for good. */
  const deleted = new Set<string>();

  routes.post('/oss/v2/buckets', async (c) => {
    const token = authorized(c, 'bucket:create');
    if (token instanceof Response) return token;
    // APS takes the header under either name, and the documents have both.
    const asked = region.safeParse(c.req.header('region') ?? c.req.header('x-ads-region') ?? 'US');
    if (!asked.success) return ossError(400, problems(asked.error));
    const bucket = payload.safeParse(await c.req.json().catch(() => undefined));
    if (!bucket.success) return ossError(400, problems(bucket.error));

    const { bucketKey, policyKey, allow } = bucket.data;
    const isTaken = bucketKey === projectBucket || state.buckets.some((each) => each.bucketKey === bucketKey);
    if (isTaken || deleted.has(bucketKey)) {
      return ossError(409, 'Bucket already exists');
    }
    if (state.buckets.length >= mostBuckets) return ossError(403, `The sandbox keeps ${mostBuckets} buckets`);
    const createdDate = state.now();
    state.buckets.push({
      bucketKey,
      owner: token.clientId,
      region: asked.data === 'APAC' ? 'AUS' : asked.data,
      policyKey,
      createdDate,
      objects: [],
    });
    state.buckets.sort((a, b) => byCodeUnits(a.bucketKey, b.bucketKey));
    return c.json({
      bucketKey,
      bucketOwner: token.clientId,
      createdDate,
      permissions: [{ authId: token.clientId, access: 'full' }, ...allow],
      policyKey,
    });
  });

  routes.delete('/oss/v2/buckets/:bucketKey', (c) => {
    const token = authorized(c, 'bucket:delete');
    if (token instanceof Response) return token;
    const bucketKey = c.req.param('bucketKey');
    if (deleted.has(bucketKey)) return ossError(409, 'The bucket is already marked for deletion');
    const bucket = ownBucket(bucketKey, token);
    if (bucket instanceof Response) return bucket;
    state.buckets.splice(state.buckets.indexOf(bucket), 1);
    deleted.add(bucketKey);
    return c.body(null, 200);
  });

  routes.delete('/oss/v2/buckets/:bucketKey/objects/:objectKey', (c) => {
    const found = place(c, 'data:write');
    if (found instanceof Response) return found;
    const bucket = state.buckets.find(({ bucketKey }) => bucketKey === found.bucketKey);
    if (bucket === undefined) return ossError(403, 'Files of projects are deleted through Data Management');
    const object = found.object();
    if (object === undefined) return ossError(404, 'There is no such object');
    bucket.objects = bucket.objects.filter((each) => each !== object);
    return c.body(null, 200);
  });

  return routes;
}
