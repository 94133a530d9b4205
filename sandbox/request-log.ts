// The request log, for tests and `GET /_sandbox/requests`.
import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

/**
 * One answered request. It never contains a token, code, secret or body.
 *
 * @example
 * import type { RequestRecord } from 'aps-mcp/sandbox';
 *
 * export const failed = (requests: readonly RequestRecord[]) => requests.filter(({ status }) => status >= 400);
 */
export type RequestRecord = {
  /** When the request arrived, in milliseconds since the epoch, by the sandbox's clock. */
  at: number;
  method: string;
  /** Encoded as in the request, without the query; what identifies a signed URL is replaced by `redacted`. */
  path: string;
  /** Secret values are replaced by `redacted`. */
  query: Record<string, string>;
  /** 0 when the connection was dropped. */
  status: number;
  /** In milliseconds. */
  durationMs: number;
  /** The `grant_type` of a token request. */
  grant?: string;
  /** The `scope` of a token request, as requested. */
  scope?: string;
  /** The `jti` of the access token that was used or issued. */
  tokenId?: string;
};

/** The environment of the sandbox's Hono handlers. Without a port, the app has no bindings. */
export type SandboxEnv = {
  Bindings: Partial<HttpBindings>;
  Variables: { grant?: string; scope?: string; tokenId?: string; dropped?: boolean; unrouted?: boolean };
};

const capacity = 10_000;

/** Parameters that belong to one sign-in or token, or make a URL a signed one. */
const sensitive: ReadonlySet<string> = new Set([
  'access_token',
  'assertion',
  'client_secret',
  'code',
  'code_challenge',
  'code_verifier',
  'id_token',
  'id_token_hint',
  'nonce',
  'refresh_token',
  'state',
  'token',
  'X-Amz-Signature',
]);

/**
 * Adds each answered request to `requests`, which keeps the last 10,000. Sets `x-request-id`, and `date` by the
 * sandbox's clock, because clients compare it with their own clock.
 */
export function recordRequests(requests: RequestRecord[], now: () => number): MiddlewareHandler<SandboxEnv> {
  return async (c, next) => {
    const at = now();
    const started = performance.now();
    await next();
    c.header('x-request-id', randomUUID());
    c.header('date', new Date(now()).toUTCString());
    requests.push({
      at,
      method: c.req.method,
      path: c.req.path.replace(/(?<=^\/oss\/v2\/signedresources\/)[^/]+/, 'redacted'),
      query: redacted(c.req.query()),
      status: c.get('dropped') ? 0 : c.res.status,
      durationMs: performance.now() - started,
      grant: c.get('grant'),
      scope: c.get('scope'),
      tokenId: c.get('tokenId'),
    });
    if (requests.length > capacity) requests.shift();
  };
}

function redacted(query: Record<string, string>): Record<string, string> {
  const shown = Object.entries(query).map(([name, value]) => [
    name,
    sensitive.has(name) ? 'redacted' : value,
  ]);
  return Object.fromEntries(shown);
}
