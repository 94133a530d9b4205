/**
 * The sandbox: a local stand-in for Autodesk Platform Services (APS), and for a company's OpenID provider.
 *
 * @module aps-mcp/sandbox
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createSandboxApp } from './app.ts';
import { demoApplication, publicApplication } from './applications.ts';
import { type Invitation, inviteServiceAccount } from './invitations.ts';
import type { OnAnswer } from './on-answer.ts';
import type { OpenIdLikeness } from './openid/likenesses.ts';
import { issueUnattended, type OpenIdTokenChoices } from './openid/unattended-token.ts';
import type { SandboxHub } from './own-hubs.ts';
import type { SandboxRoute } from './own-routes.ts';
import type { SandboxUser } from './own-users.ts';
import type { RequestRecord } from './request-log.ts';
import { demoServiceAccount, type KnownServiceAccount } from './service-account-store.ts';
import { createSandboxState, type SandboxState } from './state.ts';
import type { Trouble } from './trouble.ts';
import { type SignInChoices, signIn } from './unattended-sign-in.ts';

export { createSandboxApp } from './app.ts';
export { demoHubs } from './data-management-data.ts';
export type { Invitation } from './invitations.ts';
export type { OnAnswer } from './on-answer.ts';
export { type Employee, employees } from './openid/employees.ts';
export { type OpenIdLikeness, openIdLikenesses } from './openid/likenesses.ts';
export type { OpenIdTokenChoices } from './openid/unattended-token.ts';
export type { SandboxFolder, SandboxHub } from './own-hubs.ts';
export type { RouteCall, SandboxRoute } from './own-routes.ts';
export type { SandboxUser } from './own-users.ts';
export type { RequestRecord } from './request-log.ts';
export type { KnownServiceAccount } from './service-account-store.ts';
export { createSandboxState, type SandboxState } from './state.ts';
export { type Fault, faultSchema, type Trouble, troubleSchema } from './trouble.ts';
export type { SignInChoices } from './unattended-sign-in.ts';
export { demoUsers, type User } from './users.ts';

/**
 * The options of {@link startSandbox}.
 *
 * @example
 * import { type SandboxOptions, startSandbox } from 'aps-mcp/sandbox';
 *
 * // Tokens live for a minute, and the clock stands still.
 * const options: SandboxOptions = { tokenLifetimeSeconds: 60, now: () => Date.UTC(2030, 0, 1) };
 * const sandbox = await startSandbox(options);
 * await sandbox.close();
 */
export type SandboxOptions = {
  /** APIs to add, behind the sandbox's token checks. They replace built-in routes with the same method and path. */
  routes?: readonly SandboxRoute[];
  /** People to add. They come first on the sign-in page, so `signIn` chooses the first of them by default. */
  users?: readonly SandboxUser[];
  /** Hubs to add, with their projects. They come first in lists. */
  hubs?: readonly SandboxHub[];
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 3599, as on APS. */
  tokenLifetimeSeconds?: number;
  /** Returns milliseconds since the epoch. Default `Date.now`; tests pass their own clock. */
  now?: () => number;
  /**
   * A service account that the demo application created in another sandbox. This sandbox adds it, invited to its hubs,
   * and puts it into `env`. Ignored if its key cannot be read.
   */
  serviceAccount?: KnownServiceAccount;
  /** More callback URLs to register: see `registerRedirectUri`. */
  redirectUris?: readonly string[];
  /** Whether calls beyond the published rate limits are refused. Default true. */
  rateLimits?: boolean;
  /**
   * Whether hub lists warn of every region in which the caller has no account, as those of APS do. Default false: only a hub
   * that is missing for lack of a custom integration causes a warning.
   */
  regionWarnings?: boolean;
  /** The real provider that the OpenID provider behaves like. Default: none. */
  openIdLike?: OpenIdLikeness;
  /** Sees a copy of each answer before it is sent, apart from those of the control routes and dropped ones. */
  onAnswer?: OnAnswer;
};

