// The published rate limits of Data Management and OSS.
import type { MiddlewareHandler } from 'hono';
import { bearerToken } from './bearer.ts';
import { publishedOperation } from './published-operations.ts';
import type { SandboxEnv } from './request-log.ts';
import type { SandboxState } from './state.ts';

/** One limit for all endpoints of OSS together. */
const ossPerMinute = 1000;

/**
 * Refuses calls to Data Management and OSS beyond the published limits. An application has one limit for each endpoint of
 * Data Management, and one for all of OSS, whoever its users are
 * (https://aps.autodesk.com/en/docs/data/v2/developers_guide/rate-limiting/dm-rate-limits/). Calls without a valid token
 * belong to no application and are not counted.
 */
export function limitCalls({ rateLimits, tokens }: SandboxState): MiddlewareHandler<SandboxEnv> {
  return async (c, next) => {
    const clientId = tokens.find(bearerToken(c) ?? '')?.clientId;
    const limit = limitOf(c.req.method, c.req.path);
    if (clientId === undefined || limit === undefined) return next();
    return rateLimits.count(`${limit.endpoint} ${clientId}`, limit.perMinute) ?? next();
  };
}

function limitOf(method: string, path: string): { endpoint: string; perMinute: number } | undefined {
  if (path.startsWith('/oss/')) return { endpoint: 'OSS', perMinute: ossPerMinute };
  const operation = publishedOperation(method, path);
  if (operation?.perMinute === undefined) return undefined;
  return { endpoint: operation.operationId, perMinute: operation.perMinute };
}
