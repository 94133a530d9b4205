// Objects as the Object Storage Service shows them.
import type { Context } from 'hono';
import type { StoredObject } from './oss-data.ts';
import type { SandboxEnv } from './request-log.ts';

export function objectItem(
  c: Context<SandboxEnv>,
  { bucketKey }: { bucketKey: string },
  { objectKey, sha1, size }: StoredObject,
) {
  const encodedKey = encodeURIComponent(objectKey);
  return {
    bucketKey,
    objectKey,
    objectId: `urn:adsk.objects:os.object:${bucketKey}/${encodedKey}`,
    sha1,
    size,
    location: new URL(`/oss/v2/buckets/${bucketKey}/objects/${encodedKey}`, c.req.url).href,
  };
}
