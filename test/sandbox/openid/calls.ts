// The calls of a client of the OpenID provider, with plain `fetch`.
import { z } from 'zod';
import type { Sandbox } from '../../support/sandbox.ts';
import { pkce, verifier } from '../sign-in-calls.ts';

export const ada = 'emp-1001';
export const emil = 'emp-1002';
export const zoe = 'emp-1003';

export const redirectUri = 'http://localhost:6274/oauth/callback';
export const resource = 'http://localhost:5000/mcp';

type Parameters = Record<string, string | undefined>;

const bodySchema = z
  .looseObject({
    access_token: z.string(),
    refresh_token: z.string(),
    id_token: z.string(),
    client_id: z.string(),
    error: z.string(),
  })
  .partial();

/** The body of a response. Checks the types of the members that tests read, and keeps all others. */
export async function json(answer: Response): Promise<z.infer<typeof bodySchema>> {
  return bodySchema.parse(await answer.json());
}

export const errorOf = async (answer: Response) => [answer.status, (await json(answer)).error];

export function register(
  sandbox: Sandbox,
  metadata: unknown = { client_name: 'Test Client', redirect_uris: [redirectUri] },
): Promise<Response> {
  return fetch(`${sandbox.openIdIssuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
}

/** The id of a newly registered client. */
export async function clientId(sandbox: Sandbox, metadata?: unknown): Promise<string> {
  const answer = await register(sandbox, metadata);
  const { client_id } = await json(answer);
  if (client_id === undefined) throw new Error(`Not registered: ${answer.status}`);
  return client_id;
}

/** An authorization URL. Undefined leaves a parameter out. */
export function authorizeUrl(sandbox: Sandbox, client_id: string, changes: Parameters = {}): URL {
  const url = new URL(`${sandbox.openIdIssuer}/authorize`);
  const all: Parameters = {
    client_id,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid offline_access mcp:tools',
    state: 'state-1',
    resource,
    ...pkce,
    ...changes,
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

/** The code after an employee pressed Allow. */
export async function codeFor(
  sandbox: Sandbox,
  client_id: string,
  changes: Parameters = {},
): Promise<string> {
  const sentTo = await sandbox.openIdSignIn(authorizeUrl(sandbox, client_id, changes));
  const code = sentTo.searchParams.get('code');
  if (code === null) throw new Error(`No code: ${sentTo}`);
  return code;
}

export function token(
  sandbox: Sandbox,
  form: Parameters,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value);
  return fetch(`${sandbox.openIdIssuer}/token`, { method: 'POST', body, headers });
}

export function exchange(
  sandbox: Sandbox,
  form: Parameters,
  headers?: Record<string, string>,
): Promise<Response> {
  const usual = { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: verifier };
  return token(sandbox, { ...usual, ...form }, headers);
}

export function refresh(sandbox: Sandbox, form: Parameters): Promise<Response> {
  return token(sandbox, { grant_type: 'refresh_token', ...form });
}

export type Tokens = { client_id: string; access: string; refresh: string };

/** The tokens after an employee signed in to a new client. */
export async function signedIn(sandbox: Sandbox, changes: Parameters = {}): Promise<Tokens> {
  const client_id = await clientId(sandbox);
  const code = await codeFor(sandbox, client_id, changes);
  return { client_id, ...(await tokensOf(await exchange(sandbox, { client_id, code }))) };
}

export async function tokensOf(answer: Response): Promise<{ access: string; refresh: string }> {
  const { access_token, refresh_token } = await json(answer);
  if (access_token === undefined || refresh_token === undefined) {
    throw new Error(`No tokens: ${answer.status}`);
  }
  return { access: access_token, refresh: refresh_token };
}

export function userinfo(sandbox: Sandbox, accessToken?: string): Promise<Response> {
  const headers: Record<string, string> =
    accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  return fetch(`${sandbox.openIdIssuer}/userinfo`, { headers });
}
