// The manifest and the thumbnail to which versions link: the part of the Model Derivative API that the sandbox has.
import { type Context, Hono } from 'hono';
import { requireToken } from './bearer.ts';
import { findVersion } from './data-management-tree.ts';
import type { SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';

/** A grey pixel. */
const thumbnail = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);

/** https://aps.autodesk.com/en/docs/model-derivative/v2/reference/http/ Its OpenAPI document is not among those checked. */
export function modelDerivativeRoutes(state: SandboxState): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  /** The URN in the path, if it is that of a version in a hub of the caller; otherwise 401, 403 or 404. */
  const urnOf = (c: Context<SandboxEnv>): string | Response => {
    const token = requireToken(c, state, {
      api: 'data-management',
      anyScope: ['data:read', 'viewables:read'],
      twoLegged: false,
    });
    if (token instanceof Response) return token;
    const urn = c.req.param('urn') ?? '';
    const versionId = Buffer.from(urn, 'base64url').toString();
    const userId = token.userId ?? c.req.header('x-user-id');
    const { hubs } = state.hubAccess.list({ clientId: token.clientId, userId });
    const exists = hubs.some((hub) =>
      hub.projects().some((project) => findVersion(project.contents(), versionId) !== undefined),
    );
    return exists ? urn : c.json({ diagnostic: 'No record found.' }, 404);
  };

  routes.get('/modelderivative/v2/designdata/:urn/manifest', (c) => {
    const urn = urnOf(c);
    if (urn instanceof Response) return urn;
    return c.json({
      type: 'manifest',
      version: '1.0',
      urn,
      region: 'US',
      status: 'success',
      progress: 'complete',
      hasThumbnail: 'true',
      derivatives: [],
    });
  });

  routes.get('/modelderivative/v2/designdata/:urn/thumbnail', (c) => {
    const urn = urnOf(c);
    return urn instanceof Response ? urn : c.body(thumbnail, 200, { 'content-type': 'image/png' });
  });

  return routes;
}
