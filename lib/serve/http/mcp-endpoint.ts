/** The endpoint for MCP clients: who is calling, in which session, and what the definition answers. */
import {
  createMcpHandler,
  DEFAULT_MAX_REQUEST_BODY_SIZE,
  isInitializeRequest,
  isJsonContentType,
  readRequestBody,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { localUser } from '../../caller.ts';
import { parseJson } from '../../json.ts';
import type { ClientSignIn } from '../client-sign-in/client-sign-in.ts';
import { type ClientContext, createSessionId, sessionIdOf } from '../mcp/client-context.ts';
import { withoutNullArguments } from '../mcp/forward.ts';
import type { McpService } from '../mcp/service.ts';
import { withAdvice } from './by-hand.ts';

export type McpEndpoint = {
  answer(request: Request): Promise<Response>;
  /** Ends what is still running, such as streams of clients that listen for changes. */
  close(): Promise<void>;
};

const cancellationSchema = z.object({
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

/** @param clientSignIn - how MCP clients sign in; without it, every caller is the local user */
export function mcpEndpoint(service: McpService, clientSignIn?: ClientSignIn): McpEndpoint {
  // What is established at the door, for the server that the SDK asks for.
  const clients = new WeakMap<Request, ClientContext>();
  const handler = createMcpHandler(({ requestInfo, era }) => {
    const client = requestInfo && clients.get(requestInfo);
    if (!client) throw new Error('This request was not authenticated.');
    return service.serverFor({ ...client, era });
  });

  return {
    async answer(request) {
      const caller = clientSignIn ? await clientSignIn.authenticate(request) : localUser;
      if (caller instanceof Response) return caller;
      const client = { caller, sessionId: sessionIdOf(request) };
      clients.set(request, client);
      if (request.method !== 'POST' || !isJsonContentType(request.headers.get('content-type')))
        return withAdvice(await handler.fetch(request));
      const body = await readRequestBody(request, DEFAULT_MAX_REQUEST_BODY_SIZE);
      if (body.tooLarge) return refusal(413, -32000, 'The request body is larger than 4 MiB');
      let message: unknown;
      try {
        message = withoutNullArguments(parseJson(body.text));
      } catch {
        return refusal(
          400,
          -32700,
          'Parse error: the request body is not valid JSON, or is nested too deeply',
        );
      }
      const method = methodOf(message);
      // In the handshake era, a cancellation is a separate request.
      if (method === 'notifications/cancelled') {
        const cancellation = cancellationSchema.safeParse(message).data;
        if (cancellation) service.cancel(client, cancellation.params.requestId);
      }
      const response = await withAdvice(await handler.fetch(request, { parsedBody: message }));
      return method === 'initialize' && isInitializeRequest(message) && response.ok
        ? withSessionId(response, createSessionId(message.params.capabilities))
        : response;
    },

    close: () => handler.close(),
  };
}

/** An error in answer to no request in particular: JSON-RPC 2.0, section 5. */
export function jsonRpcError(code: number, message: string) {
  return { jsonrpc: '2.0', error: { code, message }, id: null };
}

function refusal(status: number, code: number, message: string): Response {
  return Response.json(jsonRpcError(code, message), { status });
}

/** The method of a message. The few messages that matter here are checked completely afterwards. */
function methodOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'method' in message ? message.method : undefined;
}

/** Gives a handshake-era client the session id that it sends with its later requests. */
function withSessionId(response: Response, sessionId: string): Response {
  const named = new Response(response.body, response);
  named.headers.set('Mcp-Session-Id', sessionId);
  return named;
}
