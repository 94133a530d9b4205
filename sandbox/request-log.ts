// The list of everything the sandbox has answered, for tests and for `GET /_sandbox/requests`.
import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

/** One answered request. It never holds a token, a secret or a body. */
export type RequestRecord = {
  /** When the request arrived, in milliseconds since the epoch, on the sandbox's clock. */
  at: number;
  method: string;
  path: string;
  query: Record<string, string>;
  /** 0 when the connection was dropped. */
  status: number;
  durationMs: number;
  /** The `grant_type` of a token request. */
  grant?: string;
  /** The `scope` of a token request, as it was asked for. */
  scope?: string;
  /** The `jti` of the access token that was used or issued. */
  tokenId?: string;
};

/** What the sandbox's Hono handlers share. The bindings are absent when the app is driven without a port. */
export type SandboxEnv = {
  Bindings: Partial<HttpBindings>;
  Variables: { grant?: string; scope?: string; tokenId?: string; dropped?: boolean };
};

const capacity = 10_000;

/** Adds each answered request to `requests`, dropping the oldest past 10,000, and gives each answer its `x-request-id`. */
export function recordRequests(requests: RequestRecord[], now: () => number): MiddlewareHandler<SandboxEnv> {
  return async (c, next) => {
    const at = now();
    const started = performance.now();
    await next();
    c.header('x-request-id', randomUUID());
    requests.push({
      at,
      method: c.req.method,
      path: c.req.path,
      query: c.req.query(),
      status: c.get('dropped') ? 0 : c.res.status,
      durationMs: performance.now() - started,
      grant: c.get('grant'),
      scope: c.get('scope'),
      tokenId: c.get('tokenId'),
    });
    if (requests.length > capacity) requests.shift();
  };
}
