// The three shapes in which APS says no.
//
// What is published: the OAuth endpoints follow RFC 6749 section 5.2; the codes AUTH-... and ERR-... and the members
// of the gateway's body are on https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/error_handling/; OSS answers
// `{ reason }` by its OpenAPI document. What is not: which status comes with which code, `moreInfo` (the page says
// `more info`, the live service answers `moreInfo`), and ERR-002. Those are from experience with the live service and
// could not be checked against a document. The messages are this sandbox's own words: never match on them.

const moreInfo = 'https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/error_handling/';

const gatewayErrors = {
  'AUTH-001': { status: 403, message: 'The application of this token has no access to this API product.' },
  'AUTH-006': {
    status: 401,
    message: 'The access token is not valid: it is unknown, has expired or was revoked.',
  },
  'AUTH-010': { status: 403, message: 'The access token lacks the privilege that this request needs.' },
  'AUTH-012': { status: 401, message: 'The Authorization header is missing, or is not a bearer token.' },
  'ERR-001': { status: 429, message: 'The rate limit of this request is exceeded. Retry after some time.' },
  'ERR-002': { status: 404, message: 'The sandbox has nothing at this path, or not with this method.' },
  'ERR-003': { status: 500, message: 'The service could not answer.' },
} as const;

export type GatewayErrorCode = keyof typeof gatewayErrors;

/** An answer of the gateway in front of every resource API. The status is the code's usual one unless given. */
export function gatewayError(
  code: GatewayErrorCode,
  options: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const { status, message } = gatewayErrors[code];
  return Response.json(
    { developerMessage: message, moreInfo, errorCode: code },
    { status: options.status ?? status, headers: options.headers },
  );
}

/** An answer of the OAuth endpoints (RFC 6749 section 5.2). Like every answer about tokens it must not be stored. */
export function oauthError(
  status: 400 | 401 | 403 | 415,
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
 * An answer of the Secure Service Account API. Only the statuses are published; the body is that of the OAuth endpoints,
 * beside which these routes live.
 */
export function serviceAccountError(status: 400 | 403 | 404, error: string, description: string): Response {
  return Response.json({ error, error_description: description }, { status });
}

/** An answer of the Object Storage Service. */
export function ossError(status: 400 | 403 | 404, reason: string): Response {
  return Response.json({ reason }, { status });
}
