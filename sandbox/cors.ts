// CORS, for applications in a browser: single-page applications that sign in with PKCE, and viewers.
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { SandboxEnv } from './request-log.ts';

/**
 * What an application in a browser calls. Without the sign-in page, which it only redirects to (RFC 9700 section 2.6
 * forbids CORS there), and without service accounts, whose calls need a secret.
 */
const callable =
  /^\/(authentication\/v2\/(token|revoke|introspect|keys)$|\.well-known\/openid-configuration$|userinfo$|(project|data|oss)\/)/;

/**
 * Allows pages from every origin to call these APIs and to read the answers, errors among them. Credentials travel in
 * `Authorization`, never in cookies. The exact headers of APS are not published.
 */
export function allowBrowserApplications(): MiddlewareHandler<SandboxEnv> {
  const allow = cors({
    exposeHeaders: ['retry-after', 'x-request-id', 'www-authenticate', 'location', 'content-range', 'etag'],
  });
  return (c, next) => (callable.test(c.req.path) ? allow(c, next) : next());
}
