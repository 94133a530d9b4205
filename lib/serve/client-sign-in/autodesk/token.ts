/** The token endpoint (RFC 6749, section 3.2), revocation (RFC 7009) and dynamic client registration (RFC 7591). */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import * as oauth from 'oauth4webapi';
import { ApsError } from '../../../aps/errors.ts';
import type { AccountSignIn } from '../../../aps-sign-in/account-sign-in.ts';
import { codeLifetime } from '../../../aps-sign-in/authorization-code-flow.ts';
import { digest } from '../../../digest.ts';
import { parseJson } from '../../../json.ts';
import { nowOrLater } from '../../../store/later.ts';
import { giveBack } from '../../../store/lease.ts';
import { type Store, StoreUnavailable } from '../../../store/store.ts';
import { readSmallBody } from '../../pages/small-body.ts';
import type { AllowedUsers, SignedInUser } from '../allowed-users.ts';
import type { ClientAuthentication } from './client-authentication.ts';
import type { Clients, McpClient } from './clients.ts';
import type { Code, Codes } from './codes.ts';
import type { Grants, TokenAnswer } from './grants.ts';

export const tokenPath = '/oauth/token';
export const registrationPath = '/oauth/register';
export const revocationPath = '/oauth/revoke';

export type TokenOptions = {
  /** The resource identifier of the MCP server: the only one that tokens are issued for. */
  resource: string;
  clients: Clients;
  codes: Codes;
  grants: Grants;
  accounts: AccountSignIn;
  /** Who can use the MCP server. */
  allowedUsers: AllowedUsers;
  authentication: ClientAuthentication;
  /** Whether clients can register themselves. */
  registration: boolean;
  /** Where marks of codes are kept: the same for every instance. */
  store: Store;
};

export function tokenRoutes(options: TokenOptions): Hono {
  const { resource, clients, codes, grants, accounts, allowedUsers, authentication, registration, store } =
    options;
  const routes = new Hono();

  if (registration)
    routes.post(registrationPath, async ({ req }) => {
      const metadata = parsed(await readSmallBody(req.raw));
      return Response.json(await clients.register(metadata), { status: 201, headers: noStore });
    });

  routes.post(tokenPath, async ({ req }) => {
    // No client has a secret. One is refused rather than ignored, so that nobody believes that it was checked.
    if (req.header('authorization') !== undefined) return withoutSecret();
    const { form, get } = await formOf(req.raw);
    if (form.getAll('resource').some((wanted) => wanted !== resource))
      throw new OAuthError(OAuthErrorCode.InvalidTarget, `resource must be ${resource}`);
    return Response.json(await answerTo(get('grant_type'), get, form), { headers: noStore });
  });

  // Whether there was anything to revoke is nobody's business (RFC 7009, section 2.2).
  routes.post(revocationPath, async ({ req }) => {
    if (req.header('authorization') !== undefined) return withoutSecret();
    const { form, get } = await formOf(req.raw);
    const { id } = await authenticated(get, form);
    await grants.revoke(get('token'), id);
    return new Response(null, { headers: noStore });
  });

  routes.onError((error) => {
    if (error instanceof HTTPException) return error.getResponse();
    const told = error instanceof OAuthError ? error : failure(error);
    const status = statusOf(told);
    return Response.json(
      { error: told.code, error_description: told.message },
      { status, headers: { ...noStore, ...(status === 503 && { 'retry-after': '5' }) } },
    );
  });

  /** The client of a request, authenticated in its own way. */
  async function authenticated(get: GetParameter, form: URLSearchParams): Promise<McpClient> {
    const client = await clients.find(authentication.clientIdIn(form) ?? get('client_id'));
    await authentication.check(client.id, client.keys, form);
    return client;
  }

  function answerTo(grantType: string, get: GetParameter, form: URLSearchParams): Promise<TokenAnswer> {
    switch (grantType) {
      case 'authorization_code':
        return exchange(get, form);
      case 'refresh_token':
        return refresh(get, form);
      default:
        throw new OAuthError(
          OAuthErrorCode.UnsupportedGrantType,
          'grant_type can be authorization_code or refresh_token',
        );
    }
  }

  async function exchange(get: GetParameter, form: URLSearchParams): Promise<TokenAnswer> {
    const { id: clientId } = await authenticated(get, form);
    const code = await codes.open(get('code'));
    if (!code || code.client !== digest(clientId) || code.redirectUri !== digest(get('redirect_uri')))
      throw new OAuthError(OAuthErrorCode.InvalidGrant, 'The code is not valid, or not for this client');
    const id = codes.idOf(code);
    const holder = crypto.randomUUID();
    try {
      // A code that comes a second time has been seen by somebody else: the grant ends (RFC 6749, section 4.1.2). The first
      // request can still be under way, here or at another instance.
      if (!(await store.add(redeemingKey(id), holder, codeLifetime))) {
        await grants.revokeReplayed(id);
        throw usedCode();
      }
      if ((await store.get(spentKey(id))) || (await grants.revokeIfExists(id))) throw usedCode();
      if (code.codeChallenge !== (await oauth.calculatePKCECodeChallenge(get('code_verifier')))) {
        // Somebody who has the code without the verifier has stolen it.
        await nowOrLater(() => store.set(spentKey(id), true, codeLifetime), codeLifetime * 1000);
        throw new OAuthError(OAuthErrorCode.InvalidGrant, 'The verifier does not belong to the code');
      }
      return await redeem(id, code, clientId);
    } finally {
      // Also if the store did not answer: it may have the mark, and a client that tries again would be taken for another.
      await nowOrLater(() => giveBack(store, redeemingKey(id), holder), codeLifetime * 1000);
    }
  }

  /**
   * Redeems the code at APS, and makes the grant. A transient failure of APS leaves the code as it was. Once APS has taken the
   * code, the client has nothing to retry with: any failure sends the person to sign in.
   */
  async function redeem(id: string, code: Code, clientId: string): Promise<TokenAnswer> {
    const tokens = await accounts.redeem(code.code, code.verifier).catch(async (error: unknown) => {
      if (!(error instanceof ApsError && error.code === 'invalid_grant')) throw error;
      // APS takes a code once: another instance may have redeemed it, and be about to make the grant.
      await grants.revokeReplayed(id);
      throw usedCode();
    });
    try {
      const account = await accounts.accountOf(tokens);
      if (await grants.wasReplayed(id)) throw usedCode();
      const denial = denialOf({ subject: account.sub, verifiedEmail: account.verifiedEmail });
      if (denial) {
        await accounts.discard(tokens);
        throw denial;
      }
      await accounts.keep(grants.callerOf(account), tokens);
      return await grants.create(id, codes.signInOf(code), account, { id: clientId, name: code.clientName });
    } catch (error) {
      if (error instanceof ApsError) throw new OAuthError(OAuthErrorCode.InvalidGrant, error.message);
      if (error instanceof StoreUnavailable)
        throw new OAuthError(OAuthErrorCode.InvalidGrant, 'The sign-in could not be stored: sign in again');
      throw error;
    }
  }

  async function refresh(get: GetParameter, form: URLSearchParams): Promise<TokenAnswer> {
    const refreshToken = get('refresh_token');
    // On `invalid_client`, a client registers again. On `invalid_grant`, it would only sign in again.
    const { id: clientId } = await authenticated(get, form);
    return grants.refresh(refreshToken, clientId, async (caller, user) => {
      // On `invalid_grant`, a client would have its person sign in again, in vain.
      const denial = denialOf(user);
      if (denial) throw denial;
      try {
        await accounts.get(caller);
        return true;
      } catch (error) {
        if (await accounts.signInIdOf(caller)) throw error;
        return false;
      }
    });
  }

  /** The error for a person who cannot use the server. It names them by their id: other names are not always ASCII. */
  function denialOf(user: SignedInUser): OAuthError | undefined {
    const reason = allowedUsers.refusalOf(user);
    return reason === undefined ? undefined : new OAuthError(OAuthErrorCode.AccessDenied, reason);
  }

  return routes;
}

