// Reads the parameters of requests to OAuth endpoints, in a query or in a form.
import type { Context } from 'hono';
import { oauthError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';

/** The form that a request carries, or the OAuth error that says why it cannot be taken. */
export async function readForm(c: Context<SandboxEnv>): Promise<URLSearchParams | Response> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    return oauthError(415, 'invalid_request', 'Send the parameters as application/x-www-form-urlencoded.');
  }
  const form = new URLSearchParams(await c.req.text());
  const name = repeated(form);
  if (name !== undefined) return oauthError(400, 'invalid_request', `${name} is given more than once.`);
  return form;
}

/** The first parameter that is given more than once, which RFC 6749 sections 3.1 and 3.2 forbid. */
export function repeated(parameters: URLSearchParams): string | undefined {
  const names = [...parameters.keys()];
  return names.find((name, index) => names.indexOf(name) !== index);
}

/** The value of a parameter that is given once. An empty one counts as not given (RFC 6749 section 3.1). */
export function only(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name);
  return value === '' || more.length > 0 ? undefined : value;
}
