/** The token endpoint (RFC 6749, section 3.2) and dynamic client registration (RFC 7591). */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { OAuthProxyError } from 'fastmcp/auth';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { ApsError } from '../../../aps/errors.ts';
import type { AccountTokens } from '../../../auth/account-tokens.ts';
import type { ApsProxy } from '../../../auth/aps-proxy.ts';
import { smallBody } from '../../small-body.ts';
import type { Clients } from './clients.ts';
import type { Codes } from './codes.ts';
import type { Grants, TokenAnswer } from './grants.ts';

export const tokenPath = '/oauth/token';
export const registrationPath = '/oauth/register';

export type TokenOptions = {
  /** The resource identifier of the MCP server: the only one that tokens are made for. */
  resource: string;
  clients: Clients;
  codes: Codes;
  grants: Grants;
  proxy: ApsProxy;
  accounts: AccountTokens;
};

export function tokenRoutes({ resource, clients, codes, grants, proxy, accounts }: TokenOptions): Hono {
  const routes = new Hono();

  routes.post(registrationPath, async ({ req }) => {
    const metadata = parsed(await smallBody(req.raw));
    return Response.json(await clients.register(metadata), { status: 201, headers: noStore });
  });

  routes.post(tokenPath, async ({ req }) => {
    // All clients are public: a secret is not looked at, so none is taken for checked.
    if (req.header('authorization') !== undefined) return withoutSecret();
    const form = new URLSearchParams(await smallBody(req.raw));
    const get = (name: string) => {
      const [value, ...more] = form.getAll(name);
      if (!value || more.length > 0)
        throw new OAuthError(OAuthErrorCode.InvalidRequest, `${name} must be given, once`);
      return value;
    };
    if (form.getAll('resource').some((wanted) => wanted !== resource))
      throw new OAuthError(OAuthErrorCode.InvalidTarget, `resource must be ${resource}`);
    return Response.json(await answerTo(get('grant_type'), get), { headers: noStore });
  });

  routes.onError((error) => {
    if (error instanceof HTTPException) return error.getResponse();
    const told = error instanceof OAuthError ? error : failure(error);
    return Response.json(
      { error: told.code, error_description: told.message },
      { status: statusOf(told), headers: noStore },
    );
  });

  function answerTo(grantType: string, get: (name: string) => string): Promise<TokenAnswer> {
    switch (grantType) {
      case 'authorization_code':
        return exchange(get);
      case 'refresh_token':
        return refresh(get);
      default:
        throw new OAuthError(
          OAuthErrorCode.UnsupportedGrantType,
          'grant_type can be authorization_code or refresh_token',
        );
    }
  }

  async function exchange(get: (name: string) => string): Promise<TokenAnswer> {
    const sealed = get('code');
    const code = await codes.open(sealed);
    if (!code || code.clientId !== get('client_id') || code.redirectUri !== get('redirect_uri'))
      throw new OAuthError(OAuthErrorCode.InvalidGrant, 'The code is not good, or not for this client');
    const { clientId, clientName, redirectUri, proxyClient } = code;
    try {
      const tokens = await proxy.exchange(code.code, get('code_verifier'), redirectUri, proxyClient);
      const account = await accounts.accountOf(tokens);
      await accounts.keep(grants.callerOf(account), tokens);
      return await grants.create(code.code, account, { id: clientId, name: clientName });
    } catch (error) {
      // The code is used up, so there is nothing to try again with.
      if (error instanceof ApsError) throw new OAuthError(OAuthErrorCode.InvalidGrant, error.message);
      if (!(error instanceof OAuthProxyError)) throw error;
      // A code that comes a second time has been seen by somebody else: what the first got ends (RFC 6749, 4.1.2).
      await grants.revokeFor(code.code);
      throw new OAuthError(
        OAuthErrorCode.InvalidGrant,
        'The code has been used, or the verifier is not its own',
      );
    }
  }

  async function refresh(get: (name: string) => string): Promise<TokenAnswer> {
    const clientId = get('client_id');
    const refreshToken = get('refresh_token');
    // A client that is told so registers anew; of a refresh token that is not good, it would only hear to sign in.
    await clients.checkRegistration(clientId);
    return grants.refresh(refreshToken, clientId, async (caller) => {
      try {
        await accounts.get(caller);
        return true;
      } catch (error) {
        if (await accounts.signInOf(caller)) throw error;
        return false;
      }
    });
  }

  return routes;
}

/** After an attempt with the header, the answer has to name the scheme (RFC 6749, section 5.2). */
function withoutSecret(): Response {
  return Response.json(
    { error: 'invalid_client', error_description: 'Clients here have no secret: send client_id alone' },
    { status: 401, headers: { ...noStore, 'www-authenticate': 'Basic realm="none"' } },
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const noStore = { 'cache-control': 'no-store' };

/** Whatever else goes wrong. What APS said is for people; anything unexpected is for the log alone. */
function failure(error: unknown): OAuthError {
  if (error instanceof ApsError) return new OAuthError(OAuthErrorCode.TemporarilyUnavailable, error.message);
  console.error(error instanceof Error ? error.stack : error);
  return new OAuthError(OAuthErrorCode.ServerError, 'Internal error');
}

function statusOf({ code }: OAuthError): number {
  if (code === OAuthErrorCode.InvalidClient) return 401;
  if (code === OAuthErrorCode.TemporarilyUnavailable) return 503;
  return code === OAuthErrorCode.ServerError ? 500 : 400;
}
