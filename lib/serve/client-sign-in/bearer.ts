/** Bearer tokens in requests, and how those without one are refused. */

/** The token in an `Authorization` header (RFC 6750, section 2.1); undefined if there is none, or it is malformed. */
export function bearerTokenIn(authorization: string): string | undefined {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
}

/** A refusal as a JSON-RPC error: many MCP clients show nothing else of an answer. */
export function jsonRpcRefusal(
  status: number,
  message: string,
  headers: Record<string, string>,
  data?: Record<string, unknown>,
): Response {
  const error = { code: -32000, message, ...(data && { data }) };
  const { 'content-length': _, ...kept } = headers;
  return Response.json(
    { jsonrpc: '2.0', id: null, error },
    { status, headers: { ...kept, 'content-type': 'application/json' } },
  );
}
