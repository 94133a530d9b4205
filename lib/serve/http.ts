/** MCP over HTTP, both protocol eras at one address, as a function from `Request` to `Response`. */
import { randomUUID } from 'node:crypto';
import {
  createMcpHandler,
  DEFAULT_MAX_REQUEST_BODY_SIZE,
  isInitializeRequest,
  isJsonContentType,
  readRequestBody,
} from '@modelcontextprotocol/server';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { z } from 'zod';
import { type AllowedNames, allowsOrigin, refusal } from './access.ts';
import type { Connection } from './connection.ts';
import type { Forwarder } from './forward.ts';
import { frontPage } from './front-page.ts';

export type HttpApp = {
  fetch(request: Request): Promise<Response>;
  /** Ends what is still running, e.g. streams of clients that listen for changes. */
  close(): Promise<void>;
};

const cancellation = z.object({
  method: z.literal('notifications/cancelled'),
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

/**
 * Serves a connected definition at `/mcp`, with `/health` for load balancers and a page at `/` for people.
 * No session is kept: any instance can answer any request.
 *
 * @param allowed - names beyond this machine's own under which, and pages from which, it may be reached
 */
export function createHttpApp(connection: Connection, forwarder: Forwarder, allowed: AllowedNames): HttpApp {
  const handler = createMcpHandler(() => forwarder.createServer(connection));
  const app = new Hono();

  // Load balancers ask under an address of their own choice; nothing can be learned or done here.
  app.get('/health', (context) => context.json({ status: 'ok' }));

  app.use(async (context, next) => refusal(context.req.raw, allowed) ?? next());
  app.use(
    cors({
      origin: (origin) => (allowsOrigin(origin, allowed) ? origin : null),
      allowMethods: ['GET', 'POST', 'DELETE'],
      exposeHeaders: ['Mcp-Session-Id', 'WWW-Authenticate'],
      maxAge: 600,
    }),
  );
  app.get('/', async () => frontPage(connection));
  app.all('/mcp', (context) => answer(context));
  app.notFound((context) => context.json({ error: 'Nothing is here. MCP is served at /mcp.' }, 404));
  app.onError((error, context) => {
    // A client that hangs up in the middle of its request is no failure of the server.
    if (!context.req.raw.signal.aborted) console.error(error.stack);
    return context.json(jsonRpcError(-32603, 'Internal error'), 500);
  });

  async function answer(context: Context): Promise<Response> {
    const request = context.req.raw;
    if (request.method !== 'POST' || !isJsonContentType(request.headers.get('content-type')))
      return handler.fetch(request);
    const body = await readRequestBody(request, DEFAULT_MAX_REQUEST_BODY_SIZE);
    if (body.tooLarge)
      return context.json(jsonRpcError(-32000, 'The request body is larger than 4 MiB'), 413);
    let message: unknown;
    try {
      message = JSON.parse(body.text);
    } catch {
      return context.json(jsonRpcError(-32700, 'Parse error: the request body is not valid JSON'), 400);
    }
    cancelIfAsked(request, message);
    const response = await handler.fetch(request, { parsedBody: message });
    return isInitializeRequest(message) && response.ok ? withSessionId(response) : response;
  }

  /** In the handshake era a cancellation comes as a request of its own, and names the session it is about. */
  function cancelIfAsked(request: Request, message: unknown): void {
    const sessionId = request.headers.get('mcp-session-id');
    const asked = cancellation.safeParse(message);
    if (sessionId && asked.success) forwarder.cancel(sessionId, asked.data.params.requestId);
  }

  return { fetch: async (request) => app.fetch(request), close: () => handler.close() };
}

/**
 * Gives a handshake-era client an id to send with its later requests. Nothing is stored under it and nothing
 * is granted for it; it only tells which of the running requests a cancellation means.
 */
function withSessionId(response: Response): Response {
  const named = new Response(response.body, response);
  named.headers.set('Mcp-Session-Id', randomUUID());
  return named;
}

function jsonRpcError(code: number, message: string) {
  return { jsonrpc: '2.0', error: { code, message }, id: null };
}
