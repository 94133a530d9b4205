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
import { z } from 'zod';
import { type Caller, callerSchema } from '../../caller.ts';
import { StoreUnavailable } from '../../store/store.ts';
import type { AllowedUsers, SignedInUser } from './allowed-users.ts';
import { bearerTokenIn, jsonRpcRefusal } from './bearer.ts';
import type { ClientSignIn } from './client-sign-in.ts';

/** What an access token says. */
export type VerifiedToken = Omit<SignedInUser, 'name'> & {
  caller: Caller;
  clientId: string;
  scopes: string[];
  /** In seconds since 1970. */
  expiresAt: number;
};

export type ProtectedResource = {
  /** The address of the server as its clients see it, with `/mcp`. */
  resource: string;
  /** Its resource identifier (RFC 8707); its address by default. */
  resourceIdentifier?: string;
  /** What the server calls itself. */
  name: string;
  /** The issuer identifier of the authorization server whose tokens are accepted. */
  issuer: string;
  /** The scopes that a token must have. */
  scopes: readonly string[];
  /** The scopes that clients are told to request, for providers that name them differently there; `scopes` by default. */
  scopesSupported?: readonly string[];
  /** Who can use the server. */
  allowedUsers: AllowedUsers;
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

/** A token is valid, but the person whose it is cannot use the server. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

/**
 * Publishes protected resource metadata (RFC 9728) at both well-known addresses, and authenticates requests by their bearer
 * tokens (RFC 6750), as MCP's authorization specification requires.
 */
export function protectedResource({
  resource,
  resourceIdentifier = resource,
  name,
  issuer,
  scopes,
  scopesSupported = scopes,
  allowedUsers,
  verify,
}: ProtectedResource): Pick<ClientSignIn, 'publicRoutes' | 'authenticate'> & {
  /** The caller that an access token names. Refuses what `authenticate` refuses, by an error. */
  callerOf(accessToken: string): Promise<Caller>;
} {
  const metadataUrl = getOAuthProtectedResourceMetadataUrl(new URL(resource));
  const metadata = {
    resource: resourceIdentifier,
    authorization_servers: [issuer],
    scopes_supported: scopesSupported.length > 0 ? scopesSupported : undefined,
    bearer_methods_supported: ['header'],
    resource_name: name,
  };
  const publicRoutes = new Hono();
  // Clients without the address try the path with /mcp inserted first, and then the root.
  const { pathname } = new URL(metadataUrl);
  for (const path of [pathname, `${pathname}/`, '/.well-known/oauth-protected-resource'])
    publicRoutes.use(path, cors()).get(path, (context) => context.json(metadata));

  const options = {
    verifier: {
      async verifyAccessToken(token: string) {
        const { caller, subject, verifiedEmail, ...verified } = await verify(token);
        // Before its scopes, so that nobody signs in again for more of them in vain.
        const reason = allowedUsers.refusalOf({ subject, verifiedEmail, name: caller.user });
        if (reason) throw new NotAllowed(reason);
        return { token, ...verified, extra: { caller } };
      },
    },
    requiredScopes: [...scopes],
    resourceMetadataUrl: metadataUrl,
  };
  const challenge = { ...options, requiredScopes: [...scopesSupported] };
  /**
   * The challenge to a client that has no token yet, or tries another scheme. It names no error, because the client has made
   * none (RFC 6750, section 3.1).
   */
  function signInFirst(request: Request): Response {
    const scope = scopesSupported.length > 0 ? `, scope="${scopesSupported.join(' ')}"` : '';
    return jsonRpcRefusal(
      401,
      `This server requires an access token. Let your client sign in.${addressAdvice(request)}`,
      {
        'www-authenticate': `Bearer resource_metadata="${metadataUrl}"${scope}`,
      },
    );
  }

  /** The SDK's challenge, with a body that MCP clients can show. */
  async function refusal(request: Request, challenge: Response): Promise<Response> {
    const said = oauthErrorSchema.safeParse(await challenge.json().catch(() => undefined)).data;
    const message = said?.error_description ?? 'The access token is not valid here';
    return jsonRpcRefusal(
      challenge.status,
      `${message}. Let your client sign in again.${addressAdvice(request)}`,
      Object.fromEntries(challenge.headers),
      said,
    );
  }

  /** Tokens are issued for one address: clients that use another name of this server cannot sign in. */
  function addressAdvice(request: Request): string {
    const { host } = new URL(request.url);
    return host === new URL(resource).host
      ? ''
      : ` Use its address ${resource}: tokens are issued for that one only.`;
  }

  async function callerIn(authorization: string): Promise<Caller> {
    const { extra } = await verifyBearerToken(authorization, options);
    return callerSchema.parse(extra?.caller);
  }

  return {
    publicRoutes,
    callerOf: (accessToken) => callerIn(`Bearer ${accessToken}`),
    async authenticate(request) {
      const authorization = request.headers.get('authorization') ?? '';
      if (!/^bearer( |$)/i.test(authorization)) return signInFirst(request);
      try {
        if (bearerTokenIn(authorization) === undefined)
          throw new OAuthError(OAuthErrorCode.InvalidToken, 'The Authorization header is malformed');
        return await callerIn(authorization);
      } catch (error) {
        if (error instanceof VerifierUnavailable || error instanceof StoreUnavailable) return tryLater(error);
        // Without a challenge: a client would follow it to a sign-in that changes nothing.
        if (error instanceof NotAllowed) return jsonRpcRefusal(403, error.message, {});
        return refusal(request, bearerAuthChallengeResponse(error, challenge));
      }
    },
  };
}

function tryLater({ message }: Error): Response {
  return jsonRpcRefusal(503, message, { 'retry-after': '5' });
}

const oauthErrorSchema = z.object({ error: z.string(), error_description: z.string().optional() });
