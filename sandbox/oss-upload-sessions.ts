// Upload sessions of OSS: signed URLs for the parts of an object, and the completion that makes an object of them.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OssRefusal } from './errors.ts';
import type { Place } from './oss-access.ts';
import type { StoredObject } from './oss-data.ts';
import { s3Url } from './s3.ts';
import type { S3Signatures } from './s3-signatures.ts';
import { etagOf, type Uploads } from './uploads.ts';

/** S3's bound for every part but the last: 5 MiB. */
const smallestPart = 5 * 1024 * 1024;
/** S3's bound. */
const mostParts = 10_000;

const between = (name: string, least: number, most: number) =>
  z
    .int(`${name} must be a whole number`)
    .min(least, `${name} must be ${least} to ${most}`)
    .max(most, `${name} must be ${least} to ${most}`);
export const partCount = between('parts', 1, 25);
export const partNumber = between('firstPart', 1, mostParts);
export const completion = z.object({
  uploadKey: z.string('uploadKey is missing'),
  size: z.int('size must be a whole number').optional(),
  eTags: z.array(z.string(), 'eTags must be a list of texts').optional(),
});

export type AskedUrls = { parts: number; firstPart: number; uploadKey?: string };
export type UploadUrls = {
  uploadKey: string;
  uploadExpiration: string;
  urlExpiration: string;
  urls: string[];
};

export type UploadSessions = {
  /** Signed URLs at `origin` that are valid for some minutes. Without an upload key, it starts an upload. */
  urls(target: Place, asked: AskedUrls, minutes: number, origin: string): UploadUrls | OssRefusal;
  /** Ends an upload and puts the object into its place. */
  complete(
    target: Place,
    claimed: z.infer<typeof completion>,
    contentType: string | undefined,
  ): StoredObject | OssRefusal;
};

export function createUploadSessions(
  now: () => number,
  signatures: S3Signatures,
  uploads: Uploads,
): UploadSessions {
  return {
    urls(target, { parts, firstPart, uploadKey: known }, minutes, origin) {
      if (firstPart + parts - 1 > mostParts) return refusal(400, `An upload has at most ${mostParts} parts`);
      const { bucketKey, objectKey, clientId } = target;
      const uploadKey = known ?? uploads.start({ bucketKey, objectKey, clientId });
      const upload = uploads.find(uploadKey);
      if (upload === undefined || !isFor(upload, target)) return refusal(404, 'There is no such upload');
      return {
        uploadKey,
        uploadExpiration: new Date(upload.expiresAt).toISOString(),
        urlExpiration: new Date(now() + minutes * 60_000).toISOString(),
        urls: Array.from({ length: parts }, (_, index) => {
          const url = s3Url(origin, 'uploads', uploadKey, String(firstPart + index));
          return signatures.sign('PUT', url, minutes);
        }),
      };
    },

    complete(target, { uploadKey, size, eTags }, contentType = 'application/octet-stream') {
      const upload = uploads.find(uploadKey);
      if (upload === undefined || !isFor(upload, target)) return refusal(404, 'There is no such upload');

      const parts = [...upload.parts.entries()].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
      if (parts.length === 0) return refusal(400, 'Nothing was uploaded');
      if (parts.some((_, index) => !upload.parts.has(index + 1))) return refusal(400, 'A part is missing');
      if (parts.slice(0, -1).some(({ length }) => length < smallestPart)) {
        return refusal(400, `Every part but the last must have at least ${smallestPart} bytes`);
      }
      const content = Buffer.concat(parts);
      if (size !== undefined && size !== content.length) {
        return refusal(400, `The object has ${content.length} bytes instead of ${size}`);
      }
      const uploaded = parts.map(etagOf);
      if (eTags !== undefined && eTags.map(unquoted).join() !== uploaded.join()) {
        return refusal(400, 'The eTags do not match what was uploaded');
      }

      const { objectKey } = target;
      const sha1 = createHash('sha1').update(content).digest('hex');
      const object = { objectKey, sha1, size: content.length, contentType, createdDate: now(), content };
      target.put(object);
      uploads.end(uploadKey);
      return object;
    },
  };
}

type Target = { bucketKey: string; objectKey: string; clientId: string };

function isFor(upload: Target, { bucketKey, objectKey, clientId }: Target): boolean {
  return upload.bucketKey === bucketKey && upload.objectKey === objectKey && upload.clientId === clientId;
}

function unquoted(etag: string): string {
  return etag.replaceAll('"', '');
}

function refusal(refused: OssRefusal['refused'], reason: string): OssRefusal {
  return { refused, reason };
}
