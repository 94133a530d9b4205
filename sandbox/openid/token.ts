// The token endpoint of the OpenID provider.
import { Hono } from 'hono';
import { authenticateClient } from '../client-authentication.ts';
import { oauthError } from '../errors.ts';
import { readForm } from '../parameters.ts';
import { solves } from '../pkce.ts';
import type { SandboxEnv } from '../request-log.ts';
import type { Client, Clients } from './clients.ts';
import type { Habits } from './habits.ts';
import type { Consent, SignIns } from './sign-ins.ts';
import type { OpenIdState } from './state.ts';

/** What to issue. `renewable` is whether a refresh token comes with it. */
type Granted = { consent: Consent; scopes: readonly string[]; renewable: boolean; nonce?: string };

type Grant = (client: Client, form: URLSearchParams) => Granted | Response;

/**
 * RFC 6749 section 3.2, with the ID token of OpenID Connect Core section 3.1.3. The scope offline_access adds a
 * refresh token (section 11). `lifetimeSeconds` returns the lifetime of access tokens issued now.
 */
export function tokenRoutes(
  { clients, habits, signIns, tokens }: OpenIdState,
  lifetimeSeconds: () => number,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  const grants: ReadonlyMap<string, Grant> = new Map([
    ['authorization_code', createAuthorizationCode(signIns, habits)],
    ['refresh_token', createRefreshToken(signIns, habits)],
  ]);

  routes.post(habits.paths.token, async (c) => {
    const form = await readForm(c);
    if (form instanceof Response) return form;
    const grantType = form.get('grant_type');
    if (grantType === null) return oauthError(400, 'invalid_request', 'grant_type is missing.');
    c.set('grant', grantType);
    c.set('scope', form.get('scope') ?? undefined);

    const client = clientOf(c.req.header('authorization'), form, clients);
    if (client instanceof Response) return client;
    const grant = grants.get(grantType);
    if (grant === undefined) {
      return oauthError(
        400,
        'unsupported_grant_type',
        `The provider does not support grant_type ${grantType}.`,
      );
    }
    const granted = grant(client, form);
    if (granted instanceof Response) return granted;

    const { consent, scopes, renewable, nonce } = granted;
    const { issuer, employee, audience, signedInAt } = consent;
    const { clientId } = client;
    const expiresIn = lifetimeSeconds();
    const { token, tokenId } = await tokens.signAccessToken({
      issuer,
      employee,
      clientId,
      audience,
      scopes,
      lifetimeSeconds: expiresIn,
    });
    c.set('tokenId', tokenId);
    return c.json(
      {
        access_token: token,
        token_type: 'Bearer',
        expires_in: expiresIn,
        scope: habits.grantedScope(scopes),
        refresh_token: renewable ? signIns.refreshTokens.add({ consent, spent: false }) : undefined,
        id_token: scopes.includes('openid')
          ? await tokens.signIdToken({ issuer, employee, clientId, nonce, signedInAt })
          : undefined,
      },
      200,
      { 'cache-control': 'no-store' },
    );
  });

  return routes;
}

/** The client behind a request (RFC 6749 section 3.2.1), or the OAuth error. */
function clientOf(
  authorization: string | undefined,
  form: URLSearchParams,
  clients: Clients,
): Client | Response {
  if (form.has('client_assertion')) {
    return oauthError(400, 'invalid_client', 'The provider does not support client_assertion.');
  }
  const formId = form.get('client_id') ?? undefined;
  if (authorization === undefined && clients.find(formId) === undefined) {
    return oauthError(400, 'invalid_client', 'client_id is missing or not registered.');
  }
  return authenticateClient(authorization, form, clients.find);
}

/**
 * A code works once. Using it again is refused and ends its refresh tokens (RFC 6749 section 4.1.2). Its access tokens
 * stay valid: servers verify them without asking the provider.
 */
function createAuthorizationCode({ codes }: SignIns, { refreshable, tokenRequest }: Habits): Grant {
  return (client, form) => {
    const code = form.get('code');
    const redirectUri = form.get('redirect_uri');
    const verifier = form.get('code_verifier');
    if (code === null) return oauthError(400, 'invalid_request', 'code is missing.');
    if (redirectUri === null) return oauthError(400, 'invalid_request', 'redirect_uri is missing.');
    if (verifier === null) return oauthError(400, 'invalid_request', 'code_verifier is missing.');

    const found = codes.find(code)?.thing;
    if (found === undefined || found.consent.client.clientId !== client.clientId) {
      return refused('The code is unknown, has expired, or was issued to another client.');
    }
    const { consent, nonce } = found;
    if (found.spent) {
      consent.revoked = true;
      return refused('The code was already used.');
    }
    if (found.redirectUri !== redirectUri) {
      return refused('redirect_uri does not match the authorization request.');
    }
    if (!solves(verifier, found.codeChallenge)) {
      return refused('code_verifier does not match the code_challenge of the authorization request.');
    }
    const refusal = tokenRequest(form, consent, 'authorization_code');
    if (refusal !== undefined) return oauthError(400, refusal.error, refusal.description);
    found.spent = true;
    return { consent, scopes: consent.scopes, renewable: refreshable(consent.scopes), nonce };
  };
}

/**
 * By default, a refresh token works once; each exchange returns a new one. Using an old one again also ends the newer
 * ones, because one of its two users must have stolen it (RFC 9700 section 4.14.2).
 */
function createRefreshToken({ refreshTokens }: SignIns, habits: Habits): Grant {
  return (client, form) => {
    const token = form.get('refresh_token');
    if (token === null) return oauthError(400, 'invalid_request', 'refresh_token is missing.');
    const found = refreshTokens.find(token)?.thing;
    if (found === undefined || found.consent.client.clientId !== client.clientId) {
      return refused('The refresh token is unknown, has expired, or was issued to another client.');
    }
    const { consent } = found;
    if (found.spent) consent.revoked = true;
    if (consent.revoked) {
      return refused(
        'This sign-in has ended, because a code or refresh token was used twice. Sign in again.',
      );
    }

    const refusal = habits.tokenRequest(form, consent, 'refresh_token');
    if (refusal !== undefined) return oauthError(400, refusal.error, refusal.description);
    const scopes = new Set(form.get('scope')?.split(' ') ?? consent.scopes);
    found.spent = habits.refreshTokens === 'replaced';
    return { consent, scopes: [...scopes], renewable: habits.refreshTokens !== 'kept' };
  };
}

function refused(description: string): Response {
  return oauthError(400, 'invalid_grant', description);
}
