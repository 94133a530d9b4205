/** What a file in `servers/` defines. */
import type { BrowserAccess } from '../../aps-sign-in/authorization-code.ts';
import type { Settings, Variables } from '../../config/settings.ts';
import type { UserTokens } from '../../token-source.ts';
import type { Built } from '../mcp/service.ts';

/**
 * What a sign-in needs to know of how its server is served. `create` gets it.
 *
 * @example
 * import { authorizationCode, type ServingContext, type UserTokens } from 'aps-mcp';
 *
 * export const usersOf = (clientId: string, { browser, accountTokens }: ServingContext): UserTokens =>
 *   accountTokens ??
 *   authorizationCode({
 *     clientId,
 *     baseUrl: 'https://developer.api.autodesk.com',
 *     scopes: ['data:read'],
 *     browser,
 *   });
 */
export type ServingContext = {
  /** How the browsers of users reach the server. */
  browser: BrowserAccess;
  /** The tokens of users who have already signed in to Autodesk in their MCP client: no second sign-in is needed. */
  accountTokens?: UserTokens;
};

/**
 * What you write: a way to sign in to APS, the variables that it needs, and the FastMCP definition made from them.
 *
 * @example
 * import { apsApplication, type ServerDescription, version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export const description: ServerDescription<typeof apsApplication> = {
 *   name: 'mine',
 *   apsSignIn: '2-legged, as the application itself',
 *   port: 5010,
 *   variables: apsApplication,
 *   create: () => new FastMCP({ name: 'Mine', version }),
 * };
 */
export type ServerDescription<Shape extends Variables = Variables> = {
  /** The name on the command line, e.g. `2lo`. */
  readonly name: string;
  /** The APS sign-in, in a few words, for the banner. */
  readonly apsSignIn: string;
  /** The default port for HTTP. */
  readonly port: number;
  /**
   * The scopes of users' tokens, e.g. `data:read`, if tokens belong to users. Only a server that names them keeps tokens in
   * the store of `STORE_URL`; any other keeps its token in memory.
   */
  readonly userScopes?: readonly string[];
  /** The variables that it needs, with a schema each. */
  readonly variables: Shape;
  /**
   * Builds the FastMCP definition. Opens nothing: no port, no connection, no file.
   *
   * @param settings - the variables, checked and typed
   * @param context - how the server is served
   * @returns the FastMCP server. With `users`, tokens belong to users. With `tokens`, all callers share one token: the server
   *   requests it when it starts, and reports at once if APS refuses.
   */
  create(settings: Settings<Shape>, context: ServingContext): Built;
};

/**
 * What the launcher starts. {@link defineServer} makes one.
 *
 * @example
 * import { type apsApplication, type ServerDefinition, startIfMain } from 'aps-mcp';
 *
 * export const main = (definition: ServerDefinition<typeof apsApplication>) =>
 *   startIfMain(import.meta.url, definition);
 */
export type ServerDefinition<Shape extends Variables = Variables> = ServerDescription<Shape> & {
  /** Whether its APS application is a public client, one without a secret. */
  readonly isPublicClient: boolean;
};
