/** The token endpoint (RFC 6749, section 3.2), revocation (RFC 7009) and dynamic client registration (RFC 7591). */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { ApsError } from '../../../aps/errors.ts';
import type { AccountSignIn } from '../../../aps-sign-in/account-sign-in.ts';
import { parseJson } from '../../../json.ts';
import { type Store, StoreUnavailable } from '../../../store/store.ts';
import { readSmallBody } from '../../pages/small-body.ts';
import type { AllowedUsers, SignedInUser } from '../allowed-users.ts';
import type { ClientAuthentication } from './client-authentication.ts';
import type { Clients, McpClient } from './clients.ts';
import { codeExchange, type GetParameter } from './code-exchange.ts';
import type { Codes } from './codes.ts';
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
  const { resource, clients, grants, accounts, allowedUsers, authentication, registration } = options;
  const exchange = codeExchange({ ...options, denialOf });
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

  async function answerTo(grantType: string, get: GetParameter, form: URLSearchParams): Promise<TokenAnswer> {
    switch (grantType) {
      case 'authorization_code':
        return exchange(await authenticated(get, form), get);
      case 'refresh_token':
        return refresh(get, form);
      default:
        throw new OAuthError(
          OAuthErrorCode.UnsupportedGrantType,
          'grant_type can be authorization_code or refresh_token',
        );
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
