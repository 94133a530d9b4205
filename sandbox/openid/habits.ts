// What the OpenID provider of the sandbox can do in the way of a provider of the real world.
import type { JWTPayload } from 'jose';
import type { Refusal } from '../authorization-response.ts';
import type { Client } from './clients.ts';
import type { Employee } from './employees.ts';
import type { Consent } from './sign-ins.ts';

/** What an authorization request asks for, as far as providers differ. */
export type Asked = {
  readonly client: Client;
  /** As sent; undefined if it is missing. */
  readonly scope: string | undefined;
  readonly resource: string | undefined;
  /** Auth0's own parameter. */
  readonly audience: string | undefined;
  readonly state: string | undefined;
  readonly issuer: string;
};

/** What a sign-in is for. */
export type Target = {
  /** The scopes that the employee is asked for, as the client named them. */
  readonly scopes: readonly string[];
  /** The `aud` of access tokens. Undefined for a token that only the provider itself can read. */
  readonly audience: string | readonly string[] | undefined;
  /** What the page says it gives access to. */
  readonly shown: string;
};

/** What goes into an access token. */
export type AccessTokenContents = {
  readonly issuer: string;
  readonly employee: Employee;
  readonly clientId: string;
  readonly audience: string | readonly string[];
  readonly scopes: readonly string[];
  readonly tokenId: string;
  /** In seconds since the epoch. */
  readonly iat: number;
  readonly exp: number;
};

/** The addresses of the endpoints, below the origin. */
export type Paths = {
  readonly issuer: string;
  readonly authorize: string;
  readonly token: string;
  readonly jwks: string;
  /** Undefined where tokens for an MCP server are of no use there. */
  readonly userinfo: string | undefined;
  /** Undefined where clients cannot register themselves. */
  readonly register: string | undefined;
  /** Where the discovery document is. */
  readonly discovery: readonly string[];
};

export type Habits = {
  readonly paths: Paths;
  /** What the discovery document says besides the addresses. Undefined leaves a member out. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The scopes, and the resource they are for, or why the request is refused. */
  target(asked: Asked, apis: ReadonlySet<string>): Target | Refusal;
  /** Why a token request is refused, judged by its `resource` and `scope`. */
  tokenRequest(
    form: URLSearchParams,
    consent: Consent,
    grant: 'authorization_code' | 'refresh_token',
  ): Refusal | undefined;
  /** The claims of an access token. */
  accessToken(contents: AccessTokenContents): JWTPayload;
  /** The `typ` of access tokens. Undefined for none. */
  readonly accessTokenType: string | undefined;
  /** The `aud` of an access token that no client requested. */
  usualAudience(issuer: string, apis: readonly string[]): string | readonly string[];
  /** The `sub` of an employee. */
  subject(employee: Employee): string;
  /** The `scope` of a token response. */
  grantedScope(scopes: readonly string[]): string;
  /** Whether a consent to these scopes gives a refresh token. */
  refreshable(scopes: readonly string[]): boolean;
  /**
   * What happens to a refresh token that is used: `replaced` by a new one and void, `joined` by a new one, or `kept` and
   * not repeated in the response.
   */
  readonly refreshTokens: 'replaced' | 'joined' | 'kept';
  /** Whether authorization responses name the issuer (RFC 9207). */
  readonly sendsIssuer: boolean;
  /** The response to a client that registers itself. Undefined: it may. */
  readonly refusesRegistration: (() => Response) | undefined;
  /** Starts the ids of clients that registered themselves. */
  readonly clientIdPrefix: string;
  /** The clients that the administrator has registered. */
  readonly registeredClients: readonly Client[];
  /** The client of MCP servers, at which people show who they are before they sign in to Autodesk. */
  readonly serverClient: Client;
  /** Changes the published keys. */
  publishedKey(jwk: Record<string, unknown>): readonly Record<string, unknown>[];
  /** The settings of a server at `address` that takes tokens of this provider. */
  settings(issuer: string, address: string): Record<string, string>;
};

/** The addresses of the servers on their default ports, which every emulated provider knows as APIs. */
export const defaultApis: readonly string[] = [5000, 5001, 5002, 5003].map(
  (port) => `http://localhost:${port}/mcp`,
);

/** The scope of an MCP server. */
export const toolsScope = 'mcp:tools';

/** The scopes of OpenID Connect Core sections 5.4 and 11. */
export const standardScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

/** The words of a space-separated list, each once. */
export function words(list: string | undefined): string[] {
  return [...new Set((list ?? '').split(' ').filter((word) => word !== ''))];
}

/** A token request may repeat the resource of the authorization request, but not name another (RFC 8707 section 2.2). */
export function sameResource(form: URLSearchParams, { resource }: Consent): Refusal | undefined {
  const named = form.get('resource');
  if (named === null || named === resource) return undefined;
  return { error: 'invalid_target', description: 'resource does not match the authorization request.' };
}

/** A refresh may narrow the scopes, but not widen them (RFC 6749 section 6). */
export function noMoreScopes(form: URLSearchParams, { scopes }: Consent): Refusal | undefined {
  if ((form.get('scope')?.split(' ') ?? []).every((scope) => scopes.includes(scope))) return undefined;
  return { error: 'invalid_scope', description: 'scope must list only scopes that the employee allowed.' };
}

/** A public client that the administrator has registered, for any port on loopback. */
export function registeredClient(clientId: string): Client {
  const paths = ['/', '/callback', '/oauth/callback', '/oauth/callback/debug'];
  return {
    clientId,
    name: 'MCP client',
    redirectUris: ['http://localhost', 'http://127.0.0.1'].flatMap((origin) =>
      paths.map((path) => `${origin}${path}`),
    ),
  };
}

/** The confidential client of MCP servers, on any port of loopback. */
export function serverClient(clientId: string): Client {
  return {
    clientId,
    clientSecret: 'sandbox-openid-client-secret',
    name: 'MCP server',
    redirectUris: ['http://localhost/signin/callback', 'http://127.0.0.1/signin/callback'],
  };
}
