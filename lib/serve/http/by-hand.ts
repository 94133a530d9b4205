/** What to tell people who try a server with `curl`: MCP is more than one request, and the SDK's refusals do not say so. */
import { z } from 'zod';
import { jsonRpcRefusal } from '../client-sign-in/bearer.ts';

const refusalSchema = z.object({ error: z.object({ code: z.literal(-32000), message: z.string() }) });

/** For a method, an `Accept` header or a `Content-Type` that no MCP client sends. */
const statuses = [405, 406, 415];

const advice =
  'MCP clients POST JSON, and begin with initialize, or with server/discover since 2026-07-28. To try this server by hand, ' +
  'use a client instead of curl: npx @wong2/mcp-cli --url ADDRESS';

/** Adds what to do instead to a refusal of a request that is not one of an MCP client; leaves other answers alone. */
export async function withAdvice(response: Response): Promise<Response> {
  if (!statuses.includes(response.status)) return response;
  const refusal = refusalSchema.safeParse(
    await response
      .clone()
      .json()
      .catch(() => undefined),
  ).data;
  if (!refusal) return response;
  const message = `${refusal.error.message.replace(/\.$/, '')}. ${advice}`;
  return jsonRpcRefusal(response.status, message, Object.fromEntries(response.headers));
}
