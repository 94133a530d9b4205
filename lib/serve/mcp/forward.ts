/**
 * Serves a FastMCP definition through the official SDK: connects to it in memory, and forwards every request that it can
 * answer, with progress and cancellation.
 */
import { Client, ProtocolError } from '@modelcontextprotocol/client';
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  InMemoryTransport,
  type Progress,
  type ProgressToken,
  ProtocolErrorCode,
  type ResultTypeMap,
  Server,
  type ServerCapabilities,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import type { FastMCP } from 'fastmcp';
import { z } from 'zod';
import type { Caller } from '../../caller.ts';
import { version } from '../../version.ts';
import type { SignInElicitation } from './sign-in-elicitation.ts';

/** A definition, connected for one caller. */
export type Connection = {
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
export async function connectInMemory(server: FastMCP<Caller>, caller: Caller): Promise<Connection> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'aps-mcp-servers', version });
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

/** Who makes a request, established once when it comes in. */
export type Visit = {
  caller: Caller;
  /** The `Mcp-Session-Id` of a handshake-era request over HTTP. */
  sessionId?: string;
};

/** Makes SDK servers that forward to a connection, and knows which requests are under way. */
export type Forwarder = {
  /**
   * A server for one HTTP request, or for one stdio connection.
   *
   * @param elicitation - for a definition whose users sign in
   */
  createServer(connection: Connection, visit: Visit, elicitation?: SignInElicitation): Server;
  /** Cancels a handshake-era request over HTTP, where the cancellation arrives as a request of its own. */
  cancel(visit: Visit, requestId: string | number): void;
  /** The number of requests under way. */
  readonly running: number;
  /** Resolves as soon as no request is under way and the answers are being written. */
  idle(): Promise<void>;
};

