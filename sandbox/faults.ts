// Injects the faults that the trouble switches ask for.
import { setTimeout } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import { gatewayError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';
import type { TroubleSwitches } from './trouble.ts';

/** Delays, fails or drops a call before it reaches its route, or cuts off the response midway. */
export function causeTrouble(trouble: TroubleSwitches): MiddlewareHandler<SandboxEnv> {
  return async (c, next) => {
    const { latencyMs } = trouble.current;
    // Unreferenced: a pending response must not keep the process alive after the sandbox closes.
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

/** Part of what identifies a call: token requests share method, path and query. */
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
  // Only after the request is logged, because the client may then check the log.
  setImmediate(() => {
    if (body === undefined) {
      outgoing.destroy();
      return;
    }
    // At least one byte, so that an empty body is cut off too.
    outgoing.writeHead(status, {
      ...Object.fromEntries(headers),
      'content-length': Math.max(body.length, 1),
    });
    outgoing.flushHeaders();
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
  });
  c.res = undefined; // otherwise Hono copies its headers to the next response
  c.res = new Response(null, { headers: RESPONSE_ALREADY_SENT.headers });
}
