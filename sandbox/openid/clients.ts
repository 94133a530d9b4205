// The clients registered with the OpenID provider, and their redirect URIs.
import { randomBytes } from 'node:crypto';

export type Client = {
  readonly clientId: string;
  /** Undefined for a public client. */
  readonly clientSecret?: string;
  /** Chosen by the client and not verified. */
  readonly name: string | undefined;
  readonly redirectUris: readonly string[];
};

export type Clients = {
  register(client: Omit<Client, 'clientId' | 'clientSecret'>): Client;
  find(clientId: string | undefined): Client | undefined;
  /** Adds a redirect URI to the client of MCP servers. */
  addRedirectUri(uri: string): void;
};

/** Anybody can register any number of clients. Beyond this number, the oldest is dropped. */
const capacity = 1000;

/**
 * `clientIdPrefix` starts the ids of clients that register themselves. `registeredClients` and `serverClient` are there from
 * the start.
 */
export function createClients({
  clientIdPrefix,
  registeredClients,
  serverClient,
}: {
  clientIdPrefix: string;
  registeredClients: readonly Client[];
  serverClient: Client;
}): Clients {
  const redirectUris = [...serverClient.redirectUris];
  const known = [...registeredClients, { ...serverClient, redirectUris }];
  const registered = new Map<string, Client>();
  return {
    register(metadata) {
      const client = { ...metadata, clientId: `${clientIdPrefix}${randomBytes(16).toString('base64url')}` };
      registered.set(client.clientId, client);
      const [oldest] = registered.keys();
      if (registered.size > capacity && oldest !== undefined) registered.delete(oldest);
      return client;
    },

    find: (clientId) =>
      known.find((client) => client.clientId === clientId) ?? registered.get(clientId ?? ''),
    addRedirectUri: (uri) => void redirectUris.push(uri),
  };
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a client may register a redirect URI: https, or http on loopback (RFC 8252 section 7.3), without a fragment
 * (RFC 6749 section 3.1.2).
 */
export function mayBeRegistered(redirectUri: string): boolean {
  if (!URL.canParse(redirectUri) || redirectUri.includes('#')) return false;
  const { protocol, hostname } = new URL(redirectUri);
  return protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname));
}

/** Compares character by character, except for the port on loopback (RFC 8252 section 7.3). */
export function isRegistered({ redirectUris }: Client, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false;
  return redirectUris.some(
    (registered) => withoutLoopbackPort(registered) === withoutLoopbackPort(redirectUri),
  );
}

function withoutLoopbackPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+/, '$1');
}
