// The sandbox's own routes under `/_sandbox`, by which a person looks inside it and causes trouble with curl.
import { Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { demoApplication } from './applications.ts';
import type { RequestRecord, SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';
import { troubleSchema } from './trouble.ts';

const approvalSchema = z.strictObject({
  hub: z.string(),
  clientId: z.string().default(demoApplication.clientId),
});
const partialTrouble = troubleSchema.partial();

/** Trouble never applies to these routes, and they do not appear among the requests. */
export function controlRoutes({
  buckets,
  hubAccess,
  requests,
  tokens,
  trouble,
}: SandboxState): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  routes.use('/_sandbox/*', onlyFromThisMachine);

  routes.get('/_sandbox', (c) =>
    c.json({
      name: 'APS sandbox',
      apis: ['authentication/v2', 'oss/v2', 'project/v1', 'data/v1'],
      buckets: buckets.length,
      requests: requests.length,
      trouble: trouble.current,
    }),
  );

  routes.get('/_sandbox/requests', (c) => c.json<RequestRecord[]>(requests));

  routes.put('/_sandbox/trouble', async (c) => {
    const changes = partialTrouble.safeParse(await c.req.json().catch(() => undefined));
    if (!changes.success) return c.json({ problems: changes.error.issues }, 400);
    trouble.set(changes.data);
    return c.json(trouble.current);
  });

  routes.delete('/_sandbox/trouble', (c) => {
    trouble.reset();
    return c.json(trouble.current);
  });

  routes.post('/_sandbox/revoke-access-tokens', (c) => c.json({ revoked: tokens.revokeAll() }));

  routes.post('/_sandbox/approve-integration', async (c) => {
    const approval = approvalSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!approval.success) return c.json({ problems: approval.error.issues }, 400);
    const { hub, clientId } = approval.data;
    try {
      hubAccess.approveIntegration(hub, clientId);
    } catch (error) {
      return c.json({ problem: error instanceof Error ? error.message : String(error) }, 404);
    }
    return c.body(null, 204);
  });
  return routes;
}

/**
 * No web page may drive the sandbox: a page of another site sends its `Origin`, and one that had its own name point
 * at this machine (DNS rebinding) sends that name as `Host`.
 */
const onlyFromThisMachine: MiddlewareHandler<SandboxEnv> = async (c, next) => {
  if (c.req.header('origin') !== undefined) {
    return c.json({ problem: 'Requests of web pages are refused: they carry an Origin header.' }, 403);
  }
  const { hostname } = new URL(c.req.url);
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) {
    return c.json({ problem: `Only localhost is served here, not ${hostname}.` }, 403);
  }
  return next();
};
