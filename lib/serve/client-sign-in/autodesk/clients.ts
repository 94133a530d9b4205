/**
 * MCP clients: those that publish a metadata document (OAuth Client ID Metadata Document), and older ones that register
 * themselves (RFC 7591). PKCE protects the codes of all of them; a client whose document says so also authenticates with its
 * private key.
 */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Keys, withAny } from '../../../sealed.ts';
import { type ClientKeys, invalidClient, jwksSchema } from './client-authentication.ts';
import { clientName } from './client-name.ts';
import { createDocumentCache } from './document-cache.ts';
import { DocumentRefused, type FetchDocument } from './metadata-document.ts';
import { faultOfRedirectUri } from './redirect-uris.ts';

export type McpClient = {
  id: string;
  /** What it calls itself. */
  name: string;
  redirectUris: readonly string[];
  /** The address of its document, whose host vouches for it; undefined for a client that registered itself. */
  publishedBy?: string;
  /** The keys with which it authenticates; undefined for a public client. */
  keys?: ClientKeys;
};

export type Clients = {
  /**
   * Registers a client.
   *
   * @param metadata - what the client says of itself
   * @returns the answer of RFC 7591, section 3.2.1
   * @throws {OAuthError} `invalid_redirect_uri` or `invalid_client_metadata`
   */
  register(metadata: unknown): Promise<Record<string, unknown>>;
  /**
   * The client with this `client_id`.
   *
   * @throws {OAuthError} `invalid_client`, or `temporarily_unavailable` if its document could not be fetched; worded for
   *   people
   */
  find(clientId: string): Promise<McpClient>;
};

/** Together they must fit into URLs, in a `client_id` that holds them. */
const redirectUris = z
  .array(z.string().max(2000))
  .min(1)
  .max(10)
  .refine((uris) => uris.join('').length <= 4000, { error: 'must have at most 4000 characters together' });

const registrationSchema = z.object({
  client_name: clientName.default('An unnamed MCP client'),
  redirect_uris: redirectUris,
  grant_types: z.array(z.string()).default(['authorization_code', 'refresh_token']),
  response_types: z.array(z.string()).default(['code']),
});

const documentSchema = z.object({
  client_id: z.string(),
  client_name: clientName,
  redirect_uris: redirectUris,
  // A secret in a public document is none.
  client_secret: z.undefined({ error: 'has a secret in it' }).optional(),
  token_endpoint_auth_method: z.enum(['none', 'private_key_jwt']).default('none'),
  jwks: jwksSchema.optional(),
  jwks_uri: z.url({ protocol: /^https$/ }).optional(),
});

/** The most documents that are kept. */
const mostDocuments = 1000;

/**
 * @param options.keys - sign registrations (HS256): our `client_id` contains what was registered, so that there is no table
 *   of clients for strangers to fill
 * @param options.documents - whether clients can publish metadata documents
 * @param options.privateUse - redirect URIs with private-use schemes that are allowed
 * @param options.now - the clock, in milliseconds since 1970
 */
