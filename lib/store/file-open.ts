/** Opens the file of a store: made for its owner only, and never a file of something else. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Backend } from './backend.ts';
import { openSqlite, type Sqlite, type SqliteMode } from './sqlite.ts';
import { StoreUnavailable } from './store.ts';

/** How long a process waits while another one writes, and how often it tries, in milliseconds. */
const patience = 2000;
const retryInterval = 10;

/**
 * Opens the file, or makes it, and the folder for it.
 *
 * @param path - absolute
 * @param openDatabase - {@link openSqlite}, or one of its choices
 * @throws {StoreUnavailable} when it cannot be opened, or is not a store
 */
export async function openStoreFile(path: string, openDatabase = openSqlite): Promise<Sqlite> {
  return patiently(path, async () => {
    makeFolder(dirname(path));
    // Before SQLite makes it for everybody to read. The files beside it, with what was written last, are made like it.
    closeSync(openSync(path, 'a', 0o600));
    // A file of something else stays as it is: even the first look of a writer would put files next to it.
    if (!existsSync(`${path}-wal`)) (await openIfOurs(path, openDatabase, 'read')).close();
    const database = await openIfOurs(path, openDatabase, 'write');
    try {
      for (const file of [path, `${path}-wal`, `${path}-shm`]) keepToOwner(file);
      prepareFile(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** `recursive` of Node.js would try forever in a place such as /proc, in which no folder can be made. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was first.
    if (!existsSync(folder)) throw error;
  }
}

/**
 * Looks whether a file that does not exist can be made.
 *
 * @throws {StoreUnavailable} when it cannot
 */
export function examinePlace(path: string): void {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    if (!statSync(folder).isDirectory()) throw new Error(`${folder} is not a folder`);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unavailable(path, error);
  }
}

/** Opens a database that is a store, or empty. */
async function openIfOurs(path: string, openDatabase: typeof openSqlite, mode: SqliteMode): Promise<Sqlite> {
  const database = await openDatabase(path, mode);
  try {
    const others = "name NOT LIKE 'sqlite|_%' ESCAPE '|'";
    if (hasTable(database, `${others} AND NOT (${ours})`))
      throw new Error('it is the database of another application');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const ours = "name = 'records' AND sql LIKE '%expires_at%'";

const hasTable = (database: Sqlite, condition: string) =>
  database.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND ${condition}`).get() !== undefined;

function prepareFile(database: Sqlite): void {
  database.exec('PRAGMA journal_mode = WAL');
  // A transaction is on the disk when it is done: even a power failure loses none.
  database.exec('PRAGMA synchronous = FULL');
  // What is deleted or replaced is overwritten: a copy of the file has no older key of the store.
  database.exec('PRAGMA secure_delete = ON');
  database.exec(
    'CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, text TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID',
  );
}

/**
 * Reads what is in a store, without a change to its files.
 *
 * @throws {StoreUnavailable} when it cannot be opened, or is not a store
 */
export async function readStoreFile(path: string): Promise<Pick<Backend, 'get' | 'close'>> {
  const database = await patiently(path, () => openIfOurs(path, openSqlite, 'read'));
  return {
    get: (key) =>
      patiently(path, () =>
        hasTable(database, ours)
          ? textIn(database.prepare('SELECT text FROM records WHERE key = ?').get(key))
          : undefined,
      ),
    close: async () => database.close(),
  };
}

/** Takes from others what somebody has given them. */
export function keepToOwner(file: string): void {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  // Windows has no such modes.
  if (mode === undefined || (mode & 0o077) === 0 || process.platform === 'win32') return;
  try {
    chmodSync(file, 0o600);
    console.error(`Other accounts could open ${file}. Now only its owner can.`);
  } catch {
    console.error(`Other accounts can open ${file}. Let its owner run: chmod 600 ${file}`);
  }
}

/**
 * Tries again while another process writes. SQLite can wait, too, but all of this process would wait with it.
 *
 * @throws {StoreUnavailable}
 */
export async function patiently<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isBusy = error instanceof Error && error.message.includes('database is locked');
      if (!isBusy || Date.now() >= end) throw unavailable(path, error);
      await setTimeout(retryInterval);
    }
  }
}

/** The text in a row of a store. */
export function textIn(row: unknown): string | undefined {
  if (typeof row !== 'object' || row === null || !('text' in row)) return undefined;
  return typeof row.text === 'string' ? row.text : undefined;
}

/** What to do, by what is wrong. */
const advice: [RegExp, string][] = [
  [/another application/, 'Choose another file.'],
  [/not a database|malformed/i, 'It is damaged, or is not a store: move it away. People then sign in again.'],
  [/deleted or replaced/, 'Restart the server.'],
  [/is closed/, 'The server is stopping.'],
  [/database is locked/, 'Another program is writing to it: end that program, or wait.'],
];

function unavailable(path: string, error: unknown): StoreUnavailable {
  const reason = error instanceof Error ? error.message : String(error);
  const [
    ,
    what = 'Check that this account can write the file and its folder, and that the disk is not full.',
  ] = advice.find(([pattern]) => pattern.test(reason)) ?? [];
  return new StoreUnavailable(`The store ${path} cannot be used: ${reason}. ${what}`, { cause: error });
}
