// Downloads from OSS: signed URLs that lead to the sandbox's S3.
import { Hono } from 'hono';
import { z } from 'zod';
import { ossError } from './errors.ts';
import type { OssAccess } from './oss-access.ts';
import { minutesExpiration, problems } from './oss-parameters.ts';
import type { SandboxEnv } from './request-log.ts';
import { chosenHeaders, s3Url } from './s3.ts';
import type { S3Signatures } from './s3-signatures.ts';

const urlQuery = z.object({ minutesExpiration });

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-objects-:objectKey-signeds3download-GET/ */
export function downloadRoutes({ place }: OssAccess, signatures: S3Signatures): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  routes.get('/oss/v2/buckets/:bucketKey/objects/:objectKey/signeds3download', (c) => {
    const found = place(c, 'data:read');
    if (found instanceof Response) return found;
    const query = urlQuery.safeParse(c.req.query());
    if (!query.success) return ossError(400, problems(query.error));
    const object = found.object();
    if (object === undefined) return ossError(404, 'There is no such object');
    const { sha1, size, createdDate } = object;
    const since = Date.parse(c.req.header('if-modified-since') ?? '');
    const isKnown = c.req.header('if-none-match')?.replaceAll('"', '') === sha1;
    if (isKnown || Math.floor(createdDate / 1000) * 1000 <= since) return c.body(null, 304);

    const url = s3Url(new URL(c.req.url).origin, 'objects', found.bucketKey, found.objectKey);
    const params: Record<string, string> = {};
    for (const name of chosenHeaders) {
      const value = c.req.query(`response-${name}`);
      if (value === undefined) continue;
      params[name] = value;
      url.searchParams.set(`response-${name}`, value);
    }
    const signed = signatures.sign('GET', url, query.data.minutesExpiration);
    return c.json({ status: 'complete', url: signed, params, size, sha1 });
  });

  return routes;
}
