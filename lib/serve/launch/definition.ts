/** What a file in `servers/` defines. */
import type { FastMCP } from 'fastmcp';
import type { BrowserAccess } from '../../aps-sign-in/authorization-code.ts';
import type { Caller } from '../../caller.ts';
import type { Settings, Variables } from '../../config/settings.ts';
import { createKeys } from '../../sealed.ts';
import { StartupError } from '../../startup-error.ts';
import type { UserTokens } from '../../token-source.ts';
import type { BuiltServer } from '../mcp/service.ts';

/** How a definition is served, as far as its sign-in needs to know. */
export type ServingContext = {
  /** How the browsers of users reach the server. */
  browser: BrowserAccess;
  /** The tokens of users who have already signed in to Autodesk in their MCP client: no second sign-in is needed. */
  accountTokens?: UserTokens;
};

/** A server: a way to sign in to APS, the variables that it needs, and the FastMCP definition made from them. */
export type ServerDefinition<Shape extends Variables = Variables> = {
  /** The name on the command line, e.g. `2lo`. */
  readonly name: string;
  /** The APS sign-in, in a few words, for the banner. */
  readonly apsSignIn: string;
  /** The default port for HTTP. */
  readonly port: number;
  /** Where tokens belong to users: what they can be used for, e.g. `data:read`. */
  readonly userScopes?: readonly string[];
  /** The variables that it needs, with a schema each. */
  readonly variables: Shape;
  /**
   * Builds the FastMCP definition. Opens nothing: no port, no connection, no file.
   *
   * @returns the FastMCP server and, where tokens belong to users, those tokens
   */
  create(settings: Settings<Shape>, context: ServingContext): FastMCP<Caller> | Required<BuiltServer>;
};

/**
 * Defines a server; `create` gets the variables checked and typed.
 *
 * @example
 * export const definition = defineServer({
 *   name: 'mine',
 *   apsSignIn: '2-legged, as the application itself',
 *   port: 5010,
 *   variables: apsApplication,
 *   create: (settings) => new FastMCP<Caller>({ name: 'Mine', version: '1.0.0' }),
 * });
 */
export function defineServer<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
): ServerDefinition<Shape> {
  return definition;
}

/** Whether the APS application of a server is a public client, one without a secret. */
export function isPublicClient({ variables }: ServerDefinition): boolean {
  return !('APS_CLIENT_SECRET' in variables);
}

/** Builds a definition, for the service that runs it. */
export function build<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  settings: Settings<Shape>,
  context: ServingContext = withoutBrowsers,
): BuiltServer {
  const built = definition.create(settings, context);
  return 'users' in built ? built : { server: built };
}

/** For a definition that runs without the launcher, under FastMCP's own `start()`. */
const withoutBrowsers: ServingContext = {
  browser: {
    callbackUrl: () =>
      Promise.reject(new StartupError('Without the launcher, there is no callback URL for sign-ins.')),
    keys: createKeys(),
  },
};
