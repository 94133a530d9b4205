/** MCP clients that sign in by themselves: the OAuth support of the official SDK, with a person who follows along. */
import {
  Client,
  type ClientOptions,
  type FetchLike,
  type OAuthClientInformationMixed,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';

/** Where the client waits for the browser; nothing listens there. */
export const clientCallback = 'http://localhost:33418/callback';

/** What a client keeps, and where it sends its person. */
export class TestOAuthProvider implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadata: OAuthClientMetadata;
  readonly clientMetadataUrl?: string;
  /** Where the person was sent last. */
  address?: URL;
  saved: { client?: OAuthClientInformationMixed; tokens?: OAuthTokens; verifier?: string } = {};
  #discovery?: OAuthDiscoveryState;
  #state = '';

  constructor({
    name = 'Test Client',
    callback = clientCallback,
    metadataUrl,
  }: { name?: string; callback?: string; metadataUrl?: string } = {}) {
    this.redirectUrl = callback;
    this.clientMetadata = {
      client_name: name,
      redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    };
    this.clientMetadataUrl = metadataUrl;
  }

  clientInformation() {
    return this.saved.client;
  }
  saveClientInformation(client: OAuthClientInformationMixed) {
    this.saved.client = client;
  }
  tokens() {
    return this.saved.tokens;
  }
  saveTokens(tokens: OAuthTokens) {
    this.saved.tokens = tokens;
  }
  state() {
    this.#state = crypto.randomUUID();
    return this.#state;
  }
  get lastState() {
    return this.#state;
  }
  saveDiscoveryState(state: OAuthDiscoveryState) {
    this.#discovery = state;
  }
  discoveryState() {
    return this.#discovery;
  }
  redirectToAuthorization(address: URL) {
    this.address = address;
  }
  saveCodeVerifier(verifier: string) {
    this.saved.verifier = verifier;
  }
  codeVerifier() {
    return this.saved.verifier ?? '';
  }
  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery') {
    if (scope === 'all' || scope === 'client') this.saved.client = undefined;
    if (scope === 'all' || scope === 'tokens') this.saved.tokens = undefined;
    if (scope === 'all' || scope === 'discovery') this.#discovery = undefined;
  }
}

/** What a person does with the address that they are sent to: ends at the client's callback. */
export type Person = (address: URL) => Promise<URL>;

/**
 * Connects to the server at `url` (an origin) as a client that has to sign in first: it is sent away, its person signs
 * in, and it connects once more.
 */
export async function connectSigningIn(
  url: string,
  mode: VersionNegotiationMode,
  person: Person,
  {
    provider = new TestOAuthProvider(),
    fetch,
    ...options
  }: ClientOptions & { provider?: TestOAuthProvider; fetch?: FetchLike } = {},
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { ...options, versionNegotiation: { mode } });
  const transport = () =>
    new StreamableHTTPClientTransport(new URL('/mcp', url), { authProvider: provider, fetch });
  const first = transport();
  try {
    await client.connect(first);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !provider.address) throw error;
  }
  const { searchParams } = await person(provider.address);
  if (searchParams.get('state') !== provider.lastState)
    throw new Error('The state is not the one that was sent');
  await first.finishAuth(searchParams);
  await client.connect(transport());
  return client;
}

/** A client that waits for its person: where it sends them, and what it makes of where their browser ends. */
export type WaitingClient = { address: URL; finish(back: URL | string): Promise<Client> };

/** `connectSigningIn` in two halves, so that a test can do in between what people do. */
export function beginSigningIn(
  url: string,
  mode: VersionNegotiationMode,
  options?: Parameters<typeof connectSigningIn>[3],
): Promise<WaitingClient> {
  return new Promise((begun, failed) => {
    const person: Person = (address) =>
      new Promise((comeBack) => {
        const finish = (back: URL | string) => {
          comeBack(new URL(back));
          return connected;
        };
        begun({ address, finish });
      });
    const connected = connectSigningIn(url, mode, person, options);
    connected.catch(failed);
  });
}
