// Client authentication at the OAuth endpoints.
import { timingSafeEqual } from 'node:crypto';
import { oauthError } from './errors.ts';

/** What is registered of a client. A public one has no secret. */
type Registered = { readonly clientId: string; readonly clientSecret?: string };

type Credentials = { clientId: string; clientSecret: string };

/**
 * The client that a request authenticates as, or the OAuth error (400 or 401).
 *
 * A confidential client uses HTTP Basic, or `client_id` and `client_secret` in the form, never both (RFC 6749
 * section 2.3.1). It may repeat its `client_id` beside the header, as in the documents for revoke and introspect. A
 * public client sends only `client_id` in the form (section 3.2.1).
 */
export function authenticateClient<Client extends Registered>(
  authorization: string | undefined,
  form: URLSearchParams,
  find: (clientId: string) => Client | undefined,
): Client | Response {
  const formId = form.get('client_id');
  const formSecret = form.get('client_secret');
  if (authorization !== undefined && formSecret !== null) {
    return oauthError(
      400,
      'invalid_request',
      'Send the client credentials in the Authorization header or in the body, not in both.',
    );
  }

  const named = formId === null ? undefined : find(formId);
  if (authorization === undefined && formSecret === null && named && named.clientSecret === undefined)
    return named;

  const credentials =
    authorization === undefined
      ? formId !== null && formSecret !== null
        ? { clientId: formId, clientSecret: formSecret }
        : undefined
      : basicCredentials(authorization);
  if (credentials === undefined) {
    return invalidClient('The client credentials are missing or malformed.');
  }
  if (formId !== null && formId !== credentials.clientId) {
    return oauthError(400, 'invalid_request', 'The header and the body identify different clients.');
  }

  const client = find(credentials.clientId);
  if (client?.clientSecret === undefined || !sameSecret(client.clientSecret, credentials.clientSecret)) {
    return invalidClient('The client ID or secret is wrong.');
  }
  return client;
}

function invalidClient(description: string): Response {
  return oauthError(401, 'invalid_client', description, { 'www-authenticate': 'Basic realm="APS sandbox"' });
}

function basicCredentials(authorization: string): Credentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return undefined;
  const clientId = formDecoded(decoded.slice(0, colon));
  const clientSecret = formDecoded(decoded.slice(colon + 1));
  return clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret };
}

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined. */
function formDecoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function sameSecret(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
