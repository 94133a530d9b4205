// Starts the sandbox, a local stand-in for Autodesk Platform Services, on a port of this machine.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createSandboxApp } from './app.ts';
import { demoApplication, publicApplication } from './applications.ts';
import { path as openIdPath } from './openid/issuer.ts';
import { issueUnattended, type OpenIdTokenChoices } from './openid/unattended-token.ts';
import type { RequestRecord } from './request-log.ts';
import { demoServiceAccount, type KnownServiceAccount } from './service-account-store.ts';
import { createSandboxState, type SandboxState } from './state.ts';
import type { Trouble } from './trouble.ts';
import { type SignInChoices, signIn } from './unattended-sign-in.ts';

export { createSandboxApp } from './app.ts';
export { demoHubs } from './data-management-data.ts';
export { type Employee, employees } from './openid/employees.ts';
export type { OpenIdTokenChoices } from './openid/unattended-token.ts';
export type { RequestRecord } from './request-log.ts';
export { createSandboxState, type SandboxState } from './state.ts';
export { type Fault, faultSchema, type Trouble, troubleSchema } from './trouble.ts';
export type { SignInChoices } from './unattended-sign-in.ts';
export { demoUsers, type User } from './users.ts';

export type SandboxOptions = {
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 3599, as APS answers. */
  tokenLifetimeSeconds?: number;
  /** Milliseconds since the epoch; default `Date.now`. Tests pass a clock of their own. */
  now?: () => number;
  /**
   * A service account that the demo application made in another sandbox, which this one is to know too. It then is the
   * one in `env`. One with a key that cannot be read is not known.
   */
  serviceAccount?: KnownServiceAccount;
  /** Callback URLs to register in addition to `http://localhost:5002/callback`: see `registerRedirectUri`. */
  redirectUris?: readonly string[];
};

export type Sandbox = {
  /** Without a trailing slash. */
  url: string;
  /** The variables that point a server at this sandbox. */
  env: Record<string, string>;
  /** The client id of the application that has no secret and signs users in with PKCE alone. */
  publicClientId: string;
  /** Everything it answered, oldest first, the last 10,000. */
  requests: RequestRecord[];
  trouble: {
    /** Changes the switches that are given and leaves the others. Throws a `ZodError` when a value is out of range. */
    set(partial: Partial<Trouble>): void;
    reset(): void;
    readonly current: Trouble;
  };
  /** Revokes every live access token and says how many those were. */
  revokeAccessTokens(): number;
  /**
   * Registers a callback URL, compared character by character, with the demo application and the public one. Throws a
   * `TypeError` when it is not an absolute http(s) URL without a fragment.
   */
  registerRedirectUri(uri: string): void;
  /**
   * Acts as the person in the browser: opens the address of an authorization request, answers its page, and returns
   * the address that the browser would go to next. Throws an `Error` when there is an error page instead.
   */
  signIn(authorizeUrl: string | URL, choices?: SignInChoices): Promise<URL>;
  /**
   * Does what happens when a user withdraws their consent: ends the codes, access tokens and refresh tokens of every
   * application that they signed in to. Says how many sign-ins that were.
   */
  revokeUserTokens(userId: string): number;
  /**
   * Adds an application, the demo application unless `clientId` names another, to the custom integrations of an account,
   * as its administrator would: until then its hub is missing. Throws an `Error` when there is no such account.
   */
  approveIntegration(hubId: string, clientId?: string): void;
  /** The issuer of the company's OpenID provider, which MCP clients sign in to; it is not Autodesk. */
  openIdIssuer: string;
  /**
   * An access token of the OpenID provider, as a client would get it after a sign-in. Rejects with an `Error` when there
   * is no such employee.
   */
  openIdToken(choices?: OpenIdTokenChoices): Promise<string>;
  /** As `signIn`, at the page of the OpenID provider. */
  openIdSignIn(authorizeUrl: string | URL, choices?: OpenIdSignInChoices): Promise<URL>;
  /** Gives the OpenID provider a new signing key under a new `kid`, and lets it publish no other. */
  rotateKeys(): Promise<void>;
  /** Closes at once, open connections included. Calling it again does nothing. */
  close(): Promise<void>;
};

export type OpenIdSignInChoices = {
  /** The `sub` of one of the employees; default: whom the page proposes. */
  user?: string;
  /** Whether to press Allow; default true. */
  allow?: boolean;
};

/**
 * Starts a sandbox with fresh tokens, keys and data.
 *
 * Rejects with Node's own error when the port cannot be had (`EADDRINUSE`, `EACCES`).
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', tokenLifetimeSeconds, now, redirectUris } = options;
  const state = await createSandboxState({ tokenLifetimeSeconds, now, redirectUris });
  const account = known(state, options.serviceAccount) ?? { id: demoServiceAccount.id, ...state.demoKey };
  const app = createSandboxApp(state);
  // The sandbox may share a process with the server that it is for: leave that server's Request and Response alone.
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.listen(port, host);
  await once(server, 'listening');

  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The sandbox has no port');
  const url = `http://${reachable(host)}:${address.port}`;
  const openIdIssuer = `${url}${openIdPath}`;
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
    openIdIssuer,
    openIdToken: (choices) =>
      issueUnattended(state.openId.tokens, openIdIssuer, state.trouble.current.tokenLifetimeSeconds, choices),
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

function known(
  state: SandboxState,
  account: KnownServiceAccount | undefined,
): KnownServiceAccount | undefined {
  if (account === undefined) return undefined;
  try {
    state.serviceAccounts.adopt(account);
    return account;
  } catch {
    return undefined;
  }
}

/** The name under which this machine reaches a server that listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
