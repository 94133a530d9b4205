/** What all grants at APS's authorization server share: where it is, how to ask it, and what its refusals mean. */

import type { BeforeRetryHook } from 'ky';
import * as oauth from 'oauth4webapi';
import { ApsError, adviceByGatewayCode, requestIdOf, saidBy, saidIn, tryAgain } from '../aps/errors.ts';
import { apsHttp, type RetryPolicy } from '../aps/http.ts';
import { userInfoUrl } from '../aps/user-info.ts';
import { developerHub } from '../developer-hub.ts';
import { createSingleFlight } from '../single-flight.ts';
import type { AccessToken, TokenSource } from '../token-source.ts';

/**
 * The APS application that signs in, and where.
 *
 * @example
 * import type { ApsApplication } from 'aps-mcp';
 *
 * // A "Desktop, Mobile, Single-Page App" has no secret.
 * export const application: ApsApplication = {
 *   clientId: 'YOUR_CLIENT_ID',
 *   baseUrl: 'https://developer.api.autodesk.com',
 * };
 */
export type ApsApplication = {
  /** The Client ID. */
  clientId: string;
  /** Left out for a public client: a Desktop, Mobile or Single-Page App has none. */
  clientSecret?: string;
  /** Origin of APS, e.g. `https://developer.api.autodesk.com`. */
  baseUrl: string;
  /** How often and when requests to the token endpoint are retried. */
  retryPolicy?: RetryPolicy;
};

/** What the functions of `oauth4webapi` need to make requests to APS as an application. */
export type ApsOAuth = {
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  authentication: oauth.ClientAuth;
  request: {
    [oauth.allowInsecureRequests]: boolean;
    [oauth.customFetch]: (
      url: string,
      options: oauth.CustomFetchOptions<string, URLSearchParams | undefined>,
    ) => Promise<Response>;
  };
};

/**
 * Describes APS's authorization server to `oauth4webapi`. Confidential applications authenticate with HTTP Basic, as APS
 * documents it. The addresses stand here, so that no start waits for discovery.
 *
 * @param beforeRetry - changes requests before they are sent again
 */
export function apsOAuth(
  { clientId, clientSecret, baseUrl, retryPolicy }: ApsApplication,
  beforeRetry?: BeforeRetryHook[],
): ApsOAuth {
  const http = apsHttp(retryPolicy, { methods: ['get', 'post'], beforeRetry });
  return {
    server: {
      issuer: baseUrl,
      authorization_endpoint: `${baseUrl}/authentication/v2/authorize`,
      token_endpoint: `${baseUrl}/authentication/v2/token`,
      revocation_endpoint: `${baseUrl}/authentication/v2/revoke`,
      userinfo_endpoint: userInfoUrl(baseUrl),
    },
    client: { client_id: clientId },
    authentication: clientSecret === undefined ? oauth.None() : oauth.ClientSecretBasic(clientSecret),
    request: {
      [oauth.allowInsecureRequests]: baseUrl.startsWith('http:'),
      [oauth.customFetch]: (url, { body, headers, method, signal }) =>
        http(url, { body, headers, method, signal }),
    },
  };
}

/** APS documents that access tokens live for 60 minutes; used where an answer does not say. */
const documentedLifetime = 3600;

/** Tokens are renewed this long before they expire, in milliseconds. */
const renewAhead = 60_000;

