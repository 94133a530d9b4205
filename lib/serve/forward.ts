/**
 * Serves a connected FastMCP definition through the official SDK: every request that the definition can
 * answer is passed on to it, with progress and cancellation.
 */
import { ProtocolError } from '@modelcontextprotocol/client';
import {
  type CallToolResult,
  ProtocolErrorCode,
  Server,
  type ServerCapabilities,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Connection } from './connection.ts';

/** What is passed on, by the capability under which a definition offers it. */
const methods = {
  tools: ['tools/list', 'tools/call'],
  prompts: ['prompts/list', 'prompts/get'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  completions: ['completion/complete'],
} as const;

type Method = (typeof methods)[keyof typeof methods][number];

/**
 * How long a forwarded request may take, in milliseconds. Only a guard against definitions that never
 * answer: tools have their own deadlines, and clients theirs.
 */
const longestRequest = 15 * 60_000;

/** Lists do not change while a server runs; clients may keep them for this long, in milliseconds. */
const listLifetime = 5 * 60_000;

/** Makes SDK servers that forward to a definition, and knows which requests are running. */
export type Forwarder = {
  /** A server for one HTTP request, or for one stdio connection. */
  createServer(connection: Connection): Server;
  /** Cancels a request of a handshake-era session over HTTP, where the cancellation arrives on its own. */
  cancel(sessionId: string, requestId: string | number): void;
  /** How many requests are running. */
  readonly running: number;
  /** Resolves as soon as no request is running. */
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
    let { signal } = context.mcpReq;
    if (key) {
      const controller = new AbortController();
      cancellable.set(key, controller);
      signal = AbortSignal.any([signal, controller.signal]);
    }
    running.add(id);
    try {
      return await work(signal);
    } finally {
      running.delete(id);
      if (key) cancellable.delete(key);
      if (running.size === 0) {
        for (const resolve of waiting) resolve();
        waiting = [];
      }
    }
  }

  return {
    createServer({ client }) {
      const offered = client.getServerCapabilities() ?? {};
      const capabilities: ServerCapabilities = {};
      for (const name of ['tools', 'prompts', 'resources', 'completions'] as const)
        if (offered[name]) capabilities[name] = {};
      const server = new Server(client.getServerVersion() ?? { name: 'unnamed', version: '0.0.0' }, {
        capabilities,
        instructions: client.getInstructions(),
        cacheHints: { 'tools/list': { ttlMs: listLifetime, cacheScope: 'private' } },
      });
      const forward = (method: Method) =>
        server.setRequestHandler(method, (request, context) =>
          tracked(context, async (signal) => {
            const { progressToken, ...meta } = request.params?._meta ?? {};
            const params = { ...request.params, _meta: meta };
            try {
              return await client.request(
                { method, params: method === 'tools/call' ? { arguments: {}, ...params } : params },
                {
                  signal,
                  timeout: longestRequest,
                  onprogress:
                    progressToken === undefined
                      ? undefined
                      : (progress) =>
                          context.mcpReq.notify({
                            method: 'notifications/progress',
                            params: { ...progress, progressToken },
                          }),
                },
              );
            } catch (error) {
              return answerTo(method, error);
            }
          }),
        );
      for (const name of Object.keys(methods) as (keyof typeof methods)[])
        if (capabilities[name]) methods[name].forEach(forward);
      return server;
    },
    cancel(sessionId, requestId) {
      cancellable.get(cancelKey(sessionId, requestId))?.abort(new Error('The client cancelled the request.'));
    },
    get running() {
      return running.size;
    },
    idle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

function cancelKey(sessionId: string, requestId: string | number): string {
  return JSON.stringify([sessionId, requestId]);
}

/**
 * What a client gets for an error of the definition. Refused arguments are a tool error, which the model
 * sees and can mend (MCP, Tools, "Error Handling"); an unknown tool is a protocol error, with the code that
 * the specification names for it.
 */
function answerTo(method: Method, error: unknown): CallToolResult {
  if (!(error instanceof ProtocolError)) throw error;
  const message = error.message.replace(/^(MCP error -?\d+: )+/, '');
  if (method === 'tools/call' && error.code === ProtocolErrorCode.InvalidParams)
    return { isError: true, content: [{ type: 'text', text: message }] };
  throw new ProtocolError(
    method === 'tools/call' && error.code === ProtocolErrorCode.MethodNotFound
      ? ProtocolErrorCode.InvalidParams
      : error.code,
    message,
    error.data,
  );
}
