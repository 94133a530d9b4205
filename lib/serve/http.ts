/** MCP over HTTP, both protocol eras at one address, as a function from `Request` to `Response`. */
import {
  createMcpHandler,
  DEFAULT_MAX_REQUEST_BODY_SIZE,
  isInitializeRequest,
  isJsonContentType,
  isLegacyRequest,
  readRequestBody,
} from '@modelcontextprotocol/server';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { z } from 'zod';
import { type AllowedNames, allowsOrigin, refusedHost, refusedOrigin } from './access.ts';
import { answerCallback, callbackPath } from './callback.ts';
import { frontPage } from './front-page.ts';
import { type Host, takesAddresses } from './host.ts';

export type HttpApp = {
  fetch(request: Request): Promise<Response>;
  /** Ends what is still running, e.g. streams of clients that listen for changes. */
  close(): Promise<void>;
};

const cancellation = z.object({
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

/**
 * Serves a definition at `/mcp`, with `/health` for load balancers, a page at `/` for people and, where users sign in,
 * `/callback` for their browsers. No session is kept: any instance can answer any request.
 *
 * @param allowed - names beyond this machine's own under which, and pages from which, it may be reached
 */
export function createHttpApp(host: Host, allowed: AllowedNames): HttpApp {
  const { signIn, sessions } = host;
  const handler = createMcpHandler(host.forRequest);
  const app = new Hono();

  // Load balancers ask under an address of their own choice; nothing can be learned or done here.
  app.get('/health', (context) => context.json({ status: 'ok' }));

  app.use(async (context, next) => refusedHost(context.req.raw, allowed) ?? next());
  // Browsers come here from Autodesk's page: the `state` that they bring is what lets them in.
  if (signIn) app.on('GET', callbackPath, (context) => answerCallback(signIn, context.req.raw));
  app.use(async (context, next) => refusedOrigin(context.req.raw, allowed) ?? next());
  app.use(
    cors({
      origin: (origin) => (allowsOrigin(origin, allowed) ? origin : null),
      allowMethods: ['GET', 'POST', 'DELETE'],
      exposeHeaders: ['Mcp-Session-Id', 'WWW-Authenticate'],
      maxAge: 600,
    }),
  );
  app.get('/', async () => frontPage(await host.about()));
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
    const method = methodOf(message);
    if (method === 'initialize' && isInitializeRequest(message)) {
      const response = await handler.fetch(request, { parsedBody: message });
      const sessionId = await sessions.mint(takesAddresses(message.params.capabilities));
      return response.ok ? withSessionId(response, sessionId) : response;
    }
    if (method === 'notifications/cancelled') cancelIfAsked(request, message);
    return (await outsideSession(context, message)) ?? handler.fetch(request, { parsedBody: message });
  }

  /**
   * The refusal of a handshake-era request whose caller cannot be told, where that matters: 400 without a session id,
   * 404 with one that this deployment did not sign, which makes a client start anew (MCP, Session Management).
   */
  async function outsideSession(context: Context, message: unknown): Promise<Response | undefined> {
    const request = context.req.raw;
    if (!signIn || !(await isLegacyRequest(request, message)) || (await host.sessionOf(request)))
      return undefined;
    return request.headers.has('mcp-session-id')
      ? context.json(jsonRpcError(-32001, 'Session not found'), 404)
      : context.json(jsonRpcError(-32000, 'Mcp-Session-Id is missing: begin with initialize'), 400);
  }

  /** In the handshake era a cancellation comes as a request of its own, and names the session it is about. */
  function cancelIfAsked(request: Request, message: unknown): void {
    const sessionId = request.headers.get('mcp-session-id');
    const asked = cancellation.safeParse(message);
    if (sessionId && asked.success) host.cancel(sessionId, asked.data.params.requestId);
  }

  return { fetch: async (request) => app.fetch(request), close: () => handler.close() };
}

/** The method of a message, read without checking all of it: that is done for the few that matter here. */
function methodOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'method' in message ? message.method : undefined;
}

/** Gives a handshake-era client the session id that it sends with its later requests. */
function withSessionId(response: Response, sessionId: string): Response {
  const named = new Response(response.body, response);
  named.headers.set('Mcp-Session-Id', sessionId);
  return named;
}

function jsonRpcError(code: number, message: string) {
  return { jsonrpc: '2.0', error: { code, message }, id: null };
}