/** Whether a header can carry a token: visible ASCII characters only (RFC 6750, section 2.1). */
export function canBeSent(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

/**
 * The access token in a token endpoint's answer. `issuedAt` is when it was requested, in milliseconds since 1970.
 *
 * @throws {ApsError} when no header can carry it
 */
export function accessTokenFrom(
  answer: Pick<oauth.TokenEndpointResponse, 'access_token' | 'expires_in'>,
  issuedAt: number,
): AccessToken {
  if (!canBeSent(answer.access_token))
    throw new ApsError(
      'APS issued an access token that cannot be sent: it has characters that no header can carry',
      {
        advice: 'Try again in a minute. If it happens again, check that APS_BASE_URL is the address of APS.',
      },
    );
  return {
    value: answer.access_token,
    renewAt: issuedAt + (answer.expires_in ?? documentedLifetime) * 1000 - renewAhead,
  };
}

/**
 * A source for tokens that do not depend on the caller: keeps one, and requests the next in a single flight.
 *
 * @param request - asks the authorization server for a new token
 * @param now - the clock, in milliseconds since 1970
 */
export function sharedTokens(request: () => Promise<AccessToken>, now: () => number = Date.now): TokenSource {
  const flight = createSingleFlight<AccessToken>();
  let current: AccessToken | undefined;

  return {
    async get() {
      if (current && now() < current.renewAt) return current.value;
      const token = await flight.run('token', async () => {
        current = await request();
        return current;
      });
      return token.value;
    },
    drop(_caller, token) {
      if (current?.value === token) current = undefined;
    },
  };
}

/** What to do about each of OAuth's error codes (RFC 6749, section 5.2), for an application that signs in as itself. */
const adviceByCode: Record<string, string> = {
  invalid_client: `Compare APS_CLIENT_ID and APS_CLIENT_SECRET with the application in ${developerHub}. One outside a hub is archived, and cannot sign in.`,
  unauthorized_client:
    'This type of application cannot sign in this way. Create one of the type that this server needs: docs/autodesk-application.md lists them.',
  invalid_scope: `The application has no access to one of the scopes. Check its API Access in ${developerHub}.`,
};

/** Whether an error code of OAuth is about the application: it is the same for everybody, and no sign-in changes it. */
export function isAboutApplication(code = ''): boolean {
  return code in adviceByCode;
}

/**
 * Turns anything that `oauth4webapi` throws into an {@link ApsError}. Of the answer it keeps only the code and the
 * description of an error: requests and answers of a token endpoint hold secrets.
 *
 * @param advice - what to do about error codes of one grant, in addition to those of every grant
 */
export async function signInError(
  error: unknown,
  advice: Readonly<Record<string, string>> = {},
): Promise<ApsError> {
  if (error instanceof ApsError) return error;
  const response = responseIn(error);
  if (!response)
    return new ApsError('APS answered the sign-in with something that is not a token', {
      advice: 'Check that APS_BASE_URL is the address of APS.',
    });
  const refused = error instanceof oauth.ResponseBodyError;
  const { code, message } = refused
    ? saidIn({ ...error.cause, errorCode: error.error })
    : await saidBy(response);
  const { status } = response;
  const details = { status, code, requestId: requestIdOf(response) };
  const said = message ? `: ${message}` : '';
  if (status >= 500 || status === 429)
    return new ApsError(`APS did not sign the application in${said}`, {
      ...details,
      advice:
        tryAgain(response) ??
        'APS has an internal problem, or its rate limit was exceeded. Try again in a minute.',
    });
  const origin = redirectOf(response);
  if (origin !== undefined)
    return new ApsError(`APS answered the sign-in with a redirect to ${origin}, which was not followed`, {
      ...details,
      advice: notApsAdvice,
    });
  if (/html/i.test(response.headers.get('content-type') ?? ''))
    return new ApsError('APS answered the sign-in with a page instead of a token', {
      ...details,
      advice: notApsAdvice,
    });
  const known = { ...adviceByGatewayCode, ...adviceByCode, ...advice };
  return new ApsError(`APS ${refused ? 'refused to' : 'did not'} sign the application in${said}`, {
    ...details,
    advice:
      known[code ?? ''] ??
      (status === 401 ? known.invalid_client : undefined) ??
      'Check the settings of this server and of its APS application.',
  });
}

const notApsAdvice =
  'Check that APS_BASE_URL is the address of APS, and that no proxy or firewall answers in its place.';

/** Where a redirect leads: the origin only, because the rest can hold secrets. */
function redirectOf({ status, headers }: Response): string | undefined {
  if (status < 300 || status >= 400) return undefined;
  const location = headers.get('location') ?? '';
  return URL.canParse(location) ? new URL(location).origin : 'another path';
}

/** The response behind an error of `oauth4webapi`, if it has one. */
function responseIn(error: unknown): Response | undefined {
  if (error instanceof oauth.ResponseBodyError) return error.response;
  if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
  if (error instanceof Error && error.cause instanceof Response) return error.cause;
  return undefined;
}
