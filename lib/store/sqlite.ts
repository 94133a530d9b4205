/** SQLite: from `libsql`, which has a binary for each platform, or from Node where that cannot be loaded. */

/** What both have in common. */
export type Sqlite = {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: (string | number)[]): { changes: number | bigint };
    get(...values: (string | number)[]): unknown;
  };
  close(): void;
};

/**
 * @param path - of an existing file
 * @throws {Error} when neither can be loaded, or the file is not a database
 */
export async function openSqlite(path: string): Promise<Sqlite> {
  const libsql = await import('libsql').catch(() => undefined);
  if (libsql) return new libsql.default(path);
  // Node 22.5 and later. An MCP bundle has no binaries, and the programs that run it have such a Node.
  const name = 'node:sqlite';
  const node = await import(name).catch(() => undefined);
  if (node) return new node.DatabaseSync(path);
  throw new Error('neither the package libsql nor the module node:sqlite (Node.js 22.5) can be loaded');
}
