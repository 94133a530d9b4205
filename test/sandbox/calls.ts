// The calls that these tests make to a sandbox, over real sockets with plain `fetch`.
import { z } from 'zod';
import type { Sandbox } from '../support/sandbox.ts';

export const demo = { id: 'sandbox-client-id', secret: 'sandbox-client-secret' };
export const other = { id: 'sandbox-other-client-id', secret: 'sandbox-other-client-secret' };
export const withoutApis = { id: 'sandbox-no-api-client-id', secret: 'sandbox-no-api-client-secret' };

export function basic({ id, secret }: { id: string; secret: string }): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

/** Posts a form to an endpoint of the Authentication API. */
export function post(
  sandbox: Sandbox,
  endpoint: 'token' | 'revoke' | 'introspect',
  form: Record<string, string> | string,
  headers: Record<string, string> = basic(demo),
): Promise<Response> {
  const body = new URLSearchParams(form);
  return fetch(`${sandbox.url}/authentication/v2/${endpoint}`, { method: 'POST', body, headers });
}

/** A two-legged access token. */
export async function accessToken(
  sandbox: Sandbox,
  scope = 'bucket:read data:read',
  application = demo,
): Promise<string> {
  const answer = await post(
    sandbox,
    'token',
    { grant_type: 'client_credentials', scope },
    basic(application),
  );
  const { access_token } = await json(answer);
  if (access_token === undefined) throw new Error(`No token: ${answer.status}`);
  return access_token;
}

/** Gets a path of the sandbox, or an absolute address such as `next`. */
export function get(sandbox: Sandbox, path: string, token?: string): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(new URL(path, sandbox.url), { headers });
}

const bodySchema = z
  .looseObject({
    access_token: z.string(),
    expires_in: z.number(),
    error: z.string(),
    errorCode: z.string(),
    issuer: z.string(),
    scopes_supported: z.array(z.string()),
    keys: z.array(z.record(z.string(), z.unknown())),
    items: z.array(z.record(z.string(), z.unknown())),
    next: z.string(),
  })
  .partial();

/** The body of a response. Checks the types of the members that tests read, and keeps all others. */
export async function json(answer: Response): Promise<z.infer<typeof bodySchema>> {
  return bodySchema.parse(await answer.json());
}

/** Follows `next` from `path` to the end. */
export async function pages(
  sandbox: Sandbox,
  path: string,
  token: string,
): Promise<Record<string, unknown>[][]> {
  const found: Record<string, unknown>[][] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const body: Awaited<ReturnType<typeof json>> = await json(await get(sandbox, next, token));
    found.push(body.items ?? []);
    next = body.next;
  }
  return found;
}
