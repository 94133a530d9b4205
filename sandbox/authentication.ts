// The routes of the Authentication API: token, revoke, introspect, keys and OpenID discovery.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Application } from './applications.ts';
import { authenticateClient } from './client-authentication.ts';
import { oauthError } from './errors.ts';
import { createAuthorizationCode } from './grants/authorization-code.ts';
import { clientCredentials } from './grants/client-credentials.ts';
import type { Grant, Granted } from './grants/grant.ts';
import { createJwtBearer } from './grants/jwt-bearer.ts';
import { createRefreshToken } from './grants/refresh-token.ts';
import { readForm } from './parameters.ts';
import type { SandboxEnv } from './request-log.ts';
import { publishedScopes } from './scopes.ts';
import type { SandboxState } from './state.ts';

/** Published rate limits: calls per minute for each application. */
export const callsPerMinute = { token: 500, revoke: 100, introspect: 500 } as const;

/** The grants for applications without a secret. */
const publicGrants: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token']);

const revocation = z.object({
  token: z.string('token is missing'),
  token_type_hint: z.enum(
    ['access_token', 'refresh_token'],
    'token_type_hint must be access_token or refresh_token',
  ),
});

/** https://aps.autodesk.com/en/docs/oauth/v2/reference/http/ */
export function authenticationRoutes(state: SandboxState): Hono<SandboxEnv> {
  const { now, applications, rateLimits, serviceAccounts, signIns, tokens, trouble } = state;
  const routes = new Hono<SandboxEnv>();
  const grants: ReadonlyMap<string, Grant> = new Map([
    ['authorization_code', createAuthorizationCode(signIns)],
    ['client_credentials', clientCredentials],
    ['refresh_token', createRefreshToken(signIns)],
    ['urn:ietf:params:oauth:grant-type:jwt-bearer', createJwtBearer(now, serviceAccounts)],
  ]);

  const authenticated = (
    c: Context<SandboxEnv>,
    form: URLSearchParams,
    call: keyof typeof callsPerMinute,
  ): Application | Response => {
    const application = authenticateClient(c.req.header('authorization'), form, (id) =>
      applications.find(({ clientId }) => clientId === id),
    );
    if (application instanceof Response) return application;
    return rateLimits.count(`${call} ${application.clientId}`, callsPerMinute[call]) ?? application;
  };

  routes.post('/authentication/v2/token', async (c) => {
    const form = await readForm(c);
    if (form instanceof Response) return form;
    const grantType = form.get('grant_type');
    if (grantType === null) return oauthError(400, 'invalid_request', 'grant_type is missing.');
    c.set('grant', grantType);
    c.set('scope', form.get('scope') ?? undefined);

    const application = authenticated(c, form, 'token');
    if (application instanceof Response) return application;
    const grant = grants.get(grantType);
    if (grant === undefined) {
      return oauthError(
        400,
        'unsupported_grant_type',
        `The sandbox does not support grant_type ${grantType}.`,
      );
    }
    if (application.type === 'public' && !publicGrants.has(grantType)) {
      return oauthError(400, 'unauthorized_client', 'An application without a secret cannot use this grant.');
    }
    const granted = await grant({
      application,
      form,
      tokenEndpoint: `${origin(c)}/authentication/v2/token`,
    });
    if (granted instanceof Response) return granted;

    const lifetimeSeconds = trouble.current.tokenLifetimeSeconds;
    const issued = await tokens.issue({
      issuer: origin(c),
      clientId: application.clientId,
      lifetimeSeconds,
      ...granted,
    });
    c.set('tokenId', issued.tokenId);
    return c.json(
      {
        access_token: issued.token,
        token_type: 'Bearer',
        expires_in: lifetimeSeconds,
        ...(await tokensOfUser(origin(c), granted)),
      },
      200,
      { 'cache-control': 'no-store' },
    );
  });

  const tokensOfUser = async (issuer: string, { consent, nonce, scopes }: Granted) => {
    if (consent === undefined) return {};
    const { clientId, userId } = consent;
    return {
      refresh_token: signIns.refreshTokens.add(consent),
      id_token: scopes.includes('openid')
        ? await tokens.issueIdToken({ issuer, clientId, userId, nonce })
        : undefined,
    };
  };

  // RFC 7009, except that token_type_hint is required.
  routes.post('/authentication/v2/revoke', async (c) => {
    const form = await readForm(c);
    if (form instanceof Response) return form;
    const application = authenticated(c, form, 'revoke');
    if (application instanceof Response) return application;
    const request = revocation.safeParse(Object.fromEntries(form));
    if (!request.success) return oauthError(400, 'invalid_request', problem(request.error));

    const found = tokens.find(request.data.token);
    const consent = signIns.refreshTokens.find(request.data.token)?.thing;
    const owner = found?.clientId ?? consent?.clientId;
    if (owner !== undefined && owner !== application.clientId) {
      // RFC 7009 section 2.1 requires an error, and RFC 6749 section 5.2 defines its code.
      return oauthError(400, 'invalid_grant', 'The token was issued to another client.');
    }
    if (found !== undefined) c.set('tokenId', found.tokenId);
    tokens.revoke(request.data.token);
    // A revoked refresh token also ends the access tokens of its sign-in, as RFC 7009 section 2.1 recommends. A
    // revoked access token ends nothing else. What APS does is not published.
    if (consent !== undefined) consent.revoked = true;
    return c.body(null, 200, { 'cache-control': 'no-store' });
  });

  // RFC 7662. Another application's token is reported as inactive (section 2.2).
  routes.post('/authentication/v2/introspect', async (c) => {
    const form = await readForm(c);
    if (form instanceof Response) return form;
    const application = authenticated(c, form, 'introspect');
    if (application instanceof Response) return application;
    const token = form.get('token');
    if (token === null) return oauthError(400, 'invalid_request', 'token is missing.');

    const headers = { 'cache-control': 'no-store' };
    const found = tokens.find(token) ?? introspectableRefreshToken(token);
    if (found?.clientId !== application.clientId) return c.json({ active: false }, 200, headers);
    c.set('tokenId', found.tokenId);
    const { clientId, expiresAt, scopes, userId } = found;
    return c.json(
      { active: true, scope: scopes.join(' '), client_id: clientId, exp: expiresAt, userid: userId },
      200,
      headers,
    );
  });

  const introspectableRefreshToken = (token: string) => {
    const found = signIns.refreshTokens.find(token);
    if (found === undefined || found.thing.revoked) return undefined;
    return { ...found.thing, tokenId: undefined, expiresAt: Math.floor(found.expiresAt / 1000) };
  };

  routes.get('/authentication/v2/keys', (c) => c.json(tokens.jwks));
  routes.get('/.well-known/openid-configuration', (c) => c.json(discovery(origin(c))));
  return routes;
}

/**
 * The discovery document, with the members that APS publishes. APS has more response types and modes: the sandbox lists
 * only those that it serves.
 *
 * The issuer of APS is `https://developer.api.autodesk.com`. Here, and in the `iss` of tokens, it is the origin of
 * the request URL: clients must reject a document from elsewhere than its `issuer` (OpenID Connect Discovery section
 * 4.3), and a sandbox token must never pass for one of Autodesk's.
 */
function discovery(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authentication/v2/authorize`,
    token_endpoint: `${issuer}/authentication/v2/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/authentication/v2/keys`,
    revocation_endpoint: `${issuer}/authentication/v2/revoke`,
    introspection_endpoint: `${issuer}/authentication/v2/introspect`,
    scopes_supported: publishedScopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
}

function origin(c: Context<SandboxEnv>): string {
  return new URL(c.req.url).origin;
}

function problem(error: z.ZodError): string {
  return error.issues.map(({ message }) => message).join('; ');
}
