// The client credentials grant: a two-legged token for the application itself (RFC 6749 section 4.4).
import { oauthError } from '../errors.ts';
import { parseScopes } from '../scopes.ts';
import type { Grant } from './grant.ts';

/**
 * Issues what was asked for. The document does not say what happens without `scope`; RFC 6749 section 3.3 leaves a
 * default or an error, and the error is the one that no client can come to depend on.
 */
export const clientCredentials: Grant = async ({ form }) => {
  const scopes = parseScopes(form.get('scope') ?? '');
  if (scopes instanceof Response) return scopes;
  if (scopes.length === 0) return oauthError(400, 'invalid_scope', 'Name at least one scope.');
  return { scopes };
};
