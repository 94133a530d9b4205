// Microsoft Entra ID, in the habits that MCP clients and servers meet. Emulated from documents and reports, not tried.
//
// learn.microsoft.com/entra/identity-platform: access-token-claims-reference (aud, azp, oid, scp, sub, tid, uti, ver),
//   v2-oauth2-auth-code-flow (scope, offline_access, refresh tokens stay valid), identifier-uri-restrictions,
//   refresh-tokens.
// A resource must be, byte for byte, the Application ID URI of the application whose scopes are requested:
//   github.com/anthropics/claude-code/issues/73460 and 89438, github.com/PrefectHQ/fastmcp/issues/4839.
// Scopes without the URI belong to Microsoft Graph: github.com/anthropics/claude-code/issues/89438; the error is that of
//   github.com/MicrosoftDocs/azure-docs/issues/37280. With a resource beside them:
//   github.com/anthropics/claude-ai-mcp/issues/514 and 977. No scopes: github.com/anthropics/claude-code/issues/72440.
// Unknown resources: github.com/CyberDrain/CIPP/issues/159.
// The URI of an application can be the address of a server: github.com/microsoft/vscode/issues/322126.
// A refresh with a resource and no scope: github.com/modelcontextprotocol/csharp-sdk/issues/1587 and pull/1883. By an
//   application for itself: github.com/modelcontextprotocol/typescript-sdk/issues/2718.
// The discovery document has no code_challenge_methods_supported: github.com/modelcontextprotocol/typescript-sdk/issues/832.
import { createHash } from 'node:crypto';
import type { Refusal } from '../../authorization-response.ts';
import { company, type Employee } from '../employees.ts';
import { type Habits, registeredClient, serverClient, standardScopes, toolsScope, words } from '../habits.ts';
import { path } from '../issuer.ts';

/** The ids of the directory, of the application that stands for the servers, and of that of the clients. */
const tenant = '2b7c0d4e-5bc0-4000-8000-000000000001';
export const apiId = '2b7c0d4e-5bc0-4000-8000-000000000002';
const client = registeredClient('2b7c0d4e-5bc0-4000-8000-000000000003');
const graphId = '00000003-0000-0000-c000-000000000000';

const realm = `${path}/${tenant}`;
const ownUri = `api://${apiId}`;

const mismatch: Refusal = {
  error: 'invalid_target',
  description:
    "AADSTS9010010: The resource parameter provided in the request doesn't match with the requested scopes.",
};

function noSuchScope(scope: string, resource: string): Refusal {
  return {
    error: 'invalid_client',
    description: `AADSTS650053: The application '${client.name}' asked for scope '${scope}' that doesn't exist on the resource '${resource}'. Contact the app vendor.`,
  };
}

/** The Application ID URI and the name in a scope. */
function parted(scope: string): [uri: string, name: string] {
  const slash = scope.lastIndexOf('/');
  return slash < 0 ? ['', scope] : [scope.slice(0, slash), scope.slice(slash + 1)];
}

const uriIn = (scope: string) => parted(scope)[0];
const nameIn = (scope: string) => parted(scope)[1];
const ofApi = (scopes: readonly string[]) => scopes.filter((scope) => !standardScopes.includes(scope));

/** Why scopes and resource do not go together. */
function disagreement(scopes: readonly string[], resource: string | undefined): Refusal | undefined {
  if (resource === undefined) return undefined;
  const named = ofApi(scopes);
  return named.length > 0 && named.every((scope) => uriIn(scope) === resource) ? undefined : mismatch;
}

