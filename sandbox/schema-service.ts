// The schemas to which the resources of Data Management link.
import { Hono } from 'hono';
import { requireToken } from './bearer.ts';
import { gatewayError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';

const known = /^(hubs|projects|folders|items|versions):autodesk\.(a360|bim360|core):\w+-1\.0$/;

/** Autodesk does not document what is at these addresses. Here it is a JSON Schema that allows everything. */
export function schemaRoutes(state: SandboxState): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  routes.get('/schema/v1/versions/:schema', (c) => {
    const token = requireToken(c, state, {
      api: 'data-management',
      anyScope: ['data:read'],
      twoLegged: false,
    });
    if (token instanceof Response) return token;
    const id = c.req.param('schema');
    if (!known.test(id)) return gatewayError('ERR-002');
    return c.json({ $schema: 'http://json-schema.org/draft-04/schema#', title: id, type: 'object' });
  });

  return routes;
}
