// Three-legged sign-in with plain `fetch`.
import { createHash } from 'node:crypto';
import type { Sandbox } from '../support/sandbox.ts';
import { basic, demo, json, post } from './calls.ts';

export const callback = 'http://localhost:5002/callback';
export const publicCallback = 'http://localhost:5003/callback';
export const alice = 'SBXUSERALICE';
export const benji = 'SBXUSERBENJI';
export const chien = 'SBXUSERCHIEN';

export const verifier = 'a-verifier.of_the~shortest-length-123456789';
export const challenge = createHash('sha256').update(verifier).digest('base64url');
export const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };

type Parameters = Record<string, string | undefined>;

/** An authorization URL. Undefined leaves a parameter out. */
export function authorizeUrl(sandbox: Pick<Sandbox, 'url'>, changes: Parameters = {}): URL {
  const url = new URL('/authentication/v2/authorize', sandbox.url);
  const all: Parameters = {
    client_id: demo.id,
    response_type: 'code',
    redirect_uri: callback,
    scope: 'data:read',
    state: 'state-1',
    ...changes,
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

/** Opens an address without following redirects. */
export function open(url: URL): Promise<Response> {
  return fetch(url, { redirect: 'manual' });
}

/** The code after a user pressed Allow. */
export async function codeFor(sandbox: Sandbox, changes: Parameters = {}, userId = alice): Promise<string> {
  const sentTo = await sandbox.signIn(authorizeUrl(sandbox, changes), { userId });
  const code = sentTo.searchParams.get('code');
  if (code === null) throw new Error(`No code: ${sentTo}`);
  return code;
}

export function exchange(
  sandbox: Sandbox,
  form: Record<string, string>,
  headers: Record<string, string> = basic(demo),
): Promise<Response> {
  return post(
    sandbox,
    'token',
    { grant_type: 'authorization_code', redirect_uri: callback, ...form },
    headers,
  );
}

export function refresh(
  sandbox: Sandbox,
  form: Record<string, string>,
  headers: Record<string, string> = basic(demo),
): Promise<Response> {
  return post(sandbox, 'token', { grant_type: 'refresh_token', ...form }, headers);
}

export type UserTokens = { access: string; refresh: string };

/** The tokens after a user signed in. */
export async function userTokens(
  sandbox: Sandbox,
  changes: Parameters = {},
  userId = alice,
): Promise<UserTokens> {
  return tokensOf(await exchange(sandbox, { code: await codeFor(sandbox, changes, userId) }));
}

export async function tokensOf(answer: Response): Promise<UserTokens> {
  const { access_token, refresh_token } = await json(answer);
  if (access_token === undefined || typeof refresh_token !== 'string') {
    throw new Error(`No tokens: ${answer.status}`);
  }
  return { access: access_token, refresh: refresh_token };
}
