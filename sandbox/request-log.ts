// The list of everything the sandbox has answered, for tests and for `GET /_sandbox/requests`.
import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

/** One answered request. It never holds a token, a code, a secret or a body. */
export type RequestRecord = {
  /** When the request arrived, in milliseconds since the epoch, on the sandbox's clock. */
  at: number;
  method: string;
  path: string;
  /** Values that a sign-in depends on are replaced by `redacted`. */
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

/** Parameters of OAuth that belong to one sign-in or one token, wherever a client puts them. */
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
]);

/**
 * Adds each answered request to `requests`, dropping the oldest past 10,000, gives each answer its `x-request-id`, and
 * dates it by the sandbox's clock: clients tell by `Date` that their own clock is wrong.
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
      path: c.req.path,
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