export function createClients(options: {
  keys: Keys;
  fetchDocument: FetchDocument;
  documents: boolean;
  privateUse: readonly string[];
  now?: () => number;
}): Clients {
  const { keys, fetchDocument, privateUse, now } = options;
  const purpose = 'MCP clients';
  const documents = createDocumentCache(published, mostDocuments, now);

  async function register(metadata: unknown): Promise<Record<string, unknown>> {
    const given = registrationSchema.safeParse(metadata);
    if (!given.success) {
      const [issue] = given.error.issues;
      throw new OAuthError(
        OAuthErrorCode.InvalidClientMetadata,
        `${issue?.path.join('.') || 'The body'}: ${issue?.message}`,
      );
    }
    const { client_name, grant_types, response_types } = given.data;
    // Those that are not allowed are left out, and the answer says which remain (RFC 7591, section 3.2.1).
    const { redirect_uris, fault } = allowed(given.data.redirect_uris);
    if (redirect_uris.length === 0)
      throw new OAuthError(OAuthErrorCode.InvalidRedirectUri, `A redirect URI ${fault}`);
    return {
      client_id: await new SignJWT({ name: client_name, redirect_uris })
        .setProtectedHeader({ alg: 'HS256', typ: 'mcp-client' })
        .setIssuedAt()
        // So that no two clients have one id.
        .setJti(crypto.randomUUID())
        .sign(keys(purpose)),
      client_id_issued_at: Math.floor(Date.now() / 1000),
      client_name,
      redirect_uris,
      grant_types: grant_types.filter((type) => ['authorization_code', 'refresh_token'].includes(type)),
      response_types: response_types.filter((type) => type === 'code'),
      // Whatever it asked for: it gets no secret.
      token_endpoint_auth_method: 'none',
    };
  }

  function allowed(uris: readonly string[]): { redirect_uris: string[]; fault?: string } {
    const faults = uris.map((uri) => faultOfRedirectUri(uri, privateUse));
    return {
      redirect_uris: uris.filter((_, index) => faults[index] === undefined),
      fault: faults.find((fault) => fault !== undefined),
    };
  }

  async function registered(clientId: string): Promise<McpClient> {
    try {
      const { payload } = await withAny(keys.all(purpose), (key) =>
        jwtVerify(clientId, key, { algorithms: ['HS256'], typ: 'mcp-client' }),
      );
      const { name, redirect_uris } = z
        .object({ name: z.string(), redirect_uris: z.array(z.string()) })
        .parse(payload);
      // A private-use address may not be allowed any more.
      return { id: clientId, name, redirectUris: allowed(redirect_uris).redirect_uris };
    } catch {
      throw invalidClient(
        'This MCP client is no longer registered with this server. Remove the server from the client, and connect again.',
      );
    }
  }

  async function published(clientId: string): Promise<McpClient> {
    const document = documentSchema.safeParse(await fetchDocument(clientId));
    if (!document.success) {
      const field = document.error.issues[0]?.path[0] ?? 'all of it';
      throw new DocumentRefused(`a required field is missing or invalid (${String(field)})`);
    }
    const { client_id, client_name, token_endpoint_auth_method, jwks, jwks_uri } = document.data;
    // Otherwise, any host could speak for any other.
    if (client_id !== clientId) throw new DocumentRefused('it belongs to another client');
    const { redirect_uris, fault } = allowed(document.data.redirect_uris);
    if (redirect_uris.length === 0) throw new DocumentRefused(`a redirect URI ${fault}`);
    return {
      id: clientId,
      name: client_name,
      redirectUris: redirect_uris,
      publishedBy: clientId,
      keys: token_endpoint_auth_method === 'none' ? undefined : keysIn({ jwks, jwks_uri }),
    };
  }

  return {
    register,
    async find(clientId) {
      if (!isAddress(clientId)) return registered(clientId);
      if (!options.documents)
        throw invalidClient(
          'This server accepts no metadata documents of MCP clients (MCP_AUTH_DOCUMENTS): the client must register.',
        );
      return documents.get(clientId).catch((error: unknown) => {
        if (!(error instanceof DocumentRefused)) throw error;
        const description = `The metadata document of this MCP client is unusable: ${error.message}.`;
        throw error.transient
          ? new OAuthError(OAuthErrorCode.TemporarilyUnavailable, description)
          : invalidClient(description);
      });
    },
  };
}

function keysIn({ jwks, jwks_uri }: { jwks?: JSONWebKeySet; jwks_uri?: string }): ClientKeys {
  if (jwks) return { jwks };
  if (jwks_uri) return { jwksUri: jwks_uri };
  throw new DocumentRefused('it asks for private_key_jwt, but names no keys');
}

/** Whether a `client_id` is the address of a metadata document. */
function isAddress(clientId: string): boolean {
  return clientId.includes('://');
}
