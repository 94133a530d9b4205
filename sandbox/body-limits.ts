// Bounds the request bodies that the sandbox reads.
import type { Context, MiddlewareHandler } from 'hono';
import { gatewayError, oauthError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';

type Limit = { paths: RegExp; kibibytes: number; refuse: () => Response };

/** The sizes are the sandbox's own; APS publishes none. No form or document that a client needs comes close. */
const limits: readonly Limit[] = [
  {
    paths: /^\/(authentication|openid)\//,
    kibibytes: 64,
    refuse: () => oauthError(413, 'invalid_request', 'The body is larger than 64 KiB.'),
  },
  {
    paths: /^\/_sandbox\//,
    kibibytes: 64,
    refuse: () => Response.json({ problem: 'The body is larger than 64 KiB.' }, { status: 413 }),
  },
  { paths: /^\/(project|data|oss)\//, kibibytes: 1024, refuse: () => gatewayError('ERR-004') },
];

/** Answers 413 to a body that is too large, before a route reads it. Uploads (PUT) have limits of their own. */
export const limitBodies: MiddlewareHandler<SandboxEnv> = async (c, next) => {
  const limit = limits.find(({ paths }) => paths.test(c.req.path));
  if (limit === undefined || isUpload(c)) return next();
  const most = limit.kibibytes * 1024;
  if (Number(c.req.header('content-length') ?? 0) > most) return limit.refuse();
  // Without a length, only reading shows the size. The routes get a request with what was read.
  if (c.req.header('transfer-encoding') !== undefined) {
    const body = await readUpTo(most, c.req.raw);
    if (body === undefined) return limit.refuse();
    const { method, url, headers } = c.req.raw;
    c.req.raw = new Request(url, { method, headers, body });
  }
  return next();
};

function isUpload({ req }: Context<SandboxEnv>): boolean {
  return req.method === 'PUT' && !req.path.startsWith('/_sandbox/');
}

/** The body of a request. Undefined if it has more than `most` bytes. */
async function readUpTo(most: number, { body }: Request): Promise<Blob | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > most) return undefined;
    chunks.push(chunk);
  }
  return new Blob(chunks);
}
