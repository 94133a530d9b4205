// Who can use which bucket: applications their own, and members of a project the one with its files.
import type { Context } from 'hono';
import { requireToken } from './bearer.ts';
import { ossError } from './errors.ts';
import type { Asker } from './hub-access.ts';
import { type Bucket, byCodeUnits, type StoredObject } from './oss-data.ts';
import { projectBucket } from './project-storage.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Scope } from './scopes.ts';
import type { SandboxState } from './state.ts';
import type { AccessToken } from './tokens.ts';

const bucketKeyPattern = /^[-_.a-z0-9]{3,128}$/;

/** A place for one object. */
export type Place = {
  bucketKey: string;
  objectKey: string;
  /** The application that asks. */
  clientId: string;
  /** The object that is there now. Undefined if there is none. */
  object(): StoredObject | undefined;
  put(object: StoredObject): void;
};

export type OssAccess = {
  /** The token of an application with one of the scopes, or the gateway error. */
  authorized(c: Context<SandboxEnv>, ...anyScope: Scope[]): AccessToken | Response;
  /** A bucket of the application, or a 400, 403 or 404. */
  ownBucket(bucketKey: string, token: AccessToken): Bucket | Response;
  /**
   * The object in the path, or a 400, 401, 403 or 404. Objects in buckets belong to applications; the files of projects
   * also to users.
   */
  place(c: Context<SandboxEnv>, ...anyScope: Scope[]): Place | Response;
  /** The places in the bucket in the path, by object key, or a 400, 401, 403 or 404. Only for its application. */
  places(c: Context<SandboxEnv>, ...anyScope: Scope[]): ((objectKey: string) => Place) | Response;
};

export function createOssAccess(state: SandboxState): OssAccess {
  const authorized: OssAccess['authorized'] = (c, ...anyScope) =>
    requireToken(c, state, { api: 'data-management', anyScope, twoLegged: true });

  const ownBucket: OssAccess['ownBucket'] = (bucketKey, { clientId }) => {
    if (!bucketKeyPattern.test(bucketKey)) {
      return ossError(400, `The bucket key must match ${bucketKeyPattern.source}`);
    }
    if (bucketKey === projectBucket) {
      return ossError(403, 'The bucket holds the files of projects. It belongs to no application.');
    }
    const bucket = state.buckets.find((candidate) => candidate.bucketKey === bucketKey);
    if (bucket === undefined) return ossError(404, 'There is no such bucket');
    if (bucket.owner !== clientId) return ossError(403, 'The bucket belongs to another application');
    return bucket;
  };

  const projectFile = (objectKey: string, asker: Asker): Place | Response => {
    const file = state.projectStorage.find(objectKey);
    if (file === undefined) return ossError(404, 'There is no such object');
    if (state.hubAccess.of(file.project.hub, asker) !== 'granted') {
      return ossError(403, 'The file belongs to a project that the caller has no access to');
    }
    const { clientId } = asker;
    return {
      bucketKey: projectBucket,
      objectKey,
      clientId,
      object: () => file.object,
      put(object) {
        file.object = object;
      },
    };
  };

  const places: OssAccess['places'] = (c, ...anyScope) => {
    const token = authorized(c, ...anyScope);
    if (token instanceof Response) return token;
    const bucketKey = c.req.param('bucketKey') ?? '';
    const bucket = ownBucket(bucketKey, token);
    if (bucket instanceof Response) return bucket;
    const { clientId } = token;
    return (objectKey) => ({
      bucketKey,
      objectKey,
      clientId,
      object: () => bucket.objects.find((each) => each.objectKey === objectKey),
      put: (added) => putInto(bucket, added),
    });
  };

  const place: OssAccess['place'] = (c, ...anyScope) => {
    const bucketKey = c.req.param('bucketKey') ?? '';
    const objectKey = c.req.param('objectKey') ?? '';
    if (bucketKey === projectBucket) {
      const token = requireToken(c, state, { api: 'data-management', anyScope, twoLegged: false });
      if (token instanceof Response) return token;
      const { clientId, userId = c.req.header('x-user-id') } = token;
      return projectFile(objectKey, { clientId, userId });
    }
    const inBucket = places(c, ...anyScope);
    return inBucket instanceof Response ? inBucket : inBucket(objectKey);
  };

  return { authorized, ownBucket, place, places };
}

/** Keeps the list order. */
function putInto(bucket: Bucket, object: StoredObject): void {
  const others = bucket.objects.filter(({ objectKey }) => objectKey !== object.objectKey);
  bucket.objects = [...others, object].sort((a, b) => byCodeUnits(a.objectKey, b.objectKey));
}
