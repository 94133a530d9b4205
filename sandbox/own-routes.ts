// APIs that a developer's test adds to the sandbox, behind its token checks.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { requireToken } from './bearer.ts';
import { gatewayError } from './errors.ts';
import { alreadyThere, checked } from './own-options.ts';
import { findUser } from './people.ts';
import type { SandboxEnv } from './request-log.ts';
import { publishedScopes, type Scope, serviceAccountScopes } from './scopes.ts';
import type { SandboxState } from './state.ts';
import type { User } from './users.ts';

/**
 * One call of a route, whose token was checked.
 *
 * @example
 * import type { RouteCall } from 'aps-mcp/sandbox';
 *
 * export const answer = ({ params: { projectId }, query }: RouteCall) =>
 *   Response.json({ project: projectId, limit: Number(query.get('limit') ?? 100) });
 */
export type RouteCall = {
  /** The request, with headers and body. */
  request: Request;
  /** The values in the path, decoded, by the names in the template. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** The application that the token was issued to. */
  clientId: string;
  /** The user or service account that the token acts for. Undefined for a two-legged token. */
  user?: User;
  /** The scopes of the token. */
  scopes: readonly string[];
};

/**
 * A route of an API that the sandbox does not have. One with the same method and path as a built-in route replaces it.
 *
 * @example
 * import type { SandboxRoute } from 'aps-mcp/sandbox';
 *
 * export const issues: SandboxRoute = {
 *   method: 'GET',
 *   path: '/construction/issues/v1/projects/{projectId}/issues',
 *   scopes: ['data:read'],
 *   answer: () => Response.json({ results: [], pagination: { totalResults: 0 } }),
 * };
 */
export type SandboxRoute = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As in Autodesk's documents: `/cost/v1/containers/{containerId}/budgets`. */
  path: string;
  /** The token must have one of these scopes. Default: any token is enough. */
  scopes?: readonly Scope[];
  /** `2-legged` refuses the tokens of users and service accounts, `3-legged` all others. Default: both are accepted. */
  token?: '2-legged' | '3-legged';
  /** How many calls a minute an application can make. Default: no limit. */
  perMinute?: number;
  /** What APS would answer. If it throws, the answer is a 500 with the message of the error. */
  answer(call: RouteCall): Response | Promise<Response>;
};

/** Segments of text or of one `{parameter}`. Not the sandbox's own paths. */
const pathTemplate = /^(?!\/(?:_sandbox|openid)(?:\/|$))(?:\/(?:[\w.~@$-]+|\{\w+\}))+$/;

const routesSchema = z
  .array(
    z.strictObject({
      method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      path: z
        .string()
        .regex(
          pathTemplate,
          'must be a path of APS, such as /cost/v1/containers/{containerId}/budgets, without a query',
        ),
      scopes: z.array(z.enum([...publishedScopes, ...serviceAccountScopes])).optional(),
      token: z.enum(['2-legged', '3-legged']).optional(),
      perMinute: z.int().min(1).optional(),
      answer: z.custom<SandboxRoute['answer']>((value) => typeof value === 'function', 'must be a function'),
    }),
  )
  .superRefine((routes, context) =>
    alreadyThere(
      context,
      routes.map(({ method, path }, index) => ({
        key: `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`,
        name: `${method} ${path}`,
        path: [index, 'path'],
      })),
    ),
  );

/** The routes as an app, which must come before the built-in ones. Throws a `TypeError` if one is wrong. */
export function ownRoutes(state: SandboxState, given: readonly SandboxRoute[]): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>();
  for (const route of checked('routes', routesSchema, given)) {
    const { method, path, scopes = [], token, perMinute } = route;
    const name = `${method} ${path}`;
    app.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), async (c) => {
      const legs = { twoLegged: token === '2-legged', threeLegged: token === '3-legged' };
      const found = requireToken(c, state, { anyScope: scopes, ...legs });
      if (found instanceof Response) return found;
      const refused =
        perMinute === undefined ? undefined : state.rateLimits.count(`${name} ${found.clientId}`, perMinute);
      if (refused !== undefined) return refused;
      const { clientId, userId, scopes: granted } = found;
      const user = userId === undefined ? undefined : findUser(state, userId);
      return answerOf(route, name, { ...requestOf(c), clientId, user, scopes: granted });
    });
  }
  return app;
}

function requestOf(c: Context<SandboxEnv>): Pick<RouteCall, 'request' | 'params' | 'query'> {
  return { request: c.req.raw, params: c.req.param(), query: new URL(c.req.url).searchParams };
}

/** The answer of a route, or a 500 that says what went wrong in it: its author reads that in the error of their tool. */
async function answerOf({ answer }: SandboxRoute, name: string, call: RouteCall): Promise<Response> {
  try {
    const answered: unknown = await answer(call);
    if (answered instanceof Response) return answered;
    throw new TypeError('it returned no Response. Return Response.json(...), for example.');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return gatewayError('ERR-003', { message: `The route ${name} of this test failed: ${reason}` });
  }
}
