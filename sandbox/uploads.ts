// Uploads under way: their parts, until they become an object.
import { createHash } from 'node:crypto';
import { createExpiring } from './expiring.ts';

export type Upload = {
  readonly bucketKey: string;
  readonly objectKey: string;
  readonly clientId: string;
  /** By number, from 1. */
  readonly parts: Map<number, Buffer>;
};

export type Uploads = {
  /** Starts an upload and returns its key. */
  start(upload: Omit<Upload, 'parts'>): string;
  /**
   * Undefined if the key is unknown or older than a day, or the upload is completed. `expiresAt` is in milliseconds since
   * the epoch.
   */
  find(uploadKey: string): (Upload & { expiresAt: number }) | undefined;
  end(uploadKey: string): void;
  /** Whether the sandbox still takes this many bytes. If it does, they count. */
  take(bytes: number): boolean;
};

/** Published: afterwards, what was uploaded is discarded. */
const uploadLifetimeSeconds = 24 * 60 * 60;
/** What one sandbox takes in its life: it keeps everything in memory. */
const mostBytes = 1024 ** 3;

export function createUploads(now: () => number): Uploads {
  const uploads = createExpiring<Upload>(now, uploadLifetimeSeconds);
  let taken = 0;
  return {
    start: (upload) => uploads.add({ ...upload, parts: new Map() }),
    find(uploadKey) {
      const found = uploads.find(uploadKey);
      return found && { ...found.thing, expiresAt: found.expiresAt };
    },
    end: uploads.drop,
    take(bytes) {
      if (taken + bytes > mostBytes) return false;
      taken += bytes;
      return true;
    },
  };
}

/** The ETag of a part, as S3 computes it. */
export function etagOf(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
