// Checks the bearer tokens of requests to resource APIs.
import type { Context } from 'hono';
import type { ApiProduct } from './applications.ts';
import { gatewayError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Scope } from './scopes.ts';
import type { SandboxState } from './state.ts';
import type { AccessToken, Tokens } from './tokens.ts';

/** What a route requires: an API product of the token's application, one of `anyScope`, and no user if `twoLegged`. */
export type TokenRequirement = { api?: ApiProduct; anyScope: readonly Scope[]; twoLegged: boolean };

/**
 * The bearer token of a request. Autodesk documents `Bearer <token>`, with one space; RFC 6750 section 2.1 would allow more.
 */
export function bearerToken(c: Context<SandboxEnv>): string | undefined {
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

/** The valid access token of a request, or the gateway error (401). */
export function liveToken(c: Context<SandboxEnv>, tokens: Tokens): AccessToken | Response {
  const token = bearerToken(c);
  if (token === undefined) return gatewayError('AUTH-012');
  const found = tokens.find(token);
  if (found === undefined) return gatewayError('AUTH-006');
  c.set('tokenId', found.tokenId);
  return found;
}

/** The valid access token of a request if it meets `requirement`, or the gateway error (401 or 403). */
export function requireToken(
  c: Context<SandboxEnv>,
  { applications, tokens }: SandboxState,
  requirement: TokenRequirement,
): AccessToken | Response {
  const found = liveToken(c, tokens);
  if (found instanceof Response) return found;

  const application = applications.find(({ clientId }) => clientId === found.clientId);
  const { api } = requirement;
  if (api !== undefined && !application?.apis.includes(api)) return gatewayError('AUTH-001');
  if (requirement.twoLegged && found.userId !== undefined) return gatewayError('AUTH-010');
  if (!requirement.anyScope.some((scope) => found.scopes.includes(scope))) return gatewayError('AUTH-010');
  return found;
}
