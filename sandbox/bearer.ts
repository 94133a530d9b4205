// Lets a request through to a resource API when its bearer token may make it.
import type { Context } from 'hono';
import type { ApiProduct } from './applications.ts';
import { gatewayError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Scope } from './scopes.ts';
import type { SandboxState } from './state.ts';
import type { AccessToken, Tokens } from './tokens.ts';

/** What a route asks of the token: an API product of its application, one of some scopes, and no user behind it. */
export type TokenRequirement = { api?: ApiProduct; anyScope: readonly Scope[]; twoLegged: boolean };

/** The bearer token of a request (RFC 6750 section 2.1). */
export function bearerToken(c: Context<SandboxEnv>): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

/** The live access token of a request, or the gateway's answer that refuses it. */
export function liveToken(c: Context<SandboxEnv>, tokens: Tokens): AccessToken | Response {
  const token = bearerToken(c);
  if (token === undefined) return gatewayError('AUTH-012');
  const found = tokens.find(token);
  if (found === undefined) return gatewayError('AUTH-006');
  c.set('tokenId', found.tokenId);
  return found;
}

/** The live access token of a request when it meets a requirement, or the gateway's answer that refuses it. */
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
