// The sandbox as a Hono app: all routes and middleware, in order.
import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { authenticationRoutes } from './authentication.ts';
import { authorizeRoutes } from './authorize.ts';
import { limitBodies } from './body-limits.ts';
import { controlRoutes } from './control.ts';
import { allowBrowserApplications } from './cors.ts';
import { dataManagementRoutes } from './data-management.ts';
import { gatewayError } from './errors.ts';
import { causeTrouble } from './faults.ts';
import { limitCalls } from './limited-calls.ts';
import { logoutRoutes } from './logout.ts';
import { modelDerivativeRoutes } from './model-derivative.ts';
import { sayWhatIsNotServed, servedOperations } from './not-served.ts';
import { type OnAnswer, showAnswers } from './on-answer.ts';
import { openIdRoutes } from './openid/provider.ts';
import { ossRoutes } from './oss.ts';
import { ownRoutes, type SandboxRoute } from './own-routes.ts';
import { recordRequests, type SandboxEnv } from './request-log.ts';
import { schemaRoutes } from './schema-service.ts';
import { serviceAccountRoutes } from './service-accounts.ts';
import type { SandboxState } from './state.ts';
import { userinfoRoutes } from './userinfo.ts';

/**
 * Creates the sandbox as a Hono app. `app.request(...)` and `app.fetch(...)` work without a port.
 *
 * @param onAnswer - sees a copy of each answer before it is sent
 * @param routes - APIs to add; they replace built-in ones
 * @throws {TypeError} if a route is wrong
 *
 * @example
 * import { createSandboxApp, createSandboxState } from 'aps-mcp/sandbox';
 *
 * const app = createSandboxApp(await createSandboxState());
 * export const answer = await app.request('/authentication/v2/keys');
 */
export function createSandboxApp(
  state: SandboxState,
  onAnswer?: OnAnswer,
  routes: readonly SandboxRoute[] = [],
): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>({ getPath: pathOf });
  app.use('/_sandbox/*', limitBodies);
  app.route(
    '/',
    controlRoutes(state, () => servedOperations(app)),
  );
  app.all('/_sandbox/*', () => gatewayError('ERR-002'));

  app.use(recordRequests(state.requests, state.now));
  if (onAnswer !== undefined) app.use(showAnswers(onAnswer));
  app.use(allowBrowserApplications());
  app.use(limitBodies);
  // Before `causeTrouble`: people can sign in at their company while APS is down.
  const { now, openId, trouble } = state;
  const lifetimeSeconds = () => trouble.current.tokenLifetimeSeconds;
  app.route('/', openIdRoutes(openId, { now, lifetimeSeconds }));

  app.use(causeTrouble(trouble));
  app.use(limitCalls(state));
  app.use(sayWhatIsNotServed(app));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (_c, methods) =>
        gatewayError('ERR-002', { status: 405, headers: { allow: methods.join(', ') } }),
    }),
  );
  app.route('/', ownRoutes(state, routes));
  app.route('/', authenticationRoutes(state));
  app.route('/', authorizeRoutes(state));
  app.route('/', logoutRoutes(state));
  app.route('/', userinfoRoutes(state));
  app.route('/', serviceAccountRoutes(state));
  app.route('/', ossRoutes(state));
  app.route('/', dataManagementRoutes(state));
  app.route('/', schemaRoutes(state));
  app.route('/', modelDerivativeRoutes(state));
  app.notFound((c) => {
    c.set('unrouted', true);
    return gatewayError('ERR-002');
  });
  app.onError((error, c) => {
    // A client that gives up in the middle of its body gets no answer, and there is nothing to report.
    if (c.req.raw.signal.aborted) return new Response(null, { status: 400 });
    console.error(error);
    return gatewayError('ERR-003');
  });
  return app;
}

/**
 * Collapses leading slashes: Autodesk's SDK joins base URL and path with two, and the APS gateway accepts that. The
 * rest stays encoded, so a slash in an object key is not read as a separator.
 */
function pathOf(request: Request): string {
  return new URL(request.url).pathname.replace(/^\/+/, '/');
}
