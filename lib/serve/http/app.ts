/** MCP over HTTP, in both protocol eras at one address, as a function from `Request` to `Response`. */
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { isLoopback } from '../../config/schemas.ts';
import { StoreUnavailable } from '../../store/store.ts';
import type { ClientSignIn } from '../client-sign-in/client-sign-in.ts';
import type { McpService } from '../mcp/service.ts';
import { type Account, accountPath } from '../pages/account.ts';
import type { BrowserBinding } from '../pages/browser-binding.ts';
import { answerCallback, callbackPath } from '../pages/callback.ts';
import { answerConfirmation, confirmationPath } from '../pages/confirmation.ts';
import { storeUnavailablePage } from '../pages/failure.ts';
import { favicon, faviconPath } from '../pages/favicon.ts';
import { frontPage, type Service } from '../pages/front-page.ts';
import { type IdentityCheck, identityCallbackPath } from '../pages/identity-check.ts';
import { backToFrontPage } from '../pages/page.ts';
import { prefersHtml } from '../pages/prefers-html.ts';
import { type AllowedNames, checkNames, type NameCheck } from './host-and-origin.ts';
import { jsonRpcError, mcpEndpoint } from './mcp-endpoint.ts';
import { proxiedRefusal } from './proxied.ts';
import { createReadiness, type Readiness } from './readiness.ts';

export type HttpApp = {
  fetch(request: Request): Promise<Response>;
  /** Ends what is still running, such as streams of clients that listen for changes. */
  close(): Promise<void>;
};

export type HttpOptions = {
  /** Names besides those of this machine under which, and origins from which, clients can call it. */
  allowed: AllowedNames;
  /** How MCP clients sign in. Without it, every caller is the local user. */
  clientSignIn?: ClientSignIn;
  /** Identifies browsers, where people must confirm their sign-ins to Autodesk first. */
  browserBinding?: BrowserBinding;
  /** Finds out who those people are, where that is possible. */
  identityCheck?: IdentityCheck;
  /** What the front page says of how the server is served. */
  about?: Partial<Service>;
  /** Its part for the person who reads it. */
  account?: Account;
  /** Whether this instance can take requests; by default, always. */
  readiness?: Readiness;
};

const mcpPath = '/mcp';

/**
 * Serves a definition at `/mcp`, with `/health` and `/ready` for load balancers, a page at `/` for people and, where users or clients
 * sign in, the pages and endpoints for that. It keeps no sessions: any instance can answer any request.
 */
export function createHttpApp(
  service: McpService,
  {
    allowed,
    clientSignIn,
    browserBinding,
    identityCheck,
    readiness = createReadiness(),
    about,
    account,
  }: HttpOptions,
): HttpApp {
  const { userSignIn } = service;
  const endpoint = mcpEndpoint(service, clientSignIn);
  const app = new Hono<{ Variables: { names: NameCheck } }>();

  // Load balancers use an address of their own choice. Nothing can be learned or done here.
  app.get('/health', (context) => context.json({ status: 'ok' }));
  app.get('/ready', () => readiness.answer());

  // A server that others can reach was told of a name for it: `checkExposure` sees to that.
  if (allowed.hosts.every(isLoopback))
    app.use(async ({ req }, next) => (await proxiedRefusal(req.raw)) ?? next());
  app.use(async (context, next) => {
    const names = checkNames(context.req.raw, allowed);
    context.set('names', names);
    return names.hostRefusal ?? next();
  });
  if (account) app.post(accountPath, ({ req: { raw } }) => account.answer(raw));
  const identification = account?.identification;
  // Two kinds of sign-in can end at this path. The other one follows.
  if (identification)
    app.on(
      'GET',
      identification.callbackPath,
      async ({ req: { raw } }, next) => (await identification.finish(raw)) ?? next(),
    );
  // Browsers come here from Autodesk's page or from a link, so their origin proves nothing: what they bring does.
  if (userSignIn)
    app.on('GET', callbackPath, ({ req: { raw } }) =>
      answerCallback(userSignIn, raw, { browserIds: browserBinding?.idsOf(raw), back: backToFrontPage }),
    );
  if (userSignIn && browserBinding)
    app.on(['GET', 'POST'], confirmationPath, (context) =>
      answerConfirmation(userSignIn, browserBinding, identityCheck, context.req.raw),
    );
  if (userSignIn && browserBinding && identityCheck)
    app.on('GET', identityCallbackPath, ({ req: { raw } }) =>
      identityCheck.answer(userSignIn, raw, browserBinding.idsOf(raw)),
    );
  if (clientSignIn) app.route('/', clientSignIn.publicRoutes);

  app.use(async (context, next) => context.get('names').originRefusal ?? next());
  // Before CORS: pages of other origins cannot read it.
  app.get('/', ({ req: { raw } }) => showPage(raw));
  app.get(faviconPath, () => favicon());
  for (const path of [mcpPath, `${mcpPath}/`])
    app.get(path, async (context, next) => {
      if (prefersHtml(context.req.raw)) context.res = await showPage(context.req.raw);
      else await next();
      context.header('vary', 'Accept', { append: true });
    });
  app.use(
    cors({
      // Only allowed origins get this far.
      origin: (origin) => origin,
      allowMethods: ['GET', 'POST', 'DELETE'],
      exposeHeaders: ['Mcp-Session-Id', 'WWW-Authenticate'],
      maxAge: 600,
    }),
  );
  if (clientSignIn?.clientRoutes) app.route('/', clientSignIn.clientRoutes);
  for (const path of [mcpPath, `${mcpPath}/`]) app.all(path, ({ req: { raw } }) => endpoint.answer(raw));
  app.notFound((context) => context.json({ error: 'Not found. MCP is served at /mcp.' }, 404));
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof StoreUnavailable) {
      if (/\btext\/html\b/.test(context.req.header('accept') ?? '')) return storeUnavailablePage(error);
      return context.json(jsonRpcError(-32000, error.message), 503, { 'retry-after': '5' });
    }
    // A client that disconnects in the middle of its request is not a failure of the server.
    if (!context.req.raw.signal.aborted) console.error(error.stack);
    return context.json(jsonRpcError(-32603, 'Internal error'), 500);
  });

  async function showPage(request: Request): Promise<Response> {
    const { part, browserId } = (await account?.show(request)) ?? {};
    const shown = await frontPage(
      await service.describe(),
      {
        serverName: 'server',
        address: `${new URL(request.url).origin}${mcpPath}`,
        howClientsSignIn: clientSignIn?.howToSignIn ?? 'Only programs on this machine can call it.',
        needsKey: false,
        callbackUrls: [],
        isSandbox: false,
        ...about,
      },
      part,
    );
    return account && browserId ? account.browserBinding.remember(shown, browserId) : shown;
  }

  return { fetch: async (request) => app.fetch(request), close: endpoint.close };
}
