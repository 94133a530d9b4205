// Signed URLs for downloads of objects: they lead to the sandbox's S3.
import { z } from 'zod';
import type { Place } from './oss-access.ts';
import type { StoredObject } from './oss-data.ts';
import { chosenHeaders, s3Url } from './s3.ts';
import type { S3Signatures } from './s3-signatures.ts';

const text = (name: string) => z.string(`${name} must be a text`).optional();

/** What a client asks for, by the names in a batch. */
export const askedDownload = z.object({
  'If-None-Match': text('If-None-Match'),
  'If-Modified-Since': text('If-Modified-Since'),
  'response-content-type': text('response-content-type'),
  'response-content-disposition': text('response-content-disposition'),
  'response-cache-control': text('response-cache-control'),
});

/** A signed URL for an object, at `origin`. Undefined if the client has the object. */
export function signedDownload(
  { bucketKey, objectKey }: Place,
  { sha1, size, createdDate }: StoredObject,
  asked: z.infer<typeof askedDownload>,
  sign: (url: URL) => ReturnType<S3Signatures['sign']>,
  origin: string,
) {
  const since = Date.parse(asked['If-Modified-Since'] ?? '');
  const isKnown = asked['If-None-Match']?.replaceAll('"', '') === sha1;
  // HTTP dates are in whole seconds.
  if (isKnown || Math.floor(createdDate / 1000) * 1000 <= since) return undefined;

  const url = s3Url(origin, 'objects', bucketKey, objectKey);
  const params: Record<string, string> = {};
  for (const name of chosenHeaders) {
    const value = asked[`response-${name}`];
    if (value === undefined) continue;
    params[name] = value;
    url.searchParams.set(`response-${name}`, value);
  }
  return { status: 'complete', url: sign(url), params, size, sha1 };
}
