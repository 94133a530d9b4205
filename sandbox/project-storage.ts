// The bucket in which Data Management keeps the files of projects.
import { createHash, randomUUID } from 'node:crypto';
import { findVersion, type Hub, type Project, type Version } from './data-management-tree.ts';
import type { StoredObject } from './oss-data.ts';

/** As in Autodesk's examples. */
export const projectBucket = 'wip.dm.prod';

export type ProjectFile = {
  project: Project;
  /** Undefined until the file is uploaded. */
  object?: StoredObject;
};

export type ProjectStorage = {
  /** The file with this key. Undefined if there is neither a version nor a storage location with it. */
  find(objectKey: string): ProjectFile | undefined;
  /** Makes a storage location, and returns its key. Undefined if there are too many. */
  reserve(project: Project, fileName: string): string | undefined;
};

const maximum = 10_000;

export function createProjectStorage(hubs: readonly Hub[]): ProjectStorage {
  const reserved = new Map<string, ProjectFile>();

  /** The file of a version that the sandbox started with. */
  const seeded = (objectKey: string): ProjectFile | undefined => {
    const [, projectId, lineage, number] =
      /^([ab]\.[\w-]+)\.([\w-]{22})\.(\d+)(\.\w+)?$/.exec(objectKey) ?? [];
    for (const hub of hubs) {
      const project = hub.projects().find(({ id }) => id === projectId);
      if (project === undefined) continue;
      const store = hub.region === 'EMEA' ? 'wipemea' : 'wipprod';
      const id = `urn:adsk.${store}:fs.file:vf.${lineage}?version=${number}`;
      const version = findVersion(project.contents(), id);
      return version === undefined ? undefined : { project, object: objectOf(objectKey, version) };
    }
    return undefined;
  };

  return {
    find: (objectKey) => reserved.get(objectKey) ?? seeded(objectKey),

    reserve(project, fileName) {
      if (reserved.size >= maximum) return undefined;
      const objectKey = `${randomUUID()}${extensionOf(fileName)}`;
      reserved.set(objectKey, { project });
      return objectKey;
    },
  };
}

/** The key of a version's file. It names the project, so that the file is found without a list of all files. */
export function storageKeyOf(project: Project, version: Version): string {
  if (version.storageKey !== undefined) return version.storageKey;
  const lineage = version.item.id.slice(version.item.id.lastIndexOf(':') + 1);
  return `${project.id}.${lineage}.${version.number}${extensionOf(version.name)}`;
}

/** The identifier of an object in OSS. */
export function objectUrn(objectKey: string): string {
  return `urn:adsk.objects:os.object:${projectBucket}/${objectKey}`;
}

function objectOf(objectKey: string, { size, createdAt }: Version): StoredObject {
  const sha1 = createHash('sha1').update(objectKey).digest('hex');
  return { objectKey, sha1, size, contentType: 'application/octet-stream', createdDate: createdAt };
}

function extensionOf(fileName: string): string {
  return /\.\w+$/.exec(fileName)?.[0].toLowerCase() ?? '';
}
