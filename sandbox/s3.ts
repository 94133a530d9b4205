// The S3 of the sandbox, to which signed URLs lead: parts go up, and objects come down.
import { type Context, Hono } from 'hono';
import { contentResponse } from './object-content.ts';
import type { StoredObject } from './oss-data.ts';
import type { SandboxEnv } from './request-log.ts';
import type { S3Signatures } from './s3-signatures.ts';
import { etagOf, type Uploads } from './uploads.ts';

/** S3 takes parts of up to 5 GB. The sandbox keeps them in memory. */
const largestPart = 100 * 1024 * 1024;

/** What the answer to a download has in these headers. */
export const chosenHeaders = ['content-type', 'content-disposition', 'cache-control'] as const;

/**
 * Like S3, it does not ask who sends a request, but whether its URL was signed. `find` returns the object in a bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function s3Routes(
  signatures: S3Signatures,
  uploads: Uploads,
  find: (bucketKey: string, objectKey: string) => StoredObject | undefined,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  const refusal = (c: Context<SandboxEnv>): Response | undefined => {
    const outcome = signatures.check(c.req.method, c.req.url);
    if (outcome === 'wrong') return s3Error(403, 'SignatureDoesNotMatch', 'The signature does not match.');
    return outcome === 'expired' ? s3Error(403, 'AccessDenied', 'Request has expired') : undefined;
  };

  routes.put('/s3/uploads/:uploadKey/:number', async (c) => {
    const refused = refusal(c);
    if (refused !== undefined) return refused;
    if (Number(c.req.header('content-length') ?? 0) > largestPart) return tooLarge();
    const part = Buffer.from(await c.req.arrayBuffer());
    if (part.length > largestPart) return tooLarge();
    const upload = uploads.find(c.req.param('uploadKey'));
    if (upload === undefined) return s3Error(404, 'NoSuchUpload', 'The upload does not exist.');
    if (!uploads.take(part.length)) return s3Error(503, 'SlowDown', 'The sandbox is full. Start it again.');
    upload.parts.set(Number(c.req.param('number')), part);
    return c.body(null, 200, { etag: `"${etagOf(part)}"` });
  });

  routes.get('/s3/objects/:bucketKey/:objectKey', (c) => {
    const refused = refusal(c);
    if (refused !== undefined) return refused;
    const object = find(c.req.param('bucketKey'), c.req.param('objectKey'));
    if (object === undefined) return s3Error(404, 'NoSuchKey', 'The specified key does not exist.');
    const headers = new Map([
      ['content-type', object.contentType],
      ['etag', `"${object.sha1}"`],
    ]);
    for (const name of chosenHeaders) {
      const value = c.req.query(`response-${name}`);
      if (value !== undefined) headers.set(name, value);
    }
    return contentResponse(c.req.header('range'), object, Object.fromEntries(headers));
  });

  return routes;
}

/** The address of a part or an object, before it is signed. */
export function s3Url(origin: string, ...segments: string[]): URL {
  return new URL(`${origin}/s3/${segments.map(encodeURIComponent).join('/')}`);
}

function tooLarge(): Response {
  return s3Error(400, 'EntityTooLarge', `The sandbox takes parts of up to ${largestPart} bytes.`);
}

function s3Error(status: number, code: string, message: string): Response {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return new Response(body, { status, headers: { 'content-type': 'application/xml' } });
}
