// Uploads to OSS: signed URLs for the parts, and the completion that makes an object of them.
import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { ossError } from './errors.ts';
import type { OssAccess } from './oss-access.ts';
import { objectItem } from './oss-objects.ts';
import { minutesExpiration, problems } from './oss-parameters.ts';
import type { SandboxEnv } from './request-log.ts';
import { s3Url } from './s3.ts';
import type { S3Signatures } from './s3-signatures.ts';
import { etagOf, type Uploads } from './uploads.ts';

/** S3's bound for every part but the last: 5 MiB. */
const smallestPart = 5 * 1024 * 1024;
/** S3's bound. */
const mostParts = 10_000;

const between = (name: string, least: number, most: number, usual: number) =>
  z
    .string()
    .regex(/^\d+$/, `${name} must be a whole number`)
    .transform(Number)
    .pipe(
      z
        .int()
        .min(least, `${name} must be ${least} to ${most}`)
        .max(most, `${name} must be ${least} to ${most}`),
    )
    .default(usual);
const urlQuery = z.object({
  parts: between('parts', 1, 25, 1),
  firstPart: between('firstPart', 1, mostParts, 1),
  uploadKey: z.string().optional(),
  minutesExpiration,
});
const completion = z.object({
  uploadKey: z.string('uploadKey is missing'),
  size: z.int('size must be a whole number').optional(),
  eTags: z.array(z.string(), 'eTags must be a list of texts').optional(),
});

/**
 * https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-objects-:objectKey-signeds3upload-GET/
 * and -POST/. That a request gets up to 25 URLs is published there, and not in the OpenAPI document.
 */
export function uploadRoutes(
  now: () => number,
  { place }: OssAccess,
  signatures: S3Signatures,
  uploads: Uploads,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  const path = '/oss/v2/buckets/:bucketKey/objects/:objectKey/signeds3upload';

  routes.get(path, (c) => {
    const target = place(c, 'data:write', 'data:create');
    if (target instanceof Response) return target;
    const query = urlQuery.safeParse(c.req.query());
    if (!query.success) return ossError(400, problems(query.error));
    const { parts, firstPart, minutesExpiration: minutes } = query.data;
    if (firstPart + parts - 1 > mostParts) return ossError(400, `An upload has at most ${mostParts} parts`);

    const { bucketKey, objectKey, clientId } = target;
    const uploadKey = query.data.uploadKey ?? uploads.start({ bucketKey, objectKey, clientId });
    const upload = uploads.find(uploadKey);
    if (upload === undefined || !isFor(upload, target)) return ossError(404, 'There is no such upload');
    const { origin } = new URL(c.req.url);
    return c.json({
      uploadKey,
      uploadExpiration: new Date(upload.expiresAt).toISOString(),
      urlExpiration: new Date(now() + minutes * 60_000).toISOString(),
      urls: Array.from({ length: parts }, (_, index) => {
        const url = s3Url(origin, 'uploads', uploadKey, String(firstPart + index));
        return signatures.sign('PUT', url, minutes);
      }),
    });
  });

  routes.post(path, async (c) => {
    const target = place(c, 'data:write', 'data:create');
    if (target instanceof Response) return target;
    const body = completion.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) return ossError(400, problems(body.error));
    const { uploadKey, size, eTags } = body.data;
    const upload = uploads.find(uploadKey);
    if (upload === undefined || !isFor(upload, target)) return ossError(404, 'There is no such upload');

    const parts = [...upload.parts.entries()].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
    if (parts.length === 0) return ossError(400, 'Nothing was uploaded');
    if (parts.some((_, index) => !upload.parts.has(index + 1))) return ossError(400, 'A part is missing');
    if (parts.slice(0, -1).some(({ length }) => length < smallestPart)) {
      return ossError(400, `Every part but the last must have at least ${smallestPart} bytes`);
    }
    const content = Buffer.concat(parts);
    if (size !== undefined && size !== content.length) {
      return ossError(400, `The object has ${content.length} bytes instead of ${size}`);
    }
    const uploaded = parts.map(etagOf);
    if (eTags !== undefined && eTags.map(unquoted).join() !== uploaded.join()) {
      return ossError(400, 'The eTags do not match what was uploaded');
    }

    const { objectKey } = target;
    const contentType = c.req.header('x-ads-meta-content-type') ?? 'application/octet-stream';
    const sha1 = createHash('sha1').update(content).digest('hex');
    const object = { objectKey, sha1, size: content.length, contentType, createdDate: now(), content };
    target.put(object);
    uploads.end(uploadKey);
    return c.json({ ...objectItem(c, target, object), contentType });
  });

  return routes;
}

type Target = { bucketKey: string; objectKey: string; clientId: string };

function isFor(upload: Target, { bucketKey, objectKey, clientId }: Target): boolean {
  return upload.bucketKey === bucketKey && upload.objectKey === objectKey && upload.clientId === clientId;
}

function unquoted(etag: string): string {
  return etag.replaceAll('"', '');
}