/** The value of a parameter that must be given, once. @throws {OAuthError} `invalid_request` */
type GetParameter = (name: string) => string;

async function formOf(request: Request): Promise<{ form: URLSearchParams; get: GetParameter }> {
  const form = new URLSearchParams(await readSmallBody(request));
  return {
    form,
    get(name) {
      const [value, ...more] = form.getAll(name);
      if (!value || more.length > 0)
        throw new OAuthError(OAuthErrorCode.InvalidRequest, `${name} must be given, once`);
      return value;
    },
  };
}

function usedCode(): OAuthError {
  return new OAuthError(
    OAuthErrorCode.InvalidGrant,
    'The code has already been used, or Autodesk does not accept it',
  );
}

/** Of a code that is being redeemed. */
function redeemingKey(id: string): string {
  return `code-redeeming:${id}`;
}

/** Of a code that came with a wrong verifier. */
function spentKey(id: string): string {
  return `code-spent:${id}`;
}

/** If a client tried the header, the answer must name the scheme (RFC 6749, section 5.2). */
function withoutSecret(): Response {
  return Response.json(
    { error: 'invalid_client', error_description: 'Clients here have no secret: send client_id alone' },
    { status: 401, headers: { ...noStore, 'www-authenticate': 'Basic realm="none"' } },
  );
}

function parsed(json: string): unknown {
  try {
    return parseJson(json);
  } catch {
    return undefined;
  }
}

const noStore = { 'cache-control': 'no-store' };

/** Any other failure. What APS said is for people; the details of unexpected failures go to the log only. */
function failure(error: unknown): OAuthError {
  if (error instanceof StoreUnavailable || (error instanceof ApsError && isTransient(error)))
    return new OAuthError(OAuthErrorCode.TemporarilyUnavailable, error.message);
  console.error(error instanceof Error && !(error instanceof ApsError) ? error.stack : String(error));
  return new OAuthError(OAuthErrorCode.ServerError, 'Internal error');
}

function statusOf({ code }: OAuthError): number {
  if (code === OAuthErrorCode.InvalidClient) return 401;
  if (code === OAuthErrorCode.TemporarilyUnavailable) return 503;
  return code === OAuthErrorCode.ServerError ? 500 : 400;
}

/** Without a status, APS did not answer. */
function isTransient({ status = 503 }: ApsError): boolean {
  return status >= 500 || status === 429;
}
