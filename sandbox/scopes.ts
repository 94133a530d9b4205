// The scopes that APS knows.
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

export type Scope = (typeof publishedScopes)[number];

const known: ReadonlySet<string> = new Set(publishedScopes);
const readOneResource = /^data:read:.+$/;

/** The scopes of a space-separated list, each once, or the error to answer when one is not published. */
export function parseScopes(list: string): string[] | Response {
  const scopes = [...new Set(list.split(' ').filter((scope) => scope !== ''))];
  const unknown = scopes.filter((scope) => !known.has(scope) && !readOneResource.test(scope));
  if (unknown.length > 0) {
    return oauthError(400, 'invalid_scope', `Not a scope of APS: ${unknown.join(' ')}`);
  }
  return scopes;
}