/** Requests that are forwarded unchanged, by the capability with which a definition offers them. Tools need more care. */
const methods = {
  prompts: ['prompts/list', 'prompts/get'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  completions: ['completion/complete'],
} as const;

type Method = (typeof methods)[keyof typeof methods][number] | 'tools/list' | 'tools/call';

/**
 * The most that a forwarded request can take, in milliseconds. It guards against definitions that never answer: tools
 * have their own deadlines, and so do clients.
 */
const requestTimeout = 15 * 60_000;

/** Lists do not change while a server runs. Clients can cache them for this long, in milliseconds. */
const listLifetime = 5 * 60_000;

/** The capabilities in the envelope of a 2026-07-28 request. The SDK has validated them, and types them as opaque. */
const declaredCapabilities = z
  .object({
    [CLIENT_CAPABILITIES_META_KEY]: z.custom<ClientCapabilities>((value) => typeof value === 'object'),
  })
  .transform((envelope) => envelope[CLIENT_CAPABILITIES_META_KEY]);

type Params = { [name: string]: unknown; _meta?: { [name: string]: unknown; progressToken?: ProgressToken } };

export function createForwarder(): Forwarder {
  const cancellable = new Map<string, AbortController>();
  let running = 0;
  let waiting: (() => void)[] = [];

  /** Runs a request, during which its connection stays open and it can be cancelled. */
  async function tracked<T>(
    { begin }: Connection,
    visit: Visit,
    { mcpReq: { id, signal } }: ServerContext,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const key = visit.sessionId && cancelKey(visit, id);
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    if (key) cancellable.set(key, controller);
    const done = begin();
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

  return {
    createServer(connection, visit, elicitation) {
      const { client } = connection;
      const offered = { ...client.getServerCapabilities() };
      // FastMCP always offers completion, even if there is nothing to complete.
      if (!offered.prompts && !offered.resources) delete offered.completions;
      const capabilities: ServerCapabilities = {};
      for (const name of ['tools', 'prompts', 'resources', 'completions'] as const)
        if (offered[name]) capabilities[name] = {};
      const server = new Server(client.getServerVersion() ?? { name: 'unnamed', version: '0.0.0' }, {
        capabilities,
        instructions: client.getInstructions(),
        cacheHints: { 'tools/list': { ttlMs: listLifetime, cacheScope: 'private' } },
        requestState: elicitation && { verify: elicitation.verifyState },
      });
      const forward = (method: Method) =>
        server.setRequestHandler(method, (request, context) =>
          tracked(connection, visit, context, (signal) =>
            pass(client, method, request.params, context, signal),
          ),
        );
      for (const name of Object.keys(methods) as (keyof typeof methods)[])
        if (capabilities[name]) methods[name].forEach(forward);
      if (!capabilities.tools) return server;
      server.setRequestHandler('tools/list', (request, context) =>
        tracked(connection, visit, context, async (signal) => {
          const result = await pass(client, 'tools/list', request.params, context, signal);
          return { ...result, tools: result.tools.map(titled) };
        }),
      );
      server.setRequestHandler('tools/call', (request, context) =>
        tracked(connection, visit, context, async (signal) => {
          const call = { tool: request.params.name, context, signal };
          // An answer to a question that this server asked in an earlier result.
          const declined = context.mcpReq.inputResponses && (await elicitation?.resume(call));
          if (declined) return declined;
          const result = await callTool(client, request.params, context, signal);
          if (!elicitation) return result;
          // In the 2026-07-28 era, capabilities come with each request; before, with the handshake.
          const declared = declaredCapabilities.safeParse(context.mcpReq.envelope).data;
          return elicitation.answer(call, result, declared ?? server.getClientCapabilities());
        }),
      );
      return server;
    },
    cancel(visit, requestId) {
      cancellable.get(cancelKey(visit, requestId))?.abort(new Error('The client cancelled the request.'));
    },
    get running() {
      return running;
    },
    async idle() {
      while (running > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      // An answer is written after its request has stopped running.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Forwards one request, with its progress, and removes the prefixes that its error collects on the way. */
async function pass<M extends Method>(
  client: Client,
  method: M,
  given: Params | undefined,
  context: ServerContext,
  signal: AbortSignal,
): Promise<ResultTypeMap[M]> {
  const { progressToken, ...meta } = given?._meta ?? {};
  const onprogress = (progress: Progress) =>
    context.mcpReq.notify({ method: 'notifications/progress', params: { ...progress, progressToken } });
  try {
    return await client.request(
      { method, params: { ...given, _meta: meta } },
      // FastMCP made it, and the server in front of it checks it.
      z.custom<ResultTypeMap[M]>(),
      { signal, timeout: requestTimeout, onprogress: progressToken === undefined ? undefined : onprogress },
    );
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(error.code, error.message.replace(/^(MCP error -?\d+: )+/, ''), error.data);
  }
}

/**
 * Forwards a tool call. Invalid arguments become a tool error, which the model sees and can correct (MCP, Tools, "Error
 * Handling"); an unknown tool, a protocol error with the code that the specification assigns to it.
 */
async function callTool(
  client: Client,
  given: Params,
  context: ServerContext,
  signal: AbortSignal,
): Promise<CallToolResult> {
  try {
    return await pass(client, 'tools/call', { arguments: {}, ...given }, context, signal);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.code === ProtocolErrorCode.InvalidParams)
      return { isError: true, content: [{ type: 'text', text: error.message }] };
    if (error.code !== ProtocolErrorCode.MethodNotFound) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message, error.data);
  }
}

/** FastMCP takes a tool's title among its annotations only; since 2025-06-18, MCP has a place of its own for it. */
function titled(tool: Tool): Tool {
  const title = tool.title ?? tool.annotations?.title;
  return title === undefined ? tool : { ...tool, title };
}

/** Only the caller who made a request can cancel it, in the session in which they made it. */
function cancelKey({ caller, sessionId }: Visit, requestId: string | number): string {
  return JSON.stringify([caller.id, sessionId, requestId]);
}
