/**
 * Serves a connected FastMCP definition through the official SDK: every request that the definition can
 * answer is passed on to it, with progress and cancellation.
 */
import { ProtocolError } from '@modelcontextprotocol/client';
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type Progress,
  type ProgressToken,
  ProtocolErrorCode,
  type ResultTypeMap,
  Server,
  type ServerCapabilities,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Asking } from './asking.ts';
import type { Connection } from './connection.ts';

/** What is passed on as it is, by the capability under which a definition offers it; tools need more care. */
const methods = {
  prompts: ['prompts/list', 'prompts/get'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  completions: ['completion/complete'],
} as const;

type Method = (typeof methods)[keyof typeof methods][number] | 'tools/list' | 'tools/call';

/**
 * How long a forwarded request may take, in milliseconds. Only a guard against definitions that never
 * answer: tools have their own deadlines, and clients theirs.
 */
const longestRequest = 15 * 60_000;

/** Lists do not change while a server runs; clients may keep them for this long, in milliseconds. */
const listLifetime = 5 * 60_000;

type VerifyState = NonNullable<ServerOptions['requestState']>['verify'];

/** The capabilities in the envelope of a 2026-07-28 request, which the SDK has validated and types as opaque. */
const declaredCapabilities = z
  .object({
    [CLIENT_CAPABILITIES_META_KEY]: z.custom<ClientCapabilities>((value) => typeof value === 'object'),
  })
  .transform((envelope) => envelope[CLIENT_CAPABILITIES_META_KEY]);

type Params = { [name: string]: unknown; _meta?: { [name: string]: unknown; progressToken?: ProgressToken } };

/** Makes SDK servers that forward to a definition, and knows which requests are running. */
export type Forwarder = {
  /**
   * A server for one HTTP request, or for one stdio connection.
   *
   * @param asking - for a definition whose users sign in
   * @param verifyState - checks the state that clients bring back with an answer
   */
  createServer(connection: Connection, asking?: Asking, verifyState?: VerifyState): Server;
  /** Cancels a request of a handshake-era session over HTTP, where the cancellation arrives on its own. */
  cancel(sessionId: string, requestId: string | number): void;
  /** How many requests are running. */
  readonly running: number;
  /** Resolves as soon as no request is running, and the answers are on their way. */
  idle(): Promise<void>;
};

export function createForwarder(): Forwarder {
  const running = new Set<symbol>();
  const cancellable = new Map<string, AbortController>();
  let waiting: (() => void)[] = [];

  async function tracked<T>(context: ServerContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const id = Symbol();
    const sessionId = context.http?.req?.headers.get('mcp-session-id');
    const key = sessionId ? cancelKey(sessionId, context.mcpReq.id) : undefined;
    const controller = new AbortController();
    const abort = () => controller.abort(context.mcpReq.signal.reason);
    if (context.mcpReq.signal.aborted) abort();
    context.mcpReq.signal.addEventListener('abort', abort, { once: true });
    if (key) cancellable.set(key, controller);
    running.add(id);
    try {
      return await work(controller.signal);
    } finally {
      context.mcpReq.signal.removeEventListener('abort', abort);
      running.delete(id);
      if (key) cancellable.delete(key);
      if (running.size === 0) {
        for (const resolve of waiting) resolve();
        waiting = [];
      }
    }
  }

  return {
    createServer(connection, asking, verifyState) {
      const { client } = connection;
      const offered = { ...client.getServerCapabilities() };
      // FastMCP offers completion always; there is something to complete only with these.
      if (!offered.prompts && !offered.resources) delete offered.completions;
      const capabilities: ServerCapabilities = {};
      for (const name of ['tools', 'prompts', 'resources', 'completions'] as const)
        if (offered[name]) capabilities[name] = {};
      const server = new Server(client.getServerVersion() ?? { name: 'unnamed', version: '0.0.0' }, {
        capabilities,
        instructions: client.getInstructions(),
        cacheHints: { 'tools/list': { ttlMs: listLifetime, cacheScope: 'private' } },
        requestState: verifyState && { verify: verifyState },
      });
      const forward = (method: Method) =>
        server.setRequestHandler(method, (request, context) =>
          tracked(context, (signal) => pass(connection, method, request.params, context, signal)),
        );
      for (const name of Object.keys(methods) as (keyof typeof methods)[])
        if (capabilities[name]) methods[name].forEach(forward);
      if (!capabilities.tools) return server;
      server.setRequestHandler('tools/list', (request, context) =>
        tracked(context, async (signal) => {
          const result = await pass(connection, 'tools/list', request.params, context, signal);
          return asking ? { ...result, tools: result.tools.map(asking.describe) } : result;
        }),
      );
      server.setRequestHandler('tools/call', (request, context) =>
        tracked(context, (signal) => {
          const run = () => callTool(connection, request.params, context, signal);
          if (!asking) return run();
          // In the 2026-07-28 era they come with each request; before, with the handshake.
          const capabilities =
            declaredCapabilities.safeParse(context.mcpReq.envelope).data ?? server.getClientCapabilities();
          const call = { tool: request.params.name, context, capabilities, signal };
          // Also while it waits for the person to sign in, the connection is in use.
          return connection.use(() => asking.call(call, run));
        }),
      );
      return server;
    },
    cancel(sessionId, requestId) {
      cancellable.get(cancelKey(sessionId, requestId))?.abort(new Error('The client cancelled the request.'));
    },
    get running() {
      return running.size;
    },
    async idle() {
      while (running.size > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      // An answer is on its way only after its request has stopped running.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Passes one request on, with its progress. Errors lose the marks of the way they came. */
async function pass<M extends Method>(
  connection: Connection,
  method: M,
  given: Params | undefined,
  context: ServerContext,
  signal: AbortSignal,
): Promise<ResultTypeMap[M]> {
  const { progressToken, ...meta } = given?._meta ?? {};
  const onprogress = (progress: Progress) =>
    context.mcpReq.notify({ method: 'notifications/progress', params: { ...progress, progressToken } });
  try {
    return await connection.use((client) =>
      client.request(
        { method, params: { ...given, _meta: meta } },
        // FastMCP made it, and the server in front checks it: a check here would be the third.
        z.custom<ResultTypeMap[M]>(),
        { signal, timeout: longestRequest, onprogress: progressToken === undefined ? undefined : onprogress },
      ),
    );
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(error.code, error.message.replace(/^(MCP error -?\d+: )+/, ''), error.data);
  }
}

/**
 * Passes a tool call on. Refused arguments become a tool error, which the model sees and can mend (MCP, Tools,
 * "Error Handling"); an unknown tool, a protocol error with the code that the specification names for it.
 */
async function callTool(
  connection: Connection,
  given: Params,
  context: ServerContext,
  signal: AbortSignal,
): Promise<CallToolResult> {
  try {
    return await pass(connection, 'tools/call', { arguments: {}, ...given }, context, signal);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.code === ProtocolErrorCode.InvalidParams)
      return { isError: true, content: [{ type: 'text', text: error.message }] };
    if (error.code !== ProtocolErrorCode.MethodNotFound) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message, error.data);
  }
}

function cancelKey(sessionId: string, requestId: string | number): string {
  return JSON.stringify([sessionId, requestId]);
}
