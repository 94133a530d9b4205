// Checks the bearer tokens of requests to resource APIs.
import type { Context } from 'hono';
import type { ApiProduct } from './applications.ts';
import { gatewayError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Scope } from './scopes.ts';
import type { SandboxState } from './state.ts';
import type { AccessToken, Tokens } from './tokens.ts';

/**
 * What a route requires: an API product of the token's application, one of `anyScope` unless that is empty, no user if
 * `twoLegged`, and a user if `threeLegged`.
 */
export type TokenRequirement = {
  api?: ApiProduct;
  anyScope: readonly Scope[];
  twoLegged: boolean;
  threeLegged?: boolean;
};

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
  const { anyScope, api, threeLegged, twoLegged } = requirement;
  if (api !== undefined && !application?.apis.includes(api)) return gatewayError('AUTH-001');
  if (twoLegged && found.userId !== undefined) return gatewayError('AUTH-010');
  if (threeLegged && found.userId === undefined) return gatewayError('AUTH-010');
  const isScoped = anyScope.length === 0 || anyScope.some((scope) => found.scopes.includes(scope));
  return isScoped ? found : gatewayError('AUTH-010');
}