/**
 * A sandbox that listens. {@link startSandbox} starts one.
 *
 * @example
 * import type { Sandbox } from 'aps-mcp/sandbox';
 *
 * // How many tokens an application has asked for.
 * export const tokenRequests = ({ requests }: Sandbox): number =>
 *   requests.filter(({ path }) => path === '/authentication/v2/token').length;
 */
export type Sandbox = {
  /** Without a trailing slash. */
  url: string;
  /** The variables that point a server at this sandbox. */
  env: Record<string, string>;
  /** The client id of the application that signs users in with PKCE and no secret. */
  publicClientId: string;
  /** The last 10,000 answered requests, oldest first. */
  requests: RequestRecord[];
  /** The trouble switches, which simulate failures. */
  trouble: {
    /** Changes the given switches and leaves the others. Throws a `ZodError` if a value is out of range. */
    set(partial: Partial<Trouble>): void;
    /** Switches everything off and restarts the counts. */
    reset(): void;
    /** The current values of all switches. */
    readonly current: Trouble;
  };
  /** Revokes every valid access token and returns how many there were. */
  revokeAccessTokens(): number;
  /**
   * Registers a callback URL, compared character by character, for the demo application and the public one. Throws a
   * `TypeError` unless it is an absolute http(s) URL without a fragment.
   */
  registerRedirectUri(uri: string): void;
  /**
   * Plays the person in the browser: opens an authorization URL, answers the page, and returns the URL that the browser
   * would go to next. Throws an `Error` if the sandbox shows an error page.
   */
  signIn(authorizeUrl: string | URL, choices?: SignInChoices): Promise<URL>;
  /**
   * Withdraws a user's consent: ends their codes, access tokens and refresh tokens for every application. Returns how
   * many sign-ins that ended.
   */
  revokeUserTokens(userId: string): number;
  /**
   * Adds an application to the custom integrations of an account, as its admin would: until then, its hub is missing.
   * `clientId` defaults to the demo application. Throws an `Error` if there is no such account.
   */
  approveIntegration(hubId: string, clientId?: string): void;
  /**
   * Invites a service account, by its id or email address, to the hubs of the one in `env`: until then, it sees none.
   * Throws an `Error` if there is no such account.
   */
  inviteServiceAccount(idOrEmail: string): Invitation;
  /** The issuer of the company's OpenID provider, where MCP clients sign in. It is not Autodesk. */
  openIdIssuer: string;
  /** The client that its administrator has registered, if clients cannot register themselves. */
  openIdClientId: string | undefined;
  /** Registers the address of an MCP server, with `/mcp`, if an administrator would have to do that. */
  registerOpenIdApi(address: string): void;
  /** The client of MCP servers at the OpenID provider. Its callback is `/signin/callback`, on any port of loopback. */
  openIdServerClient: { readonly clientId: string; readonly clientSecret?: string };
  /** Registers another callback URL with that client. */
  registerOpenIdRedirectUri(uri: string): void;
  /** The variables of a server at `address`, with `/mcp`, that accepts tokens of the OpenID provider. */
  openIdEnv(address: string): Record<string, string>;
  /**
   * An access token of the OpenID provider, as a client would get it from a sign-in. Rejects with an `Error` if there
   * is no such employee.
   */
  openIdToken(choices?: OpenIdTokenChoices): Promise<string>;
  /** Like `signIn`, at the OpenID provider. */
  openIdSignIn(authorizeUrl: string | URL, choices?: OpenIdSignInChoices): Promise<URL>;
  /** Gives the OpenID provider a new signing key with a new `kid`. It publishes only that key. */
  rotateKeys(): Promise<void>;
  /** Closes at once, including open connections. Calling it again has no effect. */
  close(): Promise<void>;
};

