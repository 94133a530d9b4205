/** The demo's MCP client where clients have to sign in: the official one with its OAuth support, telling what it sends. */
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
  /** Calls without a token, is refused, finds out where people sign in: the address that its person must open. */
  begin(): Promise<URL>;
  /** Trades what the browser brought back for tokens. */
  finish(back: URL): Promise<void>;
  /** Connects with them. */
  connect(): Promise<void>;
  /** What the access token says; for people who want to look, since it is none of the client's business. */
  claims(): ReturnType<typeof decodeJwt>;
  /** Spoils the access token, which stands in for waiting until it has expired. */
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
        throw outcome instanceof Error ? outcome : new Error('It was let in without a token');
      return provider.address;
    },
    async finish({ searchParams }) {
      // Or the browser would bring what somebody else began (RFC 9700, section 4.7).
      expect('the state that came back', searchParams.get('state'), provider.sentState);
      await first.finishAuth(searchParams);
    },
    connect: () => client.connect(transport()),
    claims: () => decodeJwt(provider.tokens()?.access_token ?? ''),
    letExpire() {
      const tokens = provider.tokens();
      if (tokens) provider.saveTokens({ ...tokens, access_token: 'no longer good' });
    },
  };
}

/** A fetch that tells each request and, where it matters, what the answer says. */
export function tellingFetch(placeOf: PlaceOf): typeof fetch {
  return async (input, init) => {
    const { pathname, href } = new URL(input instanceof Request ? input.url : input);
    const call = toldCall(init?.body);
    // In the older protocols, clients also try to listen for changes: GET /mcp.
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

/** RFC 6750, section 3: what the client is told of the way in, a line each. */
function tellChallenge({ status, headers }: Response): void {
  const [first, ...more] = (headers.get('www-authenticate') ?? '').split(/, (?=\w+=)/);
  detail(`${status}: ${first}`);
  for (const parameter of more) detail(`     ${parameter}`);
}

/** What an authorization server, or the metadata of the MCP server, may answer. */
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
  if (servers) return detail(`${response.status}: people sign in at ${servers.join(', ')}`);
  if (endpoint) return detail(`${response.status}: they begin at ${endpoint}`);
  if (id) return detail(`${response.status}: the client is now known as ${id.slice(0, 12)}…`);
  if (!answer.access_token) return detail(`${response.status}`);
  const { jti, iss, aud } = decodeJwt(answer.access_token);
  detail(`${response.status}: an access token, number ${tokenNumber(jti)}`);
  detail(`made by ${iss} for ${aud}`);
}

/** What a client keeps of a sign-in: in memory here, in a safe place in a client for people. */
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
