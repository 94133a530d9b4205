// The registration endpoint of the OpenID provider.
import { Hono } from 'hono';
import { z } from 'zod';
import { oauthError } from '../errors.ts';
import type { SandboxEnv } from '../request-log.ts';
import { mayBeRegistered } from './clients.ts';
import type { OpenIdState } from './state.ts';

const metadataSchema = z.object({
  redirect_uris: z
    .array(
      z.string().max(2000).refine(mayBeRegistered, {
        error: 'must be https, or http on localhost, 127.0.0.1 or [::1], and have no fragment',
      }),
    )
    .min(1)
    .max(20),
  client_name: z.string().min(1).max(200).optional(),
});

/**
 * RFC 7591, for public clients. Every client gets the same grants and no secret, whatever it requests: section 2 lets
 * a server replace metadata, and the response states the result.
 */
export function registrationRoutes(
  { clients, habits }: Pick<OpenIdState, 'clients' | 'habits'>,
  now: () => number,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  if (habits.paths.register === undefined) return routes;

  routes.post(habits.paths.register, async (c) => {
    if (habits.refusesRegistration !== undefined) return habits.refusesRegistration();
    const metadata = metadataSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!metadata.success) {
      const [issue] = metadata.error.issues;
      const error = issue?.path[0] === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata';
      const where = issue?.path.join('.') || 'The body';
      return oauthError(400, error, `${where}: ${issue?.message ?? 'invalid'}`);
    }
    const { client_name, redirect_uris } = metadata.data;
    const { clientId } = clients.register({ name: client_name, redirectUris: redirect_uris });
    return c.json(
      {
        client_id: clientId,
        client_id_issued_at: Math.floor(now() / 1000),
        client_name,
        redirect_uris,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      201,
      { 'cache-control': 'no-store' },
    );
  });

  return routes;
}
