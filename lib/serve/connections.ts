/** The connections of a definition: one for all callers, or one for each. */
import type { FastMCP } from 'fastmcp';
import { LRUCache } from 'lru-cache';
import { type Caller, localUser } from '../auth/token-source.ts';
import { type Connection, connectInMemory } from './connection.ts';

export type Connections = {
  /** The connection whose tools work for `caller`. */
  for(caller: Caller): Promise<Connection>;
  close(): Promise<void>;
};

/** How many callers keep a connection while they are silent. It costs memory only, and is made anew in milliseconds. */
const mostConnections = 1000;

/** One connection, for a definition whose answers do not depend on the caller. */
export function sharedConnection(server: FastMCP<Caller>): Connections {
  const connection = connectInMemory(server, localUser);
  connection.catch(() => {});
  return {
    for: () => connection,
    close: async () => (await connection).close(),
  };
}

/**
 * A connection for each caller; those that were silent longest go first.
 *
 * @param max - how many there are at most
 */
export function connectionPerCaller(server: FastMCP<Caller>, max = mostConnections): Connections {
  const connections = new LRUCache<string, Promise<Connection>>({
    max,
    // A connection may still be at work when it is pushed out: it goes on, and ends when it is idle.
    dispose: (connection) => void connection.then((it) => it.closeWhenIdle()).catch(() => {}),
  });
  return {
    for(caller) {
      // One person may call with several clients, of which a tool may have to tell.
      const key = JSON.stringify([caller.id, caller.user, caller.client]);
      const known = connections.get(key);
      if (known) return known;
      const connection = connectInMemory(server, caller);
      connections.set(key, connection);
      connection.catch(() => connections.delete(key));
      return connection;
    },
    async close() {
      const open = await Promise.allSettled(connections.values());
      connections.clear();
      for (const each of open) if (each.status === 'fulfilled') await each.value.close();
    },
  };
}
