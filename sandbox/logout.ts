// Signs users out, and sends their browser on.
import { Hono } from 'hono';
import { pageHeaders } from './page.ts';
import { only } from './parameters.ts';
import type { SandboxEnv } from './request-log.ts';
import { errorPage } from './sign-in-page.ts';
import type { SandboxState } from './state.ts';

const signedOutPath = '/authentication/v2/signed-out';

/**
 * https://aps.autodesk.com/en/docs/oauth/v2/reference/http/logout-GET/
 *
 * The sandbox keeps no session of a user's browser, so there is nothing to end. Tokens stay valid, as at APS.
 */
export function logoutRoutes({ applications, redirectUris }: SandboxState): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  routes.get('/authentication/v2/logout', (c) => {
    const query = new URL(c.req.url).searchParams;
    // APS redirects to its sign-in page. This page stands in for it.
    if (!query.has('post_logout_redirect_uri')) return c.redirect(signedOutPath);
    const target = only(query, 'post_logout_redirect_uri');
    const registered = applications.some((each) => redirectUris.of(each).some((uri) => uri === target));
    if (target === undefined || !registered) {
      const text = 'The post_logout_redirect_uri is not a registered callback URL of any application.';
      return c.html(errorPage('Unknown redirect URI', [text]), 400, pageHeaders);
    }
    return c.redirect(target);
  });

  routes.get(signedOutPath, (c) =>
    c.html(errorPage('Signed out', ['Here, APS shows its sign-in page.']), 200, pageHeaders),
  );

  return routes;
}
