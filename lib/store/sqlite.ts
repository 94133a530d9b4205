/** SQLite: from `libsql`, which has a binary for each platform, or from Node where that cannot be loaded. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** What both have in common. */
export type Sqlite = {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: (string | number)[]): { changes: number | bigint };
    get(...values: (string | number)[]): unknown;
  };
  close(): void;
};

/** `read` changes nothing, and locks nobody out. */
export type SqliteMode = 'read' | 'write';

/**
 * @param path - of an existing file
 * @throws {Error} when neither can be loaded, or the file is not a database
 */
export async function openSqlite(path: string, mode: SqliteMode): Promise<Sqlite> {
  const libsql = await import('libsql').catch(() => undefined);
  if (libsql) return new libsql.default(mode === 'read' ? readOnlyUri(path) : path);
  // An MCP bundle has no binaries, nor has an image, and the Node.js that runs them is recent enough.
  const database = await openNodeSqlite(path, mode);
  if (database) return database;
  throw new Error('neither the package libsql nor the module node:sqlite (Node.js 22.5) can be loaded');
}

/** With the SQLite of Node.js 22.5 and later; undefined where there is none. */
export async function openNodeSqlite(path: string, mode: SqliteMode): Promise<Sqlite | undefined> {
  const name = 'node:sqlite';
  const node = await import(name).catch(() => undefined);
  return node && new node.DatabaseSync(path, { readOnly: mode === 'read' });
}

/** https://www.sqlite.org/uri.html. A reader makes files next to a database with a log, unless it is told that nobody writes. */
function readOnlyUri(path: string): string {
  const url = pathToFileURL(path);
  url.searchParams.set('mode', 'ro');
  if (!existsSync(`${path}-wal`)) url.searchParams.set('immutable', '1');
  return url.href;
}
