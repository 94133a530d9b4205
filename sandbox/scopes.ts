// The scopes of APS.
import { oauthError } from './errors.ts';

/** https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/scopes/ */
export const publishedScopes = [
  'user-profile:read',
  'user:read',
  'user:write',
  'viewables:read',
  'data:read',
  'data:write',
  'data:create',
  'data:search',
  'bucket:create',
  'bucket:read',
  'bucket:update',
  'bucket:delete',
  'code:all',
  'account:read',
  'account:write',
  'openid',
] as const;

/** The scopes for managing service accounts. The discovery document does not list them. */
export const serviceAccountScopes = [
  'application:service_account:read',
  'application:service_account:write',
  'application:service_account_key:read',
  'application:service_account_key:write',
] as const;

export type Scope = (typeof publishedScopes)[number] | (typeof serviceAccountScopes)[number];

const known: ReadonlySet<string> = new Set([...publishedScopes, ...serviceAccountScopes]);
const readOneResource = /^data:read:.+$/;

/** The scopes in a space-separated list, each once, or an OAuth error (400) if one is not published. */
export function parseScopes(list: string): string[] | Response {
  const { scopes, unknown } = readScopes(list);
  return unknown.length === 0 ? scopes : oauthError(400, 'invalid_scope', notPublished(unknown));
}

/** The scopes in a space-separated list, each once. `unknown` are those that are not published. */
export function readScopes(list: string): { scopes: string[]; unknown: string[] } {
  const scopes = [...new Set(list.split(' ').filter((scope) => scope !== ''))];
  return { scopes, unknown: scopes.filter((scope) => !known.has(scope) && !readOneResource.test(scope)) };
}

export function notPublished(unknown: readonly string[]): string {
  return `Not a scope of APS: ${unknown.join(' ')}`;
}
