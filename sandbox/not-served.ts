// The answer to calls that APS serves and the sandbox does not: 501, with the list of what there is.
import type { Hono, MiddlewareHandler } from 'hono';
import { publishedOperation } from './published-operations.ts';
import type { SandboxEnv } from './request-log.ts';

/** Where the APIs of APS are. A path below one of these is taken for an operation that APS may have. */
const apsPaths =
  /^\/(aec|authentication|bim360|construction|cost|da|data|dataexchange|derivativeservice|fusiondata|hq|issues|mfg|modelderivative|oss|parameters|photo-to-3d|project|schema|tandem|userprofile|webhooks)\//;

/**
 * The operations of APS that `app` serves, as `METHOD /path/{parameter}`, sorted. They are read from its routes, without
 * those for the control of the sandbox and the company's OpenID provider.
 */
export function servedOperations({ routes }: Hono<SandboxEnv>): string[] {
  const served = routes
    .filter(({ method, path }) => method !== 'ALL' && !/^\/_sandbox|\/openid(\/|$)/.test(path))
    .map(({ method, path }) => {
      const template = path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}');
      return `${method} ${publishedOperation(method, template)?.path ?? template}`;
    });
  return [...new Set(served)].sort();
}

/**
 * Answers calls that no route of `app` serves with 501, so that nobody takes them for something that was not found: an
 * operation that Autodesk publishes, or any path below one of its APIs. Other paths stay 404, and methods that Autodesk
 * does not publish for a served path stay 405.
 *
 * The 501 is the sandbox's own. Its body has the members of the gateway's errors, and `operation` and `served`.
 */
export function sayWhatIsNotServed(app: Hono<SandboxEnv>): MiddlewareHandler<SandboxEnv> {
  return async (c, next) => {
    await next();
    if (!c.get('unrouted')) return;
    const { method, path } = c.req;
    const published = publishedOperation(method, path);
    if (published === undefined && (c.res.status === 405 || !apsPaths.test(path))) return;

    const operation = { method, path: published?.path ?? path, operationId: published?.operationId };
    c.res.headers.delete('allow');
    c.res = Response.json(
      {
        developerMessage:
          `The sandbox does not serve ${method} ${operation.path}. APS may have this operation: see Autodesk's ` +
          'documentation. The field "served" lists what the sandbox has.',
        moreInfo: 'https://aps.autodesk.com/developer/documentation',
        errorCode: 'SANDBOX-NOT-SERVED',
        operation,
        served: servedOperations(app),
      },
      { status: 501 },
    );
  };
}
