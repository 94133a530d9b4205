/** A store in a file, for the processes of one machine: SQLite, which survives a process that is killed while it writes. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Backend } from './backend.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';
import { StoreUnavailable } from './store.ts';
import { createWatchers } from './watchers.ts';

/** How long a process waits while another one writes, in milliseconds. */
const patience = 2000;

/** How often what has expired is deleted, and how often a watched key is looked at, in milliseconds. */
const sweepInterval = 60_000;
const pollInterval = 500;

/**
 * Opens the file, or makes it. Only its owner can read it, and the folder that is made for it.
 *
 * @param path - absolute
 * @param openDatabase - {@link openSqlite}, or one of its choices
 * @throws {StoreUnavailable} when it cannot be opened, or is not a store
 */
export async function fileBackend(path: string, openDatabase = openSqlite): Promise<Backend> {
  const database = await open(path, openDatabase);
  const { announce, watch } = createWatchers(pollInterval);
  let sweptAt = 0;

  /** Runs a statement: each is one transaction of SQLite. */
  const asking =
    <Args extends unknown[], T>(work: (...args: Args) => T) =>
    async (...args: Args): Promise<T> => {
      try {
        return work(...args);
      } catch (error) {
        throw unavailable(path, error);
      }
    };

  const statements = {
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
    take: database.prepare('DELETE FROM records WHERE key = ? AND expires_at > ? RETURNING text'),
    delete: database.prepare('DELETE FROM records WHERE key = ? AND expires_at > ?'),
    deleteIf: database.prepare('DELETE FROM records WHERE key = ? AND text = ? AND expires_at > ?'),
    sweep: database.prepare('DELETE FROM records WHERE expires_at <= ?'),
  };

  const expiry = (lifetime: number) => Date.now() + lifetime * 1000;

  function sweep(): void {
    if (Date.now() - sweptAt < sweepInterval) return;
    sweptAt = Date.now();
    statements.sweep.run(sweptAt);
  }

  return {
    get: asking((key) => textIn(statements.get.get(key, Date.now()))),

    set: asking((key, text, lifetime) => {
      statements.set.run(key, text, expiry(lifetime));
      sweep();
    }),

    add: asking((key, text, lifetime) => {
      const { changes } = statements.add.run(key, text, expiry(lifetime), Date.now());
      sweep();
      return Number(changes) > 0;
    }),

    replace: asking(
      (key, expected, text, lifetime) =>
        Number(statements.replace.run(text, expiry(lifetime), key, expected, Date.now()).changes) > 0,
    ),

    take: asking((key) => textIn(statements.take.get(key, Date.now()))),

    delete: asking((key, expected) => {
      const { changes } =
        expected === undefined
          ? statements.delete.run(key, Date.now())
          : statements.deleteIf.run(key, expected, Date.now());
      return Number(changes) > 0;
    }),

    announce: async (key) => announce(key),
    watch,

    check: asking(() => {
      statements.set.run('check', '', Date.now());
    }),

    close: async () => database.close(),
  };
}

async function open(path: string, openDatabase: typeof openSqlite): Promise<Sqlite> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Before SQLite makes it for everybody to read. The files beside it, with what was written last, are made like it.
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    const database = await openDatabase(path);
    database.exec(`PRAGMA busy_timeout = ${patience}`);
    database.exec('PRAGMA journal_mode = WAL');
    // A transaction is on the disk when it is done: even a power failure loses none.
    database.exec('PRAGMA synchronous = FULL');
    database.exec(
      'CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, text TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID',
    );
    return database;
  } catch (error) {
    throw unavailable(path, error);
  }
}

function textIn(row: unknown): string | undefined {
  if (typeof row !== 'object' || row === null || !('text' in row)) return undefined;
  return typeof row.text === 'string' ? row.text : undefined;
}

function unavailable(path: string, error: unknown): StoreUnavailable {
  const reason = error instanceof Error ? error.message : String(error);
  const advice = /not a database|malformed/i.test(reason)
    ? 'It is damaged, or is not a store: move it away. People then sign in again.'
    : 'Check that this account can write the file and its folder, and that the disk is not full.';
  return new StoreUnavailable(`The store ${path} cannot be used: ${reason}. ${advice}`, { cause: error });
}
