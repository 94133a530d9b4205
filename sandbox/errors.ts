// The error responses of APS, in three formats.
//
// Published: the OAuth endpoints follow RFC 6749 section 5.2; the codes AUTH-... and ERR-... and the members of the
// gateway's body are on https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/error_handling/; OSS returns
// `{ reason }`, by its OpenAPI document. Not published: the status for each code, `moreInfo` (the page says `more
// info`, the live service sends `moreInfo`), and ERR-002. Those come from experience with the live service. ERR-004 and
// the messages are the sandbox's own: never match on them.

const moreInfo = 'https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/error_handling/';

const gatewayErrors = {
  'AUTH-001': { status: 403, message: "The token's application has no access to this API product." },
  'AUTH-006': { status: 401, message: 'The access token is unknown, expired or revoked.' },
  'AUTH-010': { status: 403, message: 'The access token lacks the privileges for this request.' },
  'AUTH-012': { status: 401, message: 'The Authorization header is missing or has no bearer token.' },
  'ERR-001': { status: 429, message: 'The rate limit for this request is exceeded. Retry later.' },
  'ERR-002': { status: 404, message: 'The sandbox does not have this path and method.' },
  'ERR-003': { status: 500, message: 'The service failed.' },
  'ERR-004': { status: 413, message: 'The body is larger than 1 MiB.' },
} as const;

export type GatewayErrorCode = keyof typeof gatewayErrors;

/** An error from the gateway in front of every resource API. Status and message default to those of the code. */
export function gatewayError(
  code: GatewayErrorCode,
  options: { status?: number; message?: string; headers?: Record<string, string> } = {},
): Response {
  const { status, message } = { ...gatewayErrors[code], ...options };
  return Response.json(
    { developerMessage: message, moreInfo, errorCode: code },
    { status, headers: options.headers },
  );
}

/** An error from an OAuth endpoint (RFC 6749 section 5.2). Like every token response, it must not be cached. */
export function oauthError(
  status: 400 | 401 | 403 | 413 | 415,
  error: string,
  description: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json(
    { error, error_description: description },
    { status, headers: { 'cache-control': 'no-store', ...headers } },
  );
}

/**
 * An error from the Secure Service Account API. Only the statuses are published; the body is that of the OAuth
 * endpoints, which are under the same path.
 */
export function serviceAccountError(status: 400 | 403 | 404, error: string, description: string): Response {
  return Response.json({ error, error_description: description }, { status });
}

/** An error from the Object Storage Service. */
export function ossError(status: 400 | 403 | 404 | 409 | 412, reason: string): Response {
  return Response.json({ reason }, { status });
}

/** Why the Object Storage Service refuses a request, or one request of a batch. */
export type OssRefusal = { refused: 400 | 404; reason: string };
