/** The server as an OAuth protected resource: its metadata, and how it accepts or refuses bearer tokens. */
import {
  bearerAuthChallengeResponse,
  getOAuthProtectedResourceMetadataUrl,
  OAuthError,
  OAuthErrorCode,
  verifyBearerToken,
} from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { type Caller, callerSchema } from '../../caller.ts';
import { bearerTokenIn } from './bearer.ts';
import type { ClientSignIn } from './client-sign-in.ts';

/** What an access token says. */
export type VerifiedToken = {
  caller: Caller;
  clientId: string;
  scopes: string[];
  /** In seconds since 1970. */
  expiresAt: number;
};

export type ProtectedResource = {
  /** The address of the server as its clients see it, with `/mcp`: its resource identifier (RFC 8707). */
  resource: string;
  /** What the server calls itself. */
  name: string;
  /** The issuer identifier of the authorization server whose tokens are accepted. */
  issuer: string;
  /** The scopes that a token must have. */
  scopes: readonly string[];
  /**
   * Verifies an access token, except for its scopes.
   *
   * @throws {OAuthError} `invalid_token` for one that is not valid here
   * @throws {VerifierUnavailable} when it cannot be verified now
   */
  verify(token: string): Promise<VerifiedToken>;
};

/** A token cannot be verified at present, through no fault of the client. */
export class VerifierUnavailable extends Error {
  override readonly name = 'VerifierUnavailable';
}

/**
 * Publishes protected resource metadata (RFC 9728) at both well-known addresses, and authenticates requests by their bearer
 * tokens (RFC 6750), as MCP's authorization specification requires.
 */
export function protectedResource({
  resource,
  name,
  issuer,
  scopes,
  verify,
}: ProtectedResource): Pick<ClientSignIn, 'publicRoutes' | 'authenticate'> {
  const metadataUrl = getOAuthProtectedResourceMetadataUrl(new URL(resource));
  const metadata = {
    resource,
    authorization_servers: [issuer],
    scopes_supported: scopes.length > 0 ? scopes : undefined,
    bearer_methods_supported: ['header'],
    resource_name: name,
  };
  const publicRoutes = new Hono();
  // Clients without the address try the path with /mcp inserted first, and then the root.
  for (const path of [new URL(metadataUrl).pathname, '/.well-known/oauth-protected-resource'])
    publicRoutes.use(path, cors()).get(path, (context) => context.json(metadata));

  const options = {
    verifier: {
      async verifyAccessToken(token: string) {
        const { caller, ...verified } = await verify(token);
        return { token, ...verified, extra: { caller } };
      },
    },
    requiredScopes: [...scopes],
    resourceMetadataUrl: metadataUrl,
  };
  return {
    publicRoutes,
    async authenticate(request) {
      const authorization = request.headers.get('authorization') ?? '';
      if (!/^bearer( |$)/i.test(authorization)) return signInFirst(metadataUrl, scopes);
      try {
        if (bearerTokenIn(authorization) === undefined)
          throw new OAuthError(OAuthErrorCode.InvalidToken, 'The Authorization header is malformed');
        const { extra } = await verifyBearerToken(authorization, options);
        return callerSchema.parse(extra?.caller);
      } catch (error) {
        if (error instanceof VerifierUnavailable) return tryLater(error);
        return bearerAuthChallengeResponse(error, options);
      }
    },
  };
}

/**
 * The challenge to a client that has no token yet, or tries another scheme. It names no error, because the client has made
 * none (RFC 6750, section 3.1).
 */
function signInFirst(metadataUrl: string, scopes: readonly string[]): Response {
  const scope = scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : '';
  return Response.json(
    { error: 'unauthorized', error_description: 'This server requires an access token.' },
    {
      status: 401,
      headers: { 'www-authenticate': `Bearer resource_metadata="${metadataUrl}"${scope}` },
    },
  );
}

function tryLater({ message }: VerifierUnavailable): Response {
  return Response.json(
    { error: 'temporarily_unavailable', error_description: message },
    { status: 503, headers: { 'retry-after': '5' } },
  );
}