/** A GUID that always stands for the same thing. */
function guidOf(thing: string): string {
  const hex = createHash('sha256').update(thing).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Differs by application: `oid` does not. */
function subject({ sub }: Employee): string {
  return createHash('sha256').update(`${apiId} ${sub}`).digest('base64url');
}

export const habits: Habits = {
  paths: {
    issuer: `${realm}/v2.0`,
    authorize: `${realm}/oauth2/v2.0/authorize`,
    token: `${realm}/oauth2/v2.0/token`,
    jwks: `${realm}/discovery/v2.0/keys`,
    // That of Microsoft Graph takes tokens for Microsoft Graph only.
    userinfo: undefined,
    register: undefined,
    discovery: [`${realm}/v2.0/.well-known/openid-configuration`],
  },
  metadata: {
    scopes_supported: standardScopes,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    code_challenge_methods_supported: undefined,
    grant_types_supported: undefined,
    request_uri_parameter_supported: false,
    // Public clients send no secret all the same.
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    subject_types_supported: ['pairwise'],
  },

  target({ scope, resource }, apis) {
    if (scope === undefined) {
      return {
        error: 'invalid_request',
        description: "AADSTS900144: The request body must contain the following parameter: 'scope'.",
      };
    }
    const scopes = words(scope);
    const refusal = disagreement(scopes, resource);
    if (refusal !== undefined) return refusal;
    for (const named of ofApi(scopes)) {
      const [uri, name] = parted(named);
      if (uri === '') return noSuchScope(named, graphId);
      if (uri !== ownUri && uri !== apiId && !apis.has(uri)) {
        return {
          error: 'invalid_resource',
          description: `AADSTS500011: The resource principal named ${uri} was not found in the tenant named ${company}.`,
        };
      }
      if (name !== toolsScope && name !== '.default') return noSuchScope(name, apiId);
    }
    const audience = ofApi(scopes).length > 0 ? apiId : graphId;
    return { scopes, audience, shown: audience === apiId ? `${ownUri} (MCP servers)` : 'Microsoft Graph' };
  },

  tokenRequest(form, { client: { clientId }, scopes, audience }, grant) {
    const named = words(form.get('scope') ?? undefined);
    const resource = form.get('resource') ?? undefined;
    if (grant === 'authorization_code') {
      return disagreement(named.length > 0 ? named : scopes, resource);
    }
    const refusal = disagreement(named, resource);
    if (refusal !== undefined) return refusal;
    if (named.length === 0 && clientId === audience) {
      return {
        error: 'invalid_request',
        description: `AADSTS90009: Application '${clientId}'(${client.name}) is requesting a token for itself. This scenario is supported only if resource is specified using the GUID based App Identifier.`,
      };
    }
    if (named.every((scope) => scopes.includes(scope) || standardScopes.includes(scope))) return undefined;
    return {
      error: 'invalid_grant',
      description: `AADSTS65001: The user or administrator has not consented to use the application with ID '${clientId}' named '${client.name}'.`,
    };
  },

  accessToken({ issuer, employee, clientId, audience, scopes, tokenId, iat, exp }) {
    const mayKnow = scopes.includes('profile');
    // Names without the URI. The scopes of OpenID Connect stand in tokens for Microsoft Graph only.
    const named = audience === graphId ? scopes : ofApi(scopes).map(nameIn);
    return {
      aud: audience as string,
      iss: issuer,
      iat,
      nbf: iat,
      exp,
      azp: clientId,
      azpacr: '0',
      ...(mayKnow ? { name: employee.name, preferred_username: employee.email } : {}),
      oid: guidOf(employee.sub),
      tid: tenant,
      scp: named.map((name) => (name === '.default' ? toolsScope : name)).join(' '),
      sub: subject(employee),
      uti: tokenId,
      ver: '2.0',
    };
  },
  accessTokenType: 'JWT',
  usualAudience: () => apiId,
  subject,
  grantedScope: (scopes) => (ofApi(scopes).length > 0 ? ofApi(scopes) : scopes).join(' '),
  refreshable: (scopes) => scopes.includes('offline_access'),
  refreshTokens: 'joined',
  sendsIssuer: false,
  refusesRegistration: undefined,
  clientIdPrefix: '',
  // The application of the servers can be that of the clients, too.
  registeredClients: [client, registeredClient(apiId)],
  serverClient: serverClient('2b7c0d4e-5bc0-4000-8000-000000000004'),
  publishedKey: ({ alg: _, ...jwk }) => [{ ...jwk, x5t: jwk.kid }],
  settings: (issuer, address) => ({
    MCP_AUTH_ISSUER: issuer,
    MCP_AUTH_AUDIENCE: apiId,
    MCP_AUTH_SCOPES: toolsScope,
    MCP_AUTH_SCOPES_SUPPORTED: `${address}/${toolsScope}`,
    MCP_AUTH_SUBJECT_CLAIM: 'oid',
  }),
};
