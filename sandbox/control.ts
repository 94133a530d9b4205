// Control routes under `/_sandbox`, for inspecting the sandbox and simulating failures with curl.
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { demoApplication } from './applications.ts';
import { inviteServiceAccount } from './invitations.ts';
import { employees } from './openid/employees.ts';
import { issuerOf } from './openid/issuer.ts';
import { issueUnattended } from './openid/unattended-token.ts';
import type { RequestRecord, SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';
import { troubleSchema } from './trouble.ts';

const approvalSchema = z.strictObject({
  hub: z.string(),
  clientId: z.string().default(demoApplication.clientId),
});
const invitationSchema = z.strictObject({ account: z.string().min(1) });
const callbackSchema = z.strictObject({ url: z.string() });
const rateLimitsSchema = z.strictObject({ enforced: z.boolean() });
const wholeSeconds = z
  .string()
  .regex(/^-?\d{1,9}$/, 'must be whole seconds')
  .transform(Number);
const tokenSchema = z.strictObject({
  user: z.enum(employees.map(({ sub }) => sub)).optional(),
  audience: z.string().min(1).optional(),
  scope: z.string().optional(),
  lifetime: z.int().or(wholeSeconds).optional(),
});
const partialTrouble = troubleSchema.partial();

/** Trouble never applies to these routes, and the request log leaves them out. `served` lists the operations of APS. */
export function controlRoutes(state: SandboxState, served: () => string[]): Hono<SandboxEnv> {
  const { buckets, hubAccess, openId, rateLimits, redirectUris, requests, tokens, trouble } = state;
  const routes = new Hono<SandboxEnv>();
  routes.use('/_sandbox/*', onlyFromThisMachine);

  routes.get('/_sandbox', (c) =>
    c.json({
      name: 'APS sandbox',
      buckets: buckets.length,
      requests: requests.length,
      trouble: trouble.current,
      rateLimits: { enforced: rateLimits.enforced },
      served: served(),
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
      return c.json({ problem: messageOf(error) }, 404);
    }
    return c.body(null, 204);
  });

  routes.post('/_sandbox/invite', async (c) => {
    const invitation = invitationSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!invitation.success) return c.json({ problems: invitation.error.issues }, 400);
    try {
      return c.json(inviteServiceAccount(state, invitation.data.account));
    } catch (error) {
      return c.json({ problem: messageOf(error) }, 404);
    }
  });

  routes.post('/_sandbox/callback-url', async (c) => {
    const callback = callbackSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!callback.success) return c.json({ problems: callback.error.issues }, 400);
    try {
      redirectUris.register(callback.data.url);
    } catch (error) {
      return c.json({ problem: messageOf(error) }, 400);
    }
    return c.body(null, 204);
  });

  routes.put('/_sandbox/rate-limits', async (c) => {
    const choice = rateLimitsSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!choice.success) return c.json({ problems: choice.error.issues }, 400);
    rateLimits.enforced = choice.data.enforced;
    return c.json(choice.data);
  });

  // Takes a query, a form or JSON, whichever is easiest with curl.
  routes.on(['GET', 'POST'], '/_sandbox/openid-token', async (c) => {
    const choices = tokenSchema.safeParse(await parametersOf(c));
    if (!choices.success) return c.json({ problems: choices.error.issues }, 400);
    const { lifetime: lifetimeSeconds, ...others } = choices.data;
    const usual = trouble.current.tokenLifetimeSeconds;
    const token = await issueUnattended(openId, issuerOf(c, openId.habits), usual, {
      ...others,
      lifetimeSeconds,
    });
    // A web page can load this as a script, which sends no Origin. nosniff keeps the browser from running it.
    return c.text(token, 200, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
  return routes;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `curl -d` labels every body a form, so a leading `{` identifies JSON. Undefined for invalid JSON. */
async function parametersOf(c: Context<SandboxEnv>): Promise<unknown> {
  if (c.req.method === 'GET') return c.req.query();
  const body = await c.req.text();
  if (!body.startsWith('{')) return Object.fromEntries(new URLSearchParams(body));
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/**
 * Keeps web pages from controlling the sandbox. A page from another site sends an `Origin`, and one that uses DNS
 * rebinding sends its own name as `Host`.
 */
const onlyFromThisMachine: MiddlewareHandler<SandboxEnv> = async (c, next) => {
  if (c.req.header('origin') !== undefined) {
    return c.json({ problem: 'Web pages cannot use this: the request has an Origin header.' }, 403);
  }
  const { hostname } = new URL(c.req.url);
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) {
    return c.json({ problem: `Call this as localhost, not as ${hostname}.` }, 403);
  }
  return next();
};
