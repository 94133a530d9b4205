/** The metadata document by which this server is a client of the OpenID provider without a registration there. */
import { Hono } from 'hono';
import { identityCallbackPath } from '../../pages/identity-check.ts';

/** Its path. Its address is the `client_id`. */
export const clientDocumentPath = '/signin/client.json';

/**
 * Publishes the document (OAuth Client ID Metadata Document, draft-ietf-oauth-client-id-metadata-document).
 *
 * @param publicUrl - the https origin of the server, as the provider reaches it
 * @param name - what the server calls itself
 */
export function clientDocumentRoutes(publicUrl: string, name: string): Hono {
  const document = {
    client_id: `${publicUrl}${clientDocumentPath}`,
    client_name: name,
    client_uri: publicUrl,
    redirect_uris: [`${publicUrl}${identityCallbackPath}`],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  return new Hono().get(clientDocumentPath, (context) => context.json(document));
}
