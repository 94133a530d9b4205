/**
 * Client sign-in with the Autodesk account: this server is an authorization server of its own (OAuth 2.1), in front of APS.
 * People sign in to Autodesk from their MCP client, and the tools that act for them use the APS token that comes of it.
 * What the client gets are tokens of this server, good for nothing else.
 */
import { MemoryTokenStorage, type TokenStorage } from 'fastmcp/auth';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Patience } from '../../aps/http.ts';
import { accountTokens } from '../../auth/account-tokens.ts';
import { apsProxy } from '../../auth/aps-proxy.ts';
import { createBrowsers } from '../browsers.ts';
import { callbackPath } from '../callback.ts';
import type { Keys } from '../keys.ts';
import { authorizePath, authorizeRoutes } from './autodesk/authorize.ts';
import { createClients } from './autodesk/clients.ts';
import { createCodes } from './autodesk/codes.ts';
import { createGrants } from './autodesk/grants.ts';
import { createFetchDocument, type FetchDocument } from './autodesk/metadata-document.ts';
import { registrationPath, tokenPath, tokenRoutes } from './autodesk/token.ts';
import type { ClientSignIn } from './client-sign-in.ts';
import { protectedResource } from './protected-resource.ts';

export type Autodesk = {
  /** The APS application that people sign in through, a confidential one. */
  clientId: string;
  clientSecret: string;
  /** What the APS tokens may be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** Origin of APS. */
  baseUrl: string;
  /** Origin of this server, as clients and browsers see it: its issuer identifier. */
  publicUrl: string;
  /** The address of the MCP server: `publicUrl` with `/mcp`. */
  resource: string;
  /** What this server calls itself. */
  name: string;
  keys: Keys;
  /** Where sign-ins under way, grants and APS tokens are kept; in memory by default. */
  storage?: Required<TokenStorage>;
  /** How metadata documents of clients are read; with every guard by default. */
  fetchDocument?: FetchDocument;
  patience?: Patience;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

export function autodesk(options: Autodesk): ClientSignIn {
  const { clientId, clientSecret, scopes, baseUrl, publicUrl, resource, name, keys } = options;
  const { fetchDocument = createFetchDocument(), patience, now } = options;
  const memory = new MemoryTokenStorage();
  const storage = options.storage ?? memory;

  const proxy = apsProxy({
    ...{ clientId, clientSecret, scopes, baseUrl, publicUrl, callbackPath, storage },
    key: keys('APS proxy'),
  });
  const accounts = accountTokens({ clientId, clientSecret, baseUrl, storage, patience, now });
  const clients = createClients(keys('MCP clients'), fetchDocument);
  const codes = createCodes(keys('authorization codes'));
  const grants = createGrants({
    ...{ issuer: publicUrl, resource, scopes, storage, now },
    signInOf: accounts.signInOf,
    key: keys('access tokens'),
  });
  const browsers = createBrowsers(keys('consent forms'), publicUrl.startsWith('https:'));

  const { open, admit } = protectedResource({
    ...{ resource, name, issuer: publicUrl, scopes },
    verify: grants.verify,
  });
  return {
    whoMayCall: 'whoever signs in with an Autodesk account',
    open: open.route('/', metadataRoutes(publicUrl, resource, scopes)).route(
      '/',
      authorizeRoutes({
        ...{ issuer: publicUrl, resource, server: name, scopes, callbackPath },
        ...{ clients, codes, proxy, browsers, storage },
      }),
    ),
    endpoints: tokenRoutes({ resource, clients, codes, grants, proxy, accounts }),
    admit,
    accountTokens: accounts,
    close: () => memory.destroy(),
  };
}

/** Authorization server metadata: RFC 8414, with RFC 9207, RFC 9728 and Client ID Metadata Documents. */
function metadataRoutes(issuer: string, resource: string, scopes: readonly string[]): Hono {
  const path = '/.well-known/oauth-authorization-server';
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}${authorizePath}`,
    token_endpoint: `${issuer}${tokenPath}`,
    registration_endpoint: `${issuer}${registrationPath}`,
    scopes_supported: scopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    protected_resources: [resource],
  };
  return new Hono().use(path, cors()).get(path, (context) => context.json(metadata));
}
