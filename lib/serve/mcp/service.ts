/** Serving a definition: its connections, one for each caller, and the requests that are under way over them. */
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport, type Server, type ServerContext } from '@modelcontextprotocol/server';
import type { FastMCP } from 'fastmcp';
import { LRUCache } from 'lru-cache';
import type { UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import { type Caller, localUser } from '../../caller.ts';
import { type Keys, randomKeys } from '../../sealed.ts';
import type { TokenSource, UserTokens } from '../../token-source.ts';
import { version } from '../../version.ts';
import type { ClientContext } from './client-context.ts';
import { createForwardingServer } from './forward.ts';
import { createSignInElicitation } from './sign-in-elicitation.ts';

/** A FastMCP server whose tokens belong to users, and those tokens. */
export type ServerWithUsers = { server: FastMCP<Caller>; users: UserSignIn | UserTokens };

/** A FastMCP server with one token for all callers, and where that comes from. */
export type ServerWithTokens = { server: FastMCP<Caller>; tokens: TokenSource };

/** What `create` of a definition returns. */
export type Built = FastMCP<Caller> | ServerWithUsers | ServerWithTokens;

/** Its parts. */
type Parts = { server: FastMCP<Caller> } & Partial<ServerWithUsers & ServerWithTokens>;

export type McpService = {
  /** A server for one request over HTTP, or for the connection over stdio. */
  serverFor(context: ClientContext): Promise<Server>;
  /** Cancels a handshake-era request over HTTP, where the cancellation arrives as a separate request. */
  cancel(context: ClientContext, requestId: string | number): void;
  /** The number of requests under way. */
  readonly running: number;
  /** Resolves as soon as no request is under way and the answers are being written. */
  idle(): Promise<void>;
  /** What the definition says of itself. */
  describe(): Promise<{
    name: string;
    version: string;
    instructions?: string;
    tools: { name: string; description?: string; inputSchema?: unknown }[];
  }>;
  /** The sign-ins of users in their browsers, where there are any. */
  readonly userSignIn?: UserSignIn;
  /** The source of the token that all callers share, if the definition names it. */
  readonly tokens?: TokenSource;
  /** Closes all connections. */
  close(): Promise<void>;
};

const sandboxNotice =
  'This server runs on a sandbox: everything that it returns is sample data, and none of it is from Autodesk.';

/** How many callers keep a connection between their requests. Making a new one takes milliseconds. */
const mostConnections = 1000;

/**
 * Makes a definition ready to serve. One whose answers do not depend on the caller has a single connection; one whose
 * tokens belong to users has a connection for each caller, and closes those that were idle longest.
 *
 * @param keys - for what clients get and bring back
 * @param options.max - the most connections of callers
 * @param options.isSandbox - whether APS is the built-in sandbox: models should not take its data for real
 */
export function createMcpService(
  built: Built,
  keys: Keys = randomKeys(),
  { max = mostConnections, isSandbox = false }: { max?: number; isSandbox?: boolean } = {},
): McpService {
  const { server, users, tokens }: Parts = 'users' in built || 'tokens' in built ? built : { server: built };
  const connections = new LRUCache<string, Promise<Connection>>({
    max,
    dispose: (connection) => void connection.then((it) => it.closeWhenIdle()).catch(() => {}),
  });
  const userSignIn = users && 'finish' in users ? users : undefined;
  const elicitation = userSignIn && createSignInElicitation(userSignIn, keys);
  const cancellable = new Map<string, AbortController>();
  let running = 0;
  let waiting: (() => void)[] = [];

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

  /** Runs a request. Meanwhile its connection stays open, and it can be cancelled. */
  async function run<T>(
    connection: Connection,
    context: ClientContext,
    { mcpReq: { id, signal } }: ServerContext,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const key = context.sessionId && cancelKey(context, id);
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    if (key) cancellable.set(key, controller);
    const done = connection.begin();
    running += 1;
    try {
      return await work(controller.signal);
    } finally {
      signal.removeEventListener('abort', abort);
      if (key) cancellable.delete(key);
      done();
      running -= 1;
      if (running === 0) {
        for (const resolve of waiting) resolve();
        waiting = [];
      }
    }
  }

  /** What models are told of the server. */
  function instructionsOf(client: Client): string | undefined {
    const own = client.getInstructions();
    return isSandbox ? [own, sandboxNotice].filter(Boolean).join(' ') : own;
  }

  return {
    async serverFor(context) {
      const connection = await connectionFor(context.caller);
      return createForwardingServer(connection.client, {
        run: (request, work) => run(connection, context, request, work),
        client: context,
        ...{ elicitation, instructions: instructionsOf(connection.client) },
      });
    },

    cancel(context, requestId) {
      cancellable.get(cancelKey(context, requestId))?.abort(new Error('The client cancelled the request.'));
    },

    get running() {
      return running;
    },

    async idle() {
      while (running > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      // An answer is written after its request has stopped running.
      await new Promise((resolve) => setImmediate(resolve));
    },

    userSignIn,
    tokens,

    async describe() {
      const { client } = await connectionFor(localUser);
      const { name = 'MCP server', version = '' } = client.getServerVersion() ?? {};
      const { tools } = await client.listTools();
      return { name, version, instructions: instructionsOf(client), tools };
    },

    async close() {
      const open = await Promise.allSettled(connections.values());
      connections.clear();
      for (const each of open) if (each.status === 'fulfilled') await each.value.close();
    },
  };
}

/** Only the caller who made a request can cancel it, in the session in which they made it. */
function cancelKey({ caller, sessionId }: ClientContext, requestId: string | number): string {
  return JSON.stringify([caller.id, sessionId, requestId]);
}

/** A definition, connected for one caller. */
type Connection = {
  /** Speaks to the definition in the handshake era of MCP, the only one that FastMCP knows. */
  readonly client: Client;
  /** Marks a request as under way, and returns what marks it as done. */
  begin(): () => void;
  /** Closes the connection as soon as no request is under way. */
  closeWhenIdle(): Promise<void>;
  /** Closes the connection. Tools that still run for it see their signal abort. */
  close(): Promise<void>;
};

/**
 * Connects a definition for one caller; its tools find the caller in `context.session`.
 *
 * @throws whatever the definition throws when it cannot be connected
 */
async function connectInMemory(server: FastMCP<Caller>, caller: Caller): Promise<Connection> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'aps-mcp', version });
  // FastMCP resolves `connect` some time after the handshake: only its failure matters here.
  const session = server.connect(theirs, caller);
  const failure = session.then(() => new Promise<never>(() => {}));
  await Promise.race([client.connect(ours), failure]);

  let underWay = 0;
  let whenIdle = () => {};
  const close = async () => {
    await client.close();
    await session.then((it) => it.close());
  };
  return {
    client,
    begin() {
      underWay += 1;
      return () => {
        underWay -= 1;
        if (underWay === 0) whenIdle();
      };
    },
    async closeWhenIdle() {
      if (underWay > 0)
        await new Promise<void>((resolve) => {
          whenIdle = resolve;
        });
      await close();
    },
    close,
  };
}
