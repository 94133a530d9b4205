/**
 * Client sign-in with the Autodesk account: this server is an OAuth 2.1 authorization server in front of APS. People sign in
 * to Autodesk from their MCP client, and tools that act for them use the APS token that comes of it. The client gets tokens
 * that are valid at this server only.
 */
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { RetryPolicy } from '../../aps/http.ts';
import { accountSignIn } from '../../aps-sign-in/account-sign-in.ts';
import type { AllowedUser } from '../../config/allowed-users.ts';
import type { Keys } from '../../sealed.ts';
import { partOf, type Store } from '../../store/store.ts';
import { createBrowserBinding } from '../pages/browser-binding.ts';
import { callbackPath } from '../pages/callback.ts';
import { createAllowedUsers } from './allowed-users.ts';
import { accountProvider } from './autodesk/account-provider.ts';
import { authorizePath, authorizeRoutes } from './autodesk/authorize.ts';
import { assertionAlgorithms, createClientAuthentication } from './autodesk/client-authentication.ts';
import { createClients } from './autodesk/clients.ts';
import { createCodes } from './autodesk/codes.ts';
import { createGrants } from './autodesk/grants.ts';
import { createFetchDocument, type FetchDocument } from './autodesk/metadata-document.ts';
import { privateUseRedirectUris } from './autodesk/redirect-uris.ts';
import { registrationPath, revocationPath, tokenPath, tokenRoutes } from './autodesk/token.ts';
import type { ClientSignIn } from './client-sign-in.ts';
import { protectedResource } from './protected-resource.ts';

export type Autodesk = {
  /** The APS application that people sign in through, a confidential one. */
  clientId: string;
  clientSecret: string;
  /** What the APS tokens can be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** Origin of APS. */
  baseUrl: string;
  /** Whether to use PKCE at APS. Default true; false only for an application for which APS refuses it. */
  pkce?: boolean;
  /** Origin of this server, as clients and browsers see it: its issuer identifier. */
  publicUrl: string;
  /** The address of the MCP server: `publicUrl` with `/mcp`. */
  resource: string;
  /** What this server calls itself. */
  name: string;
  keys: Keys;
  /** Whether MCP clients can identify themselves with metadata documents. Default true. */
  documents?: boolean;
  /** Whether MCP clients can register themselves. Default true. */
  registration?: boolean;
  /** Redirect URIs with private-use schemes that are allowed, besides {@link privateUseRedirectUris}. */
  redirectUris?: readonly string[];
  /** Who can use the server; everybody with an Autodesk account by default. */
  allowedUsers?: readonly AllowedUser[];
  /** The absolute lifetime of a grant, in days. Default 90. */
  grantDays?: number;
  /** Where grants and APS tokens are kept, and marks of what must not happen twice: the same for every instance. */
  store: Store;
  /** Fetches metadata documents of clients; guarded against private addresses by default. */
  fetchDocument?: FetchDocument;
  retryPolicy?: RetryPolicy;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

export function autodesk(options: Autodesk): ClientSignIn {
  const { scopes, publicUrl, resource, name, keys, fetchDocument = createFetchDocument(), now } = options;
  const { documents = true, registration = true, redirectUris = [], grantDays = 90 } = options;
  const allowedUsers = createAllowedUsers(options.allowedUsers);
  // Tokens are of use only to the same application, at the same APS, with the same scopes.
  const store = partOf(options.store, [options.clientId, options.baseUrl, ...scopes]);

  const accounts = accountSignIn({ ...options, store, callbackUrl: `${publicUrl}${callbackPath}` });
  const clients = createClients({
    ...{ keys, fetchDocument, documents, now },
    privateUse: [...privateUseRedirectUris, ...redirectUris],
  });
  const authentication = createClientAuthentication(
    [publicUrl, `${publicUrl}${tokenPath}`],
    fetchDocument,
    store,
    now,
  );
  const codes = createCodes(keys, now);
  const grants = createGrants({
    ...{ keys, issuer: publicUrl, resource, scopes, store, now },
    grantLifetime: grantDays * 24 * 3600,
    signInIdOf: accounts.signInIdOf,
  });
  const browserBinding = createBrowserBinding(keys, 'consent forms', publicUrl);

  const { publicRoutes, authenticate } = protectedResource({
    ...{ resource, name, issuer: publicUrl, scopes, allowedUsers },
    verify: grants.verify,
  });
  return {
    whoCanCall: allowedUsers.describe('with an Autodesk account'),
    howToSignIn: 'When your MCP client connects, it asks you to sign in with your Autodesk account.',
    publicRoutes: publicRoutes
      .route('/', metadataRoutes({ issuer: publicUrl, resource, scopes, documents, registration }))
      .route(
        '/',
        authorizeRoutes({
          ...{ issuer: publicUrl, resource, server: name, scopes, callbackPath },
          ...{ clients, codes, grants, accounts, browserBinding, keys, now },
        }),
      ),
    clientRoutes: tokenRoutes({
      ...{ resource, clients, codes, grants, accounts, allowedUsers, authentication, registration, store },
    }),
    authenticate,
    identityProvider: accountProvider({ accounts, grants, allowedUsers }),
    accountTokens: accounts,
  };
}

/** Authorization server metadata: RFC 8414, with RFC 9207, RFC 9728 and Client ID Metadata Documents. */
function metadataRoutes(options: {
  issuer: string;
  resource: string;
  scopes: readonly string[];
  documents: boolean;
  registration: boolean;
}): Hono {
  const { issuer, resource, scopes, documents, registration } = options;
  const methods = ['none', ...(documents ? ['private_key_jwt'] : [])];
  const algorithms = documents ? assertionAlgorithms : undefined;
  const path = '/.well-known/oauth-authorization-server';
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}${authorizePath}`,
    token_endpoint: `${issuer}${tokenPath}`,
    revocation_endpoint: `${issuer}${revocationPath}`,
    registration_endpoint: registration ? `${issuer}${registrationPath}` : undefined,
    scopes_supported: scopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: documents,
    protected_resources: [resource],
  };
  return new Hono().use(path, cors()).get(path, (context) => context.json(metadata));
}
