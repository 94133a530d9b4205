// Makes a call go wrong the way the trouble switches say.
import { setTimeout } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import { gatewayError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';
import type { TroubleSwitches } from './trouble.ts';

/** Delays, refuses or drops a call before it reaches its route, or cuts off the route's answer half way. */
export function causeTrouble(trouble: TroubleSwitches): MiddlewareHandler<SandboxEnv> {
  return async (c, next) => {
    const { latencyMs } = trouble.current;
    // An unreferenced timer: a pending answer must not keep a closed sandbox's process alive.
    if (latencyMs > 0) await setTimeout(latencyMs, undefined, { ref: false });

    const fault = trouble.strike({
      method: c.req.method,
      path: c.req.path,
      query: new URL(c.req.url).search,
      grant: await grantType(c),
    });
    if (fault === undefined) return next();
    if ('status' in fault) return errorAnswer(fault.status, fault.retryAfter);
    if (fault.drop === 'midway') await next();
    await dropConnection(c, fault.drop);
  };
}

function errorAnswer(status: number, retryAfter: string | undefined): Response {
  const headers = retryAfter === undefined ? undefined : { 'retry-after': retryAfter };
  return gatewayError(status === 429 ? 'ERR-001' : 'ERR-003', { status, headers });
}

/** Two grants at the token endpoint are two distinct calls, although they share method, path and query. */
async function grantType(c: Context<SandboxEnv>): Promise<string | undefined> {
  if (c.req.path !== '/authentication/v2/token') return undefined;
  return new URLSearchParams(await c.req.text()).get('grant_type') ?? undefined;
}

async function dropConnection(c: Context<SandboxEnv>, when: 'before' | 'midway'): Promise<void> {
  const { outgoing } = c.env;
  if (outgoing === undefined) throw new Error('Only a sandbox that listens on a port can drop a connection');
  c.set('dropped', true);
  const { status, headers } = c.res;
  const body = when === 'midway' ? Buffer.from(await c.res.arrayBuffer()) : undefined;
  // Not before the request is on record: by then whoever made it may look there.
  setImmediate(() => {
    if (body === undefined) {
      outgoing.destroy();
      return;
    }
    // At least one byte is promised, so that an empty body is cut off too.
    outgoing.writeHead(status, {
      ...Object.fromEntries(headers),
      'content-length': Math.max(body.length, 1),
    });
    outgoing.flushHeaders();
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
  });
  c.res = undefined; // else Hono gives the next answer this one's headers
  c.res = new Response(null, { headers: RESPONSE_ALREADY_SENT.headers });
}
