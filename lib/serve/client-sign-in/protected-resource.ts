/** The server as an OAuth protected resource: what it says of itself, and how it lets bearer tokens in or refuses them. */
import {
  bearerAuthChallengeResponse,
  getOAuthProtectedResourceMetadataUrl,
  OAuthError,
  OAuthErrorCode,
  verifyBearerToken,
} from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Admission, ClientSignIn } from './client-sign-in.ts';

export type ProtectedResource = {
  /** The address of the server as its clients see it, with `/mcp`: its resource identifier (RFC 8707). */
  resource: string;
  /** What the server calls itself. */
  name: string;
  /** The issuer identifier of the authorization server whose tokens are good here. */
  issuer: string;
  /** The scopes that a token must have. */
  scopes: readonly string[];
  /**
   * Checks an access token, all but its scopes.
   *
   * @throws {OAuthError} `invalid_token` for one that is not good here
   * @throws {CannotTell} when that cannot be found out now
   */
  verify(token: string): Promise<Admission>;
};

/** Whether a token is good cannot be found out at present, for no fault of the client. */
export class CannotTell extends Error {
  override readonly name = 'CannotTell';
}

/**
 * Publishes protected resource metadata (RFC 9728) at both well-known places, and admits requests with a bearer token
 * (RFC 6750), as MCP's authorization specification asks.
 */
export function protectedResource({
  resource,
  name,
  issuer,
  scopes,
  verify,
}: ProtectedResource): Pick<ClientSignIn, 'open' | 'admit'> {
  const metadataUrl = getOAuthProtectedResourceMetadataUrl(new URL(resource));
  const metadata = {
    resource,
    authorization_servers: [issuer],
    scopes_supported: scopes.length > 0 ? scopes : undefined,
    bearer_methods_supported: ['header'],
    resource_name: name,
  };
  const open = new Hono();
  // Clients that were given no address of it look where the path is inserted, and then at the root.
  for (const path of [new URL(metadataUrl).pathname, '/.well-known/oauth-protected-resource'])
    open.use(path, cors()).get(path, (context) => context.json(metadata));

  const options = {
    verifier: { verifyAccessToken: verify },
    requiredScopes: [...scopes],
    resourceMetadataUrl: metadataUrl,
  };
  return {
    open,
    async admit(request) {
      const authorization = request.headers.get('authorization') ?? '';
      if (!/^bearer( |$)/i.test(authorization)) return signInFirst(metadataUrl, scopes);
      try {
        if (!bearerToken.test(authorization))
          throw new OAuthError(OAuthErrorCode.InvalidToken, 'The Authorization header cannot be read');
        const { extra, ...admitted } = await verifyBearerToken(authorization, options);
        return { ...admitted, extra: extra as Admission['extra'] };
      } catch (error) {
        if (error instanceof CannotTell) return later(error);
        return bearerAuthChallengeResponse(error, options);
      }
    },
  };
}

/** RFC 6750, section 2.1. */
const bearerToken = /^bearer +[\w.~+/-]+=*$/i;

/**
 * The challenge to a client that has no token yet, or tries another scheme: without an error, since it has made none
 * (RFC 6750, section 3.1).
 */
function signInFirst(metadataUrl: string, scopes: readonly string[]): Response {
  const scope = scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : '';
  return Response.json(
    { error: 'unauthorized', error_description: 'An access token is needed here.' },
    {
      status: 401,
      headers: { 'www-authenticate': `Bearer resource_metadata="${metadataUrl}"${scope}` },
    },
  );
}

function later({ message }: CannotTell): Response {
  return Response.json(
    { error: 'temporarily_unavailable', error_description: message },
    { status: 503, headers: { 'retry-after': '5' } },
  );
}
