/** A store in a file, for the processes of one machine: SQLite, which survives a process that is killed while it writes. */
import { statSync } from 'node:fs';
import type { Backend } from './backend.ts';
import { openStoreFile, patiently, textIn } from './file-open.ts';
import type { openSqlite, Sqlite } from './sqlite.ts';
import { createWatchers } from './watchers.ts';

/** How often what has expired is deleted, and how often a watched key is looked at, in milliseconds. */
const sweepInterval = 60_000;
const pollInterval = 500;

/** How long the record of a check is kept, in seconds. */
const checkLifetime = 60;

/**
 * Opens the file, or makes it. Only its owner can read it, and the folder that is made for it.
 *
 * @param path - absolute
 * @param openDatabase - {@link openSqlite}, or one of its choices
 * @throws {StoreUnavailable} when it cannot be opened, or is not a store
 */
export async function fileBackend(path: string, openDatabase?: typeof openSqlite): Promise<Backend> {
  const database = await openStoreFile(path, openDatabase);
  const inode = inodeOf(path);
  const statements = statementsOf(database);
  const { announce, watch } = createWatchers(pollInterval);
  const expiry = (lifetime: number) => Date.now() + lifetime * 1000;
  const sweep = sweeper(statements);
  let isOpen = true;

  /** Runs a statement: each is one transaction of SQLite. */
  const asking =
    <Args extends unknown[], T>(work: (...args: Args) => T) =>
    (...args: Args): Promise<T> =>
      patiently(path, () => {
        if (!isOpen) throw new Error('it is closed');
        return work(...args);
      });

  return {
    get: asking((key) => textIn(statements.get.get(key, Date.now()))),

    set: asking((key, text, lifetime) => {
      sweep();
      statements.set.run(key, text, expiry(lifetime));
    }),

    add: asking((key, text, lifetime) => {
      sweep();
      return hasChanged(statements.add.run(key, text, expiry(lifetime), Date.now()));
    }),

    replace: asking((key, expected, text, lifetime) =>
      hasChanged(statements.replace.run(text, expiry(lifetime), key, expected, Date.now())),
    ),

    delete: asking((key, expected) =>
      hasChanged(
        expected === undefined
          ? statements.delete.run(key, Date.now())
          : statements.deleteIf.run(key, expected, Date.now()),
      ),
    ),

    announce: async (key) => announce(key),
    watch,

    check: asking(() => {
      // SQLite goes on with a file that nobody else can find any more.
      if (inodeOf(path) !== inode) throw new Error('its file was deleted or replaced');
      statements.set.run('aps-mcp:check', '', expiry(checkLifetime));
    }),

    purge: asking(() => emptyLog(database)),

    async close() {
      if (isOpen) closeDatabase(database);
      isOpen = false;
    },
  };
}

const inodeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.ino;

const hasChanged = ({ changes }: { changes: number | bigint }) => Number(changes) > 0;

function statementsOf(database: Sqlite) {
  return {
    get: database.prepare('SELECT text FROM records WHERE key = ? AND expires_at > ?'),
    set: database.prepare(
      `INSERT INTO records (key, text, expires_at) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET text = excluded.text, expires_at = excluded.expires_at`,
    ),
    add: database.prepare(
      `INSERT INTO records (key, text, expires_at) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET text = excluded.text, expires_at = excluded.expires_at
       WHERE records.expires_at <= ?`,
    ),
    replace: database.prepare(
      'UPDATE records SET text = ?, expires_at = ? WHERE key = ? AND text = ? AND expires_at > ?',
    ),
    delete: database.prepare('DELETE FROM records WHERE key = ? AND expires_at > ?'),
    deleteIf: database.prepare('DELETE FROM records WHERE key = ? AND text = ? AND expires_at > ?'),
    sweep: database.prepare('DELETE FROM records WHERE expires_at <= ?'),
  };
}

/** Deletes what has expired, from time to time: before a write, which is then not repeated because of this. */
function sweeper({ sweep }: Pick<ReturnType<typeof statementsOf>, 'sweep'>): () => void {
  let sweptAt = 0;
  return () => {
    if (Date.now() - sweptAt < sweepInterval) return;
    sweep.run(Date.now());
    sweptAt = Date.now();
  };
}

/** Moves everything into the database itself, and empties the log, with what was replaced. */
function emptyLog(database: Sqlite): void {
  const row = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  if (typeof row === 'object' && row !== null && 'busy' in row && row.busy)
    throw new Error('database is locked');
}

/** Leaves one file with everything in it, unless other processes still use the store. */
function closeDatabase(database: Sqlite): void {
  try {
    emptyLog(database);
    // `close` of libsql keeps the file open until statements are collected, and so would leave the log there.
    database.exec('PRAGMA journal_mode = DELETE');
  } catch {
    // The last process does it.
  }
  database.close();
}
