// Downloads from OSS, one object at a time.
import { Hono } from 'hono';
import { z } from 'zod';
import { ossError } from './errors.ts';
import type { OssAccess } from './oss-access.ts';
import { minutesExpiration, problems } from './oss-parameters.ts';
import { askedDownload, signedDownload } from './oss-signed-downloads.ts';
import type { SandboxEnv } from './request-log.ts';
import type { S3Signatures } from './s3-signatures.ts';

const urlQuery = z.object({ ...askedDownload.shape, minutesExpiration });

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-objects-:objectKey-signeds3download-GET/ */
export function downloadRoutes({ place }: OssAccess, signatures: S3Signatures): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  routes.get('/oss/v2/buckets/:bucketKey/objects/:objectKey/signeds3download', (c) => {
    const found = place(c, 'data:read');
    if (found instanceof Response) return found;
    const query = urlQuery.safeParse({
      ...c.req.query(),
      'If-None-Match': c.req.header('if-none-match'),
      'If-Modified-Since': c.req.header('if-modified-since'),
    });
    if (!query.success) return ossError(400, problems(query.error));
    const object = found.object();
    if (object === undefined) return ossError(404, 'There is no such object');
    const sign = (url: URL) => signatures.sign('GET', url, query.data.minutesExpiration);
    const download = signedDownload(found, object, query.data, sign, new URL(c.req.url).origin);
    return download === undefined ? c.body(null, 304) : c.json(download);
  });

  return routes;
}
