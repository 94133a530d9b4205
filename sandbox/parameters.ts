// Reads the parameters of OAuth requests, from a query or a form.
import type { Context } from 'hono';
import { oauthError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';

/** The form in a request body, or the OAuth error (400 or 415). */
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

/** The first parameter that appears more than once, which RFC 6749 sections 3.1 and 3.2 forbid. */
export function repeated(parameters: URLSearchParams): string | undefined {
  const names = [...parameters.keys()];
  return names.find((name, index) => names.indexOf(name) !== index);
}

/** The value of a parameter that appears exactly once. An empty value counts as missing (RFC 6749 section 3.1). */
export function only(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name);
  return value === '' || more.length > 0 ? undefined : value;
}
