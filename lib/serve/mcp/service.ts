/** A definition at work: its connections, one for each caller, and the servers that answer requests over them. */
import type { McpRequestContext, Server } from '@modelcontextprotocol/server';
import type { FastMCP } from 'fastmcp';
import { LRUCache } from 'lru-cache';
import type { UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import { type Caller, localUser } from '../../caller.ts';
import { createKeys, type Keys } from '../../sealed.ts';
import type { UserTokens } from '../../token-source.ts';
import { type Connection, connectInMemory, createForwarder, type Forwarder, type Visit } from './forward.ts';
import { createSignInElicitation } from './sign-in-elicitation.ts';

/** A FastMCP definition and, where the tokens belong to users, those tokens. */
export type BuiltServer = { server: FastMCP<Caller>; users?: UserSignIn | UserTokens };

export type McpService = Pick<Forwarder, 'cancel' | 'running' | 'idle'> & {
  /** A server for one HTTP request. */
  forRequest(visit: Visit, era: McpRequestContext['era']): Promise<Server>;
  /** A server for the connection over stdio, whose caller is the local user. */
  forStdio(): Promise<Server>;
  /** What the definition says of itself. */
  describe(): Promise<{
    name: string;
    version: string;
    instructions?: string;
    tools: { name: string; description?: string }[];
  }>;
  /** The sign-ins of users in their browsers, where there are any. */
  readonly userSignIn?: UserSignIn;
  /** Closes all connections. */
  close(): Promise<void>;
};

/** How many callers keep a connection between their requests. Making a new one takes milliseconds. */
const mostConnections = 1000;

/**
 * Makes a definition ready to serve. One whose answers do not depend on the caller has a single connection; one whose
 * tokens belong to users has a connection for each caller, and closes those that were idle longest.
 *
 * @param keys - for what clients get and bring back
 * @param max - the most connections of callers
 */
export function createMcpService(
  { server, users }: BuiltServer,
  keys: Keys = createKeys(),
  max = mostConnections,
): McpService {
  const forwarder = createForwarder();
  const connections = new LRUCache<string, Promise<Connection>>({
    max,
    dispose: (connection) => void connection.then((it) => it.closeWhenIdle()).catch(() => {}),
  });
  const userSignIn = users && 'finish' in users ? users : undefined;
  const elicitation = userSignIn && createSignInElicitation(userSignIn, keys);

  function connectionFor(caller: Caller): Promise<Connection> {
    const connected = users ? caller : localUser;
    // One person can call with several clients, and a tool may have to know which.
    const key = JSON.stringify([connected.id, connected.user, connected.client]);
    const known = connections.get(key);
    if (known) return known;
    const connection = connectInMemory(server, connected);
    connections.set(key, connection);
    connection.catch(() => connections.delete(key));
    return connection;
  }
  // At the start, so that the first request need not wait. A failure shows with the first request, too.
  if (!users) connectionFor(localUser).catch(() => {});

  return {
    cancel: forwarder.cancel,
    idle: forwarder.idle,
    get running() {
      return forwarder.running;
    },
    userSignIn,

    async forRequest(visit, era) {
      const connection = await connectionFor(visit.caller);
      const handshake = era === 'legacy' ? visit : undefined;
      return forwarder.createServer(connection, visit, elicitation?.(visit.caller, handshake));
    },

    async forStdio() {
      const visit = { caller: localUser };
      return forwarder.createServer(await connectionFor(localUser), visit, elicitation?.(localUser));
    },

    async describe() {
      const { client } = await connectionFor(localUser);
      const { name = 'MCP server', version = '' } = client.getServerVersion() ?? {};
      const { tools } = await client.listTools();
      return { name, version, instructions: client.getInstructions(), tools };
    },

    async close() {
      const open = await Promise.allSettled(connections.values());
      connections.clear();
      for (const each of open) if (each.status === 'fulfilled') await each.value.close();
      userSignIn?.close();
    },
  };
}
