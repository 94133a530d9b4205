// Shows each answer to a test that checks it.
import type { MiddlewareHandler } from 'hono';
import type { SandboxEnv } from './request-log.ts';

/**
 * Sees each answer of the sandbox before it is sent. `path` is encoded as in the request, without the query. `answer` is a
 * copy, whose body can be read. If it throws, the client gets a 500.
 *
 * @example
 * import { type OnAnswer, startSandbox } from 'aps-mcp/sandbox';
 *
 * const onAnswer: OnAnswer = ({ method, path }, { status }) => console.error(method, path, status);
 * const sandbox = await startSandbox({ onAnswer });
 * await sandbox.close();
 */
export type OnAnswer = (request: { method: string; path: string }, answer: Response) => void | Promise<void>;

/** Waits for `onAnswer` before it sends an answer. */
export function showAnswers(onAnswer: OnAnswer): MiddlewareHandler<SandboxEnv> {
  return async (c, next) => {
    await next();
    if (!c.get('dropped')) await onAnswer({ method: c.req.method, path: c.req.path }, c.res.clone());
  };
}
