/** The client for which the conformance suite asks an authorization server for a code. */
import { z } from 'zod';

/**
 * Registers a public client (RFC 7591) at the endpoint that the server's metadata names (RFC 8414).
 *
 * @returns its client id
 * @throws {Error} if there is no such endpoint, or it refuses
 */
export async function registerClient(issuer: string, redirectUri: string): Promise<string> {
  const metadata = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
  const { registration_endpoint: endpoint } = z
    .object({ registration_endpoint: z.url() })
    .parse(await metadata.json());
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'MCP conformance suite',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    }),
  });
  if (!response.ok) throw new Error(`The registration failed: ${response.status} ${await response.text()}`);
  return z.object({ client_id: z.string() }).parse(await response.json()).client_id;
}
