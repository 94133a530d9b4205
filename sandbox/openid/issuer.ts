// The addresses of the OpenID provider.
import type { Context } from 'hono';

/** The path of the issuer. The endpoints are below it. */
export const path = '/openid';

/** The issuer, which starts with the origin of the request URL. */
export function issuerOf(c: Context): string {
  return `${new URL(c.req.url).origin}${path}`;
}

/** The audience of a token that was requested without one. */
export function ownAudience(issuer: string): string {
  return `${issuer}/userinfo`;
}