/**
 * What the person does on the page of the OpenID provider.
 *
 * @example
 * import { employees, type OpenIdSignInChoices } from 'aps-mcp/sandbox';
 *
 * export const asAda: OpenIdSignInChoices = { user: employees[0].sub };
 */
export type OpenIdSignInChoices = {
  /** The `sub` of an employee. Default: the one that the page preselects. */
  user?: string;
  /** Whether to press Allow. Default true. */
  allow?: boolean;
};

/**
 * Starts a sandbox with fresh tokens, keys and data.
 *
 * Rejects with Node's error if it cannot listen on the port (`EADDRINUSE`, `EACCES`), and with a `TypeError` that says
 * what is wrong if it cannot use `routes`, `users` or `hubs`.
 *
 * @example
 * import { startSandbox } from 'aps-mcp/sandbox';
 *
 * const sandbox = await startSandbox({
 *   routes: [{ method: 'GET', path: '/cost/v1/rates', scopes: ['data:read'], answer: () => Response.json([]) }],
 * });
 * // Point your server at it, with its variables.
 * Object.assign(process.env, sandbox.env);
 * await sandbox.close();
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', routes, ...choices } = options;
  const state = await createSandboxState(choices);
  const account = adopted(state, options.serviceAccount) ?? { id: demoServiceAccount.id, ...state.demoKey };
  const app = createSandboxApp(state, options.onAnswer, routes);
  // The sandbox may run in a server's process, which keeps its own global Request and Response.
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.listen(port, host);
  await once(server, 'listening');

  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The sandbox has no port');
  const url = `http://${reachable(host)}:${address.port}`;
  const { habits } = state.openId;
  const openIdIssuer = `${url}${habits.paths.issuer}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    env: {
      APS_BASE_URL: url,
      APS_CLIENT_ID: demoApplication.clientId,
      APS_CLIENT_SECRET: demoApplication.clientSecret,
      APS_SSA_ID: account.id,
      APS_SSA_KEY_ID: account.kid,
      APS_SSA_KEY_BASE64: Buffer.from(account.privateKey).toString('base64'),
    },
    publicClientId: publicApplication.clientId,
    requests: state.requests,
    trouble: state.trouble,
    revokeAccessTokens: state.tokens.revokeAll,
    registerRedirectUri: state.redirectUris.register,
    signIn,
    revokeUserTokens: state.signIns.withdraw,
    approveIntegration: (hubId, clientId = demoApplication.clientId) =>
      state.hubAccess.approveIntegration(hubId, clientId),
    inviteServiceAccount: (idOrEmail) => inviteServiceAccount(state, idOrEmail),
    openIdIssuer,
    openIdClientId: habits.registeredClients[0]?.clientId,
    registerOpenIdApi: (address) => void state.openId.apis.add(address),
    openIdServerClient: habits.serverClient,
    registerOpenIdRedirectUri: state.openId.clients.addRedirectUri,
    openIdEnv: (address) => ({
      ...habits.settings(openIdIssuer, address),
      MCP_AUTH_CLIENT_ID: habits.serverClient.clientId,
      MCP_AUTH_CLIENT_SECRET: habits.serverClient.clientSecret ?? '',
    }),
    openIdToken: (choices) =>
      issueUnattended(state.openId, openIdIssuer, state.trouble.current.tokenLifetimeSeconds, choices),
    openIdSignIn: (authorizeUrl, { user: userId, allow } = {}) => signIn(authorizeUrl, { userId, allow }),
    rotateKeys: state.openId.tokens.rotateKeys,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

function adopted(
  state: SandboxState,
  account: KnownServiceAccount | undefined,
): KnownServiceAccount | undefined {
  if (account === undefined) return undefined;
  try {
    state.serviceAccounts.adopt(account);
    inviteServiceAccount(state, account.id);
    return account;
  } catch {
    return undefined;
  }
}

/** The host name at which this machine reaches a server that listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
