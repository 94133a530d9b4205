// The data model of Data Management. Projects are generated from a plan on first access.
import { createHash, randomUUID } from 'node:crypto';
import type { Region } from './oss-data.ts';
import { demoUsers } from './users.ts';

/** A Construction Cloud account, a Fusion Team hub or a personal hub. Ids of the last two start with `a.`. */
export type HubKind = 'account' | 'team' | 'personal';

export type Hub = {
  id: string;
  name: string;
  kind: HubKind;
  region: Exclude<Region, 'APAC'>;
  /** Autodesk ids of the users and service accounts that can access it. */
  members: readonly string[];
  /** In list order. */
  projects(): readonly Project[];
};

export type Project = {
  id: string;
  name: string;
  hub: Hub;
  rootFolderId: string;
  /** Every folder and item, by id. */
  contents(): ProjectContents;
};

export type ProjectContents = {
  root: Folder;
  folders: Map<string, Folder>;
  items: Map<string, Item>;
};

export type Person = { userId: string; name: string };

export type Folder = {
  id: string;
  name: string;
  /** Undefined for the root folder. */
  parent?: Folder;
  /** Deleted. Construction Cloud calls that hidden. */
  hidden: boolean;
  folders: Folder[];
  items: Item[];
  author: Person;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Last change to the folder or anything below it, in milliseconds since the epoch. */
  changedBelowAt: number;
};

export type Item = {
  /** The lineage URN, which all versions share. */
  id: string;
  name: string;
  parent: Folder;
  hidden: boolean;
  reservedBy?: Person;
  versionCount: number;
  /** The versions that were uploaded to this sandbox, by number. */
  uploads: Map<number, Upload>;
  author: Person;
  /** Milliseconds since the epoch. */
  createdAt: number;
};

/** What is known of an uploaded version. */
export type Upload = Pick<Version, 'name' | 'size' | 'author' | 'createdAt' | 'storageKey'>;

export type Version = {
  id: string;
  item: Item;
  number: number;
  name: string;
  /** The key of its file. Undefined if it was not uploaded to this sandbox. */
  storageKey?: string;
  /** Bytes. */
  size: number;
  author: Person;
  /** Milliseconds since the epoch. */
  createdAt: number;
};

export type ItemPlan = string | { name: string; versions?: number; hidden?: boolean; reserved?: boolean };
export type FolderPlan = {
  name: string;
  hidden?: boolean;
  folders?: readonly FolderPlan[];
  items?: readonly ItemPlan[];
};
export type ProjectPlan = {
  /** Default: made of the names of hub and project. */
  id?: string;
  name: string;
  topFolders: readonly FolderPlan[];
};
export type HubPlan = Omit<Hub, 'projects'> & { projects: () => readonly ProjectPlan[] };

const minute = 60_000;
const firstProjectAt = Date.UTC(2024, 0, 8, 9);
const people: readonly Person[] = [
  ...demoUsers.map(({ userId, name }) => ({ userId, name })),
  { userId: 'SBXUSERDAGNY', name: 'Dagny Draftsperson' },
  { userId: 'SBXUSERELIAS', name: 'Elías Engineer' },
];

/** Creates a hub whose projects, and their contents, are generated on first access. */
export function growHub({ projects, ...plan }: HubPlan): Hub {
  const hub: Hub = {
    ...plan,
    projects: once(() => projects().map((project) => growProject(hub, project))),
  };
  return hub;
}

function growProject(hub: Hub, { id: given, name, topFolders }: ProjectPlan): Project {
  const path = `${hub.id}/${name}`;
  const made =
    hub.kind === 'account' ? `b.${uuid(path)}` : `a.${base64url(`business:sandbox#${digest(path, 9)}`)}`;
  const rootPath = `${path}/${rootName(path)}`;
  return {
    id: given ?? made,
    name,
    hub,
    rootFolderId: folderId(hub, rootPath),
    contents: once(() => growContents(path, hub, topFolders)),
  };
}

function growContents(path: string, hub: Hub, topFolders: readonly FolderPlan[]): ProjectContents {
  const folders = new Map<string, Folder>();
  const items = new Map<string, Item>();

  const growFolder = (plan: FolderPlan, parentPath: string, parent?: Folder): Folder => {
    const folderPath = `${parentPath}/${plan.name}`;
    const createdAt = timeOf(folderPath);
    const folder: Folder = {
      id: folderId(hub, folderPath),
      name: plan.name,
      parent,
      hidden: plan.hidden ?? parent?.hidden ?? false,
      folders: [],
      items: [],
      author: personOf(folderPath),
      createdAt,
      changedBelowAt: createdAt,
    };
    folders.set(folder.id, folder);
    folder.items = (plan.items ?? []).map((item) => growItem(item, folderPath, folder));
    folder.folders = (plan.folders ?? []).map((child) => growFolder(child, folderPath, folder));
    folder.changedBelowAt = Math.max(
      createdAt,
      ...folder.folders.map(({ changedBelowAt }) => changedBelowAt),
      ...folder.items.map((item) => versionOf(item, item.versionCount).createdAt),
    );
    return folder;
  };

  const growItem = (plan: ItemPlan, parentPath: string, parent: Folder): Item => {
    const { name, versions = 1, hidden, reserved } = typeof plan === 'string' ? { name: plan } : plan;
    const itemPath = `${parentPath}/${name}`;
    const item: Item = {
      id: `urn:adsk.${storeOf(hub)}:dm.lineage:${digest(itemPath, 16)}`,
      name,
      parent,
      hidden: hidden ?? parent.hidden,
      reservedBy: reserved ? personOf(`${itemPath} reserved`) : undefined,
      versionCount: versions,
      uploads: new Map(),
      author: personOf(itemPath),
      createdAt: timeOf(itemPath),
    };
    items.set(item.id, item);
    return item;
  };

  const root = growFolder({ name: rootName(path), folders: topFolders }, path);
  return { root, folders, items };
}

