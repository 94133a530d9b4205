// The routes of the Object Storage Service. Those that read buckets, objects and their details are here.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { ossError } from './errors.ts';
import { createOssAccess } from './oss-access.ts';
import { batchRoutes } from './oss-batches.ts';
import { bucketRoutes } from './oss-buckets.ts';
import { copyRoutes } from './oss-copies.ts';
import { regions } from './oss-data.ts';
import { downloadRoutes } from './oss-downloads.ts';
import { objectItem } from './oss-objects.ts';
import { problems } from './oss-parameters.ts';
import { signedResourceRoutes } from './oss-signed-resources.ts';
import { createUploadSessions } from './oss-upload-sessions.ts';
import { uploadRoutes } from './oss-uploads.ts';
import { projectBucket } from './project-storage.ts';
import type { SandboxEnv } from './request-log.ts';
import { s3Routes } from './s3.ts';
import { createS3Signatures } from './s3-signatures.ts';
import type { SandboxState } from './state.ts';
import { createUploads } from './uploads.ts';

const limit = z
  .string()
  .regex(/^\d+$/, 'limit must be a whole number')
  .transform(Number)
  .pipe(z.int().min(1, 'limit must be at least 1').max(100, 'limit must be at most 100'))
  .default(10);
const bucketQuery = z.object({
  region: z.enum(regions, `region must be one of ${regions.join(', ')}`).default('US'),
  limit,
  startAt: z.string().optional(),
});
const objectQuery = z.object({ beginsWith: z.string().optional(), limit, startAt: z.string().optional() });
const detail = z.enum(
  ['createdDate', 'lastAccessedDate', 'lastModifiedDate', 'userDefinedMetadata'],
  'with must be createdDate, lastAccessedDate, lastModifiedDate or userDefinedMetadata',
);

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/ */
export function ossRoutes(state: SandboxState): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  const access = createOssAccess(state);
  const { authorized, ownBucket, place } = access;

  routes.get('/oss/v2/buckets', (c) => {
    const token = authorized(c, 'bucket:read');
    if (token instanceof Response) return token;
    const query = bucketQuery.safeParse(c.req.query());
    if (!query.success) return badRequest(query.error);

    const region = query.data.region === 'APAC' ? 'AUS' : query.data.region;
    const own = state.buckets.filter((bucket) => bucket.owner === token.clientId && bucket.region === region);
    const page = pageOf(own, ({ bucketKey }) => bucketKey, query.data);
    return c.json({
      items: page.items.map(({ bucketKey, createdDate, policyKey }) => ({
        bucketKey,
        createdDate,
        policyKey,
      })),
      next: page.startNextAt && nextUrl(c, { ...query.data, startAt: page.startNextAt }),
    });
  });

  // Both scopes are published for this call. The sandbox accepts either.
  routes.get('/oss/v2/buckets/:bucketKey/details', (c) => {
    const token = authorized(c, 'bucket:read', 'viewables:read');
    if (token instanceof Response) return token;
    const bucket = ownBucket(c.req.param('bucketKey'), token);
    if (bucket instanceof Response) return bucket;
    const { bucketKey, owner, createdDate, policyKey } = bucket;
    return c.json({
      bucketKey,
      bucketOwner: owner,
      createdDate,
      permissions: [{ authId: owner, access: 'full' }],
      policyKey,
    });
  });

  routes.get('/oss/v2/buckets/:bucketKey/objects', (c) => {
    const token = authorized(c, 'data:read');
    if (token instanceof Response) return token;
    const bucket = ownBucket(c.req.param('bucketKey'), token);
    if (bucket instanceof Response) return bucket;
    const query = objectQuery.safeParse(c.req.query());
    if (!query.success) return badRequest(query.error);

    const { beginsWith = '' } = query.data;
    const matching = bucket.objects.filter(({ objectKey }) => objectKey.startsWith(beginsWith));
    const page = pageOf(matching, ({ objectKey }) => objectKey, query.data);
    return c.json({
      items: page.items.map((object) => objectItem(c, bucket, object)),
      next: page.startNextAt && nextUrl(c, { ...query.data, startAt: page.startNextAt }),
    });
  });

  routes.get('/oss/v2/buckets/:bucketKey/objects/:objectKey/details', (c) => {
    const found = place(c, 'data:read');
    if (found instanceof Response) return found;
    const wanted = z.array(detail).safeParse(c.req.queries('with') ?? []);
    if (!wanted.success) return badRequest(wanted.error);
    const object = found.object();
    if (object === undefined) return ossError(404, 'There is no such object');

    const { createdDate, contentType } = object;
    const since = Date.parse(c.req.header('if-modified-since') ?? '');
    // HTTP dates are in whole seconds.
    if (Math.floor(createdDate / 1000) * 1000 <= since) return c.body(null, 304);
    // No object was changed or accessed after its creation, and none has metadata.
    const dates = { createdDate, lastAccessedDate: createdDate, lastModifiedDate: createdDate };
    const asked = Object.entries(dates).filter(([name]) => wanted.data.some((each) => each === name));
    return c.json({ ...objectItem(c, found, object), contentType, ...Object.fromEntries(asked) });
  });

  // Documents link here, but APS no longer serves it.
  routes.get('/oss/v2/buckets/:bucketKey/objects/:objectKey', (c) => {
    const found = place(c, 'data:read');
    if (found instanceof Response) return found;
    return ossError(403, 'Objects are not downloaded here any more. Get a URL with signeds3download.');
  });

  const uploads = createUploads(state.now);
  const signatures = createS3Signatures(state.now);
  routes.route('/', bucketRoutes(state, access));
  const sessions = createUploadSessions(state.now, signatures, uploads);
  routes.route('/', uploadRoutes(access, sessions));
  routes.route('/', downloadRoutes(access, signatures));
  routes.route('/', batchRoutes(access, signatures, sessions));
  routes.route('/', copyRoutes(state.now, access));
  routes.route('/', signedResourceRoutes(state.now, access, uploads));
  routes.route(
    '/',
    s3Routes(signatures, uploads, (bucketKey, objectKey) =>
      bucketKey === projectBucket
        ? state.projectStorage.find(objectKey)?.object
        : state.buckets
            .find((bucket) => bucket.bucketKey === bucketKey)
            ?.objects.find((object) => object.objectKey === objectKey),
    ),
  );
  return routes;
}

/** `startAt` is the key of the last item on the previous page: this page starts after it. */
function pageOf<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  { limit, startAt }: { limit: number; startAt?: string },
): { items: readonly T[]; startNextAt: string | undefined } {
  const rest = startAt === undefined ? sorted : sorted.filter((item) => keyOf(item) > startAt);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, startNextAt: rest.length > limit && last !== undefined ? keyOf(last) : undefined };
}

/** The URL of the next page, with the origin of the request. */
function nextUrl(c: Context<SandboxEnv>, query: Record<string, string | number | undefined>): string {
  const url = new URL(c.req.path, c.req.url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

function badRequest(error: z.ZodError): Response {
  return ossError(400, problems(error));
}
