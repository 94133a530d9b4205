// The client credentials grant: a two-legged token for the application itself (RFC 6749 section 4.4).
import { oauthError } from '../errors.ts';
import { parseScopes } from '../scopes.ts';
import type { Grant } from './grant.ts';

/**
 * Issues the requested scopes. APS does not publish what happens without `scope`. RFC 6749 section 3.3 allows a
 * default or an error; clients cannot come to rely on an error.
 */
export const clientCredentials: Grant = async ({ form }) => {
  const scopes = parseScopes(form.get('scope') ?? '');
  if (scopes instanceof Response) return scopes;
  if (scopes.length === 0) return oauthError(400, 'invalid_scope', 'Name at least one scope.');
  return { scopes };
};
