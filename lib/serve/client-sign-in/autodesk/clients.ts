/**
 * MCP clients: those that publish a metadata document (OAuth Client ID Metadata Document), and older ones that register
 * themselves (RFC 7591). All are public clients: PKCE protects their codes.
 */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { DocumentRefused, type FetchDocument } from './metadata-document.ts';
import { faultOfRedirectUri } from './redirect-uris.ts';

export type McpClient = {
  id: string;
  /** What it calls itself. */
  name: string;
  redirectUris: readonly string[];
  /** The host that publishes its document; undefined for a client that registered itself. */
  publishedBy?: string;
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
  /** The client with this `client_id`. @throws {OAuthError} `invalid_client`, in words for people */
  find(clientId: string): Promise<McpClient>;
  /**
   * Checks that a client which registered itself is known. Does nothing for one that publishes a document.
   *
   * @throws {OAuthError} `invalid_client`
   */
  checkRegistration(clientId: string): Promise<void>;
};

/** Without invisible characters, or characters that reverse the direction of what follows. */
const name = z
  .string()
  .transform((text) => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ').trim())
  .pipe(z.string().min(1).max(100));
/** Together they must fit into URLs, in a `client_id` that holds them. */
const redirectUris = z
  .array(z.string().max(2000))
  .min(1)
  .max(10)
  .refine((uris) => uris.join('').length <= 4000, { error: 'must have at most 4000 characters together' });

const registrationSchema = z.object({
  client_name: name.default('An unnamed MCP client'),
  redirect_uris: redirectUris,
  grant_types: z.array(z.string()).default(['authorization_code', 'refresh_token']),
  response_types: z.array(z.string()).default(['code']),
});

const documentSchema = z.object({ client_id: z.string(), client_name: name, redirect_uris: redirectUris });

/** How long a document is cached, in milliseconds. */
const documentLifetime = 5 * 60_000;

/** The same for a failure, so that nobody can use this server to bother a host that has no document. */
const refusalLifetime = 30_000;

/**
 * @param key - signs registrations (HS256): our `client_id` contains what was registered, so that there is no table of
 *   clients for strangers to fill
 */
export function createClients(key: Uint8Array, fetchDocument: FetchDocument): Clients {
  const documents = new LRUCache<string, Promise<McpClient>>({ max: 1000, ttl: documentLifetime });

  async function register(metadata: unknown): Promise<Record<string, unknown>> {
    const given = registrationSchema.safeParse(metadata);
    if (!given.success) {
      const [issue] = given.error.issues;
      throw new OAuthError(
        OAuthErrorCode.InvalidClientMetadata,
        `${issue?.path.join('.') || 'The body'}: ${issue?.message}`,
      );
    }
    const { client_name, redirect_uris, grant_types, response_types } = given.data;
    for (const uri of redirect_uris) {
      const fault = faultOfRedirectUri(uri);
      if (fault) throw new OAuthError(OAuthErrorCode.InvalidRedirectUri, `A redirect URI ${fault}`);
    }
    return {
      client_id: await new SignJWT({ name: client_name, redirect_uris })
        .setProtectedHeader({ alg: 'HS256', typ: 'mcp-client' })
        .setIssuedAt()
        .sign(key),
      client_id_issued_at: Math.floor(Date.now() / 1000),
      client_name,
      redirect_uris,
      grant_types: grant_types.filter((type) => ['authorization_code', 'refresh_token'].includes(type)),
      response_types: response_types.filter((type) => type === 'code'),
      // Whatever it asked for: it gets no secret.
      token_endpoint_auth_method: 'none',
    };
  }

  async function registered(clientId: string): Promise<McpClient> {
    try {
      const { payload } = await jwtVerify(clientId, key, { algorithms: ['HS256'], typ: 'mcp-client' });
      const { name, redirect_uris } = z
        .object({ name: z.string(), redirect_uris: z.array(z.string()) })
        .parse(payload);
      return { id: clientId, name, redirectUris: redirect_uris };
    } catch {
      throw unknown(
        'This MCP client is no longer registered with this server. Remove the server from the client, and connect again.',
      );
    }
  }

  async function published(clientId: string): Promise<McpClient> {
    try {
      const document = documentSchema.safeParse(await fetchDocument(clientId));
      if (!document.success) throw new DocumentRefused('a required field is missing or invalid');
      const { client_id, client_name, redirect_uris } = document.data;
      // Otherwise, any host could speak for any other.
      if (client_id !== clientId) throw new DocumentRefused('it belongs to another client');
      const faults = redirect_uris.map(faultOfRedirectUri).filter((fault) => fault !== undefined);
      if (faults[0]) throw new DocumentRefused(`one of its redirect URIs ${faults[0]}`);
      return {
        id: clientId,
        name: client_name,
        redirectUris: redirect_uris,
        publishedBy: new URL(clientId).host,
      };
    } catch (error) {
      if (!(error instanceof DocumentRefused)) throw error;
      throw unknown(`The metadata document of this MCP client is unusable: ${error.message}.`);
    }
  }

  return {
    register,
    async checkRegistration(clientId) {
      if (!isAddress(clientId)) await registered(clientId);
    },
    find(clientId) {
      if (!isAddress(clientId)) return registered(clientId);
      const known = documents.get(clientId);
      if (known) return known;
      const fetched = published(clientId);
      documents.set(clientId, fetched);
      fetched.catch(() => documents.set(clientId, fetched, { ttl: refusalLifetime }));
      return fetched;
    },
  };
}

/** Whether a `client_id` is the address of a metadata document. */
function isAddress(clientId: string): boolean {
  return clientId.includes('://');
}

function unknown(description: string): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidClient, description);
}
