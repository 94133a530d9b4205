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
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import type { Caller } from '../auth/token-source.ts';
import { type AllowedNames, allowsOrigin, refusedHost, refusedOrigin } from './access.ts';
import type { Browsers } from './browsers.ts';
import { answerCallback, callbackPath } from './callback.ts';
import { type ClientSignIn, callerIn } from './client-sign-in/client-sign-in.ts';
import { answerConfirm, confirmPath } from './confirm.ts';
import { frontPage } from './front-page.ts';
import { type Host, takesAddresses } from './host.ts';

export type HttpApp = {
  fetch(request: Request): Promise<Response>;
  /** Ends what is still running, e.g. streams of clients that listen for changes. */
  close(): Promise<void>;
};

export type HttpOptions = {
  /** Names beyond this machine's own under which, and pages from which, it may be reached. */
  allowed: AllowedNames;
  /** How MCP clients sign in; without it, whoever gets this far may call. */
  clientSignIn?: ClientSignIn;
  /** Tells browsers apart, for sign-ins to Autodesk that people must confirm first. */
  browsers?: Browsers;
};

const mcpPath = '/mcp';

const cancellation = z.object({
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

/**
 * Serves a definition at `/mcp`, with `/health` for load balancers, a page at `/` for people and, where users or clients
 * sign in, what their browsers need for it. No session is kept: any instance can answer any request.
 */
export function createHttpApp(host: Host, { allowed, clientSignIn, browsers }: HttpOptions): HttpApp {
  const { signIn, sessions } = host;
  const handler = createMcpHandler(host.forRequest);
  const app = new Hono();

  // Load balancers ask under an address of their own choice; nothing can be learned or done here.
  app.get('/health', (context) => context.json({ status: 'ok' }));

  app.use(async (context, next) => refusedHost(context.req.raw, allowed) ?? next());
  // Browsers come here from Autodesk's page or from a link: what they bring from there is what lets them in.
  if (signIn)
    app.on('GET', callbackPath, ({ req: { raw } }) => answerCallback(signIn, raw, browsers?.idsOf(raw)));
  if (signIn && browsers)
    app.on(['GET', 'POST'], confirmPath, (context) => answerConfirm(signIn, browsers, context.req.raw));
  if (clientSignIn) app.route('/', clientSignIn.open);

  app.use(async (context, next) => refusedOrigin(context.req.raw, allowed) ?? next());
  app.use(
    cors({
      origin: (origin) => (allowsOrigin(origin, allowed) ? origin : null),
      allowMethods: ['GET', 'POST', 'DELETE'],
      exposeHeaders: ['Mcp-Session-Id', 'WWW-Authenticate'],
      maxAge: 600,
    }),
  );
  if (clientSignIn?.endpoints) app.route('/', clientSignIn.endpoints);
  app.get('/', async () => frontPage(await host.about()));
  app.all(mcpPath, (context) => answer(context));
  app.notFound((context) => context.json({ error: 'Nothing is here. MCP is served at /mcp.' }, 404));
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    // A client that hangs up in the middle of its request is no failure of the server.
    if (!context.req.raw.signal.aborted) console.error(error.stack);
    return context.json(jsonRpcError(-32603, 'Internal error'), 500);
  });

  async function answer(context: Context): Promise<Response> {
    const request = context.req.raw;
    const authInfo = await clientSignIn?.admit(request);
    if (authInfo instanceof Response) return authInfo;
    const caller = callerIn(authInfo);
    if (request.method !== 'POST' || !isJsonContentType(request.headers.get('content-type')))
      return handler.fetch(request, { authInfo });
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
      const response = await handler.fetch(request, { authInfo, parsedBody: message });
      const urlElicitation = takesAddresses(message.params.capabilities);
      const sessionId = await sessions.mint({ urlElicitation, caller: caller?.id });
      return response.ok ? withSessionId(response, sessionId) : response;
    }
    const refused = await outsideSession(context, message, caller);
    if (refused) return refused;
    if (method === 'notifications/cancelled') await cancelIfAsked(request, message, caller);
    return handler.fetch(request, { authInfo, parsedBody: message });
  }

  /**
   * The refusal of a handshake-era request whose session does not tell what it must: 404 with a session id that this
   * deployment did not sign, or signed for somebody else, which makes a client start anew; 400 without one where nothing
   * else tells callers apart (MCP, Session Management).
   */
  async function outsideSession(
    context: Context,
    message: unknown,
    caller: Caller | undefined,
  ): Promise<Response | undefined> {
    const request = context.req.raw;
    if (!(signIn || clientSignIn) || !(await isLegacyRequest(request, message))) return undefined;
    if (await host.sessionOf(request, caller)) return undefined;
    if (request.headers.has('mcp-session-id'))
      return context.json(jsonRpcError(-32001, 'Session not found'), 404);
    return caller
      ? undefined
      : context.json(jsonRpcError(-32000, 'Mcp-Session-Id is missing: begin with initialize'), 400);
  }

  /** In the handshake era a cancellation comes as a request of its own, and names the session it is about. */
  async function cancelIfAsked(
    request: Request,
    message: unknown,
    caller: Caller | undefined,
  ): Promise<void> {
    const sessionId = request.headers.get('mcp-session-id');
    const asked = cancellation.safeParse(message);
    // Whatever era it says it is of: only whoever began the session may end what runs in it.
    if (sessionId && asked.success && (await host.sessionOf(request, caller)))
      host.cancel(sessionId, asked.data.params.requestId);
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