/** Version `number` of an item, counted from 1. */
export function versionOf(item: Item, number: number): Version {
  const [, store] = item.id.split(':');
  const lineage = item.id.slice(item.id.lastIndexOf(':') + 1);
  const seed = `${item.id} ${number}`;
  return {
    id: `urn:${store}:fs.file:vf.${lineage}?version=${number}`,
    item,
    number,
    name: item.name,
    size: 2_000 + Math.floor(fraction(seed) * 48_000_000),
    author: number === 1 ? item.author : personOf(seed),
    createdAt: item.createdAt + (number - 1) * 95 * minute,
    ...item.uploads.get(number),
  };
}

/** The version with this id. Undefined if there is no such item, or it has no such version. */
export function findVersion({ items }: ProjectContents, id: string): Version | undefined {
  const [, store, lineage, number] =
    /^urn:(adsk\.\w+):fs\.file:vf\.([\w-]+)\?version=([1-9]\d*)$/.exec(id) ?? [];
  const item = items.get(`urn:${store}:dm.lineage:${lineage}`);
  if (item === undefined || Number(number) > item.versionCount) return undefined;
  return versionOf(item, Number(number));
}

/** Adds an empty folder to a folder of the project. */
export function addFolder(
  { hub, contents }: Project,
  parent: Folder,
  given: Pick<Folder, 'name' | 'author' | 'createdAt'>,
): Folder {
  const folder: Folder = {
    ...given,
    id: folderId(hub, randomUUID()),
    parent,
    hidden: parent.hidden,
    folders: [],
    items: [],
    changedBelowAt: given.createdAt,
  };
  parent.folders.push(folder);
  contents().folders.set(folder.id, folder);
  noteChange(folder, given.createdAt);
  return folder;
}

/** Adds an item to a folder of the project, with its first version. */
export function addItem({ hub, contents }: Project, parent: Folder, upload: Upload): Version {
  const item: Item = {
    id: `urn:adsk.${storeOf(hub)}:dm.lineage:${digest(randomUUID(), 16)}`,
    name: upload.name,
    parent,
    hidden: parent.hidden,
    versionCount: 0,
    uploads: new Map(),
    author: upload.author,
    createdAt: upload.createdAt,
  };
  parent.items.push(item);
  contents().items.set(item.id, item);
  return addVersion(item, upload);
}

/** Adds the next version of an item, which takes on its name. */
export function addVersion(item: Item, upload: Upload): Version {
  item.versionCount += 1;
  item.uploads.set(item.versionCount, upload);
  item.name = upload.name;
  noteChange(item.parent, upload.createdAt);
  return versionOf(item, item.versionCount);
}

function noteChange(folder: Folder, at: number): void {
  for (const each of [...ancestorsOf(folder), folder]) each.changedBelowAt = at;
}

/** The ancestors of a folder, root first. */
export function ancestorsOf({ parent }: Folder): Folder[] {
  return parent === undefined ? [] : [...ancestorsOf(parent), parent];
}

/** The part of an id that identifies the storage region. */
function storeOf({ region }: Hub): string {
  return region === 'EMEA' ? 'wipemea' : 'wipprod';
}

function folderId(hub: Hub, path: string): string {
  return `urn:adsk.${storeOf(hub)}:fs.folder:co.${digest(path, 16)}`;
}

function rootName(projectPath: string): string {
  return `${uuid(projectPath)}-root-folder`;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function digest(text: string, bytes: number): string {
  return createHash('sha256').update(text).digest().subarray(0, bytes).toString('base64url');
}

/** A UUID, always the same for the same text. */
export function uuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** A number from 0 to below 1, always the same for the same text. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

function timeOf(path: string): number {
  return firstProjectAt + Math.floor(fraction(`${path} time`) * 400 * 24 * 60) * minute;
}

function personOf(path: string): Person {
  const [first = { userId: '', name: '' }] = people;
  return people[Math.floor(fraction(`${path} person`) * people.length)] ?? first;
}
