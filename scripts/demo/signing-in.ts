/** The demo's MCP client for servers with client sign-in: the official one with OAuth, which prints what it sends. */
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { type Mode, toldCall } from './client.ts';
import { clientCallback, type PlaceOf } from './places.ts';
import { detail, expect, message, tokenNumber } from './stage.ts';

export type SigningInClient = {
  client: Client;
  /** Calls without a token, discovers where to sign in, and returns the address for the user to open. */
  begin(): Promise<URL>;
  /** Exchanges the code in the callback address for tokens. */
  finish(back: URL): Promise<void>;
  /** Connects with the tokens. */
  connect(): Promise<void>;
  /** The claims of the access token, to print and check. A real client must not read them. */
  claims(): ReturnType<typeof decodeJwt>;
  /** Replaces the access token with an invalid one, instead of waiting until it expires. */
  letExpire(): void;
};

/** A client of the server at `url` that has no token yet. */
export function createSigningInClient(url: URL, mode: Mode, placeOf: PlaceOf): SigningInClient {
  const client = new Client({ name: 'demo', version: '1.0.0' }, { versionNegotiation: { mode } });
  const provider = new Memory();
  const transport = () =>
    new StreamableHTTPClientTransport(url, { authProvider: provider, fetch: tellingFetch(placeOf) });
  const first = transport();
  return {
    client,
    async begin() {
      const outcome = await client.connect(first).catch((error: unknown) => error);
      if (!(outcome instanceof UnauthorizedError) || !provider.address)
        throw outcome instanceof Error ? outcome : new Error('The server accepted a call without a token');
      return provider.address;
    },
    async finish({ searchParams }) {
      // Otherwise, the code may come from a sign-in that somebody else started (RFC 9700 section 4.7).
      expect('the state that came back', searchParams.get('state'), provider.sentState);
      await first.finishAuth(searchParams);
    },
    connect: () => client.connect(transport()),
    claims: () => decodeJwt(provider.tokens()?.access_token ?? ''),
    letExpire() {
      const tokens = provider.tokens();
      if (tokens) provider.saveTokens({ ...tokens, access_token: 'expired' });
    },
  };
}

/** A fetch that prints each request and, if it matters, the response. */
export function tellingFetch(placeOf: PlaceOf): typeof fetch {
  return async (input, init) => {
    const { pathname, href } = new URL(input instanceof Request ? input.url : input);
    const call = toldCall(init?.body);
    // With the older protocol, clients also send GET /mcp to listen for changes. Do not print that.
    const told = call !== undefined || pathname !== '/mcp';
    if (told)
      message(
        `client → ${placeOf(new URL(href))}`,
        `${init?.method ?? 'GET'} ${pathname}${call ? `  ${call}` : ''}`,
      );
    const response = await fetch(input, init);
    if (response.status === 401) tellChallenge(response);
    else if (told && !call) await tellAnswer(response.clone());
    return response;
  };
}

/** Prints the challenge (RFC 6750 section 3), one parameter per line. */
function tellChallenge({ status, headers }: Response): void {
  const [first, ...more] = (headers.get('www-authenticate') ?? '').split(/, (?=\w+=)/);
  detail(`${status}: ${first}`);
  for (const parameter of more) detail(`     ${parameter}`);
}

/** The members of metadata, registration and token responses to print. */
const answerSchema = z
  .object({
    authorization_servers: z.array(z.string()),
    authorization_endpoint: z.string(),
    client_id: z.string(),
    access_token: z.string(),
  })
  .partial();

async function tellAnswer(response: Response): Promise<void> {
  const answer = answerSchema.parse(await response.json().catch(() => ({})));
  const { authorization_servers: servers, authorization_endpoint: endpoint, client_id: id } = answer;
  if (servers) return detail(`${response.status}: sign in at ${servers.join(', ')}`);
  if (endpoint) return detail(`${response.status}: start at ${endpoint}`);
  if (id) return detail(`${response.status}: registered as ${id.slice(0, 12)}…`);
  if (!answer.access_token) return detail(`${response.status}`);
  const { jti, iss, aud } = decodeJwt(answer.access_token);
  detail(`${response.status}: access token ${tokenNumber(jti)}`);
  detail(`issued by ${iss} for ${aud}`);
}

/** Keeps a sign-in in memory. A real client stores it securely. */
class Memory implements OAuthClientProvider {
  readonly redirectUrl = clientCallback;
  readonly clientMetadata = {
    client_name: 'Demo client',
    redirect_uris: [clientCallback],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  };
  address?: URL;
  #client?: OAuthClientInformationMixed;
  #tokens?: OAuthTokens;
  #verifier = '';
  #discovery?: OAuthDiscoveryState;

  readonly sentState = crypto.randomUUID();

  state = () => this.sentState;
  clientInformation = () => this.#client;
  saveClientInformation(client: OAuthClientInformationMixed) {
    this.#client = client;
  }
  tokens = () => this.#tokens;
  saveTokens(tokens: OAuthTokens) {
    this.#tokens = tokens;
  }
  codeVerifier = () => this.#verifier;
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }
  discoveryState = () => this.#discovery;
  saveDiscoveryState(state: OAuthDiscoveryState) {
    this.#discovery = state;
  }
  redirectToAuthorization(address: URL) {
    this.address = address;
  }
}
