// Where the OpenID provider is in the sandbox.
import type { Context } from 'hono';

/** The path of its issuer, below which its endpoints are. */
export const path = '/openid';

/** Its issuer, by the address that the sandbox was called by, as in the discovery of APS. */
export function issuerOf(c: Context): string {
  return `${new URL(c.req.url).origin}${path}`;
}

/** Where a token is good that was asked for without `resource`, and without a browser for no audience. */
export function ownAudience(issuer: string): string {
  return `${issuer}/userinfo`;
}
