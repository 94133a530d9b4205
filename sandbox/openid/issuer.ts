// The addresses of the OpenID provider.
import type { Context } from 'hono';
import type { Habits } from './habits.ts';

/** The path that stands for the host of the provider. Everything else is below it. */
export const path = '/openid';

/** The issuer, which starts with the origin of the request URL. */
export function issuerOf(c: Context, { paths }: Habits): string {
  return `${new URL(c.req.url).origin}${paths.issuer}`;
}
