// Uploads to and downloads from OSS, for several objects of a bucket at once.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { type OssRefusal, ossError } from './errors.ts';
import type { OssAccess, Place } from './oss-access.ts';
import { objectItem } from './oss-objects.ts';
import { minutesExpiration, problems } from './oss-parameters.ts';
import { askedDownload, signedDownload } from './oss-signed-downloads.ts';
import { completion, partCount, partNumber, type UploadSessions } from './oss-upload-sessions.ts';
import type { SandboxEnv } from './request-log.ts';
import type { S3Signatures } from './s3-signatures.ts';

const bounds = 'requests must have 1 to 25 elements';
const batch = z.object({
  requests: z
    .array(z.looseObject({ objectKey: z.string('objectKey is missing') }), 'requests must be a list')
    .min(1, bounds)
    .max(25, bounds),
});
const urlQuery = z.object({ minutesExpiration });
const askedUrls = z.object({
  parts: partCount.default(1),
  firstPart: partNumber.default(1),
  uploadKey: z.string('uploadKey must be a text').optional(),
});
const askedCompletion = z.object({
  ...completion.shape,
  'x-ads-meta-Content-Type': z.string('x-ads-meta-Content-Type must be a text').optional(),
});

/**
 * https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-objects-batchsigneds3upload-POST/,
 * batchcompleteupload-POST/ and batchsigneds3download-POST/. The limit of 25 requests is published for completions; the
 * sandbox has it for all three. Object keys in a body are not URL-encoded: Autodesk's forge-apis sends them so.
 */
export function batchRoutes(
  { places }: OssAccess,
  signatures: S3Signatures,
  sessions: UploadSessions,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  const path = '/oss/v2/buckets/:bucketKey/objects';

  routes.post(`${path}/batchsigneds3upload`, (c) => {
    const inBucket = places(c, 'data:write', 'data:create');
    if (inBucket instanceof Response) return inBucket;
    const query = urlQuery.safeParse(c.req.query());
    if (!query.success) return ossError(400, problems(query.error));
    const { origin } = new URL(c.req.url);
    return results(c, inBucket, askedUrls, (target, asked) =>
      sessions.urls(target, asked, query.data.minutesExpiration, origin),
    );
  });

  routes.post(`${path}/batchcompleteupload`, (c) => {
    const inBucket = places(c, 'data:write', 'data:create');
    if (inBucket instanceof Response) return inBucket;
    return results(c, inBucket, askedCompletion, (target, asked) => {
      const object = sessions.complete(target, asked, asked['x-ads-meta-Content-Type']);
      if ('refused' in object) return object;
      return { ...objectItem(c, target, object), contentType: object.contentType };
    });
  });

  routes.post(`${path}/batchsigneds3download`, (c) => {
    const inBucket = places(c, 'data:read');
    if (inBucket instanceof Response) return inBucket;
    const query = urlQuery.safeParse(c.req.query());
    if (!query.success) return ossError(400, problems(query.error));
    const { origin } = new URL(c.req.url);
    const sign = (url: URL) => signatures.sign('GET', url, query.data.minutesExpiration);
    return results(c, inBucket, askedDownload, (found, asked) => {
      const object = found.object();
      if (object === undefined) return { refused: 404, reason: 'There is no such object' };
      // In the documentation of Autodesk's forge-apis, and in no OpenAPI document.
      const skipped = { status: 'skipped', reason: 'Not modified' };
      return signedDownload(found, object, asked, sign, origin) ?? skipped;
    });
  });

  return routes;
}

/** The result of each request by its object key: what `resultOf` returns, or an error. One error stops no other request. */
async function results<T>(
  c: Context<SandboxEnv>,
  inBucket: (objectKey: string) => Place,
  schema: z.ZodType<T>,
  resultOf: (place: Place, asked: T) => object | OssRefusal,
): Promise<Response> {
  const body = batch.safeParse(await c.req.json().catch(() => undefined));
  if (!body.success) return ossError(400, problems(body.error));
  const entries = body.data.requests.map((request) => {
    const asked = schema.safeParse(request);
    if (!asked.success) return [request.objectKey, failure(problems(asked.error))];
    const result = resultOf(inBucket(request.objectKey), asked.data);
    return [request.objectKey, 'refused' in result ? failure(result.reason) : result];
  });
  return c.json({ results: Object.fromEntries(entries) });
}

function failure(reason: string) {
  return { status: 'error', reason };
}
