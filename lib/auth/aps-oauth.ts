/** What every grant at APS's authorization server has in common: where it is, and what its refusals mean. */
import { HTTPError, type KyInstance } from 'ky';
import * as oauth from 'oauth4webapi';
import { ApsError, oneLine, requestIdOf } from '../aps/errors.ts';
import { unreachable } from '../aps/http.ts';
import type { AccessToken } from './token-source.ts';

/**
 * APS's authorization server at `baseUrl`, as its OpenID discovery document describes it. It is written down
 * here, so that no start and no first call waits for discovery.
 */
export function apsAuthorizationServer(baseUrl: string): oauth.AuthorizationServer {
  return {
    issuer: baseUrl,
    authorization_endpoint: `${baseUrl}/authentication/v2/authorize`,
    token_endpoint: `${baseUrl}/authentication/v2/token`,
    revocation_endpoint: `${baseUrl}/authentication/v2/revoke`,
    // Autodesk serves it from a host of its own; whoever stands in for APS, from the same.
    userinfo_endpoint:
      baseUrl === 'https://developer.api.autodesk.com'
        ? 'https://api.userprofile.autodesk.com/userinfo'
        : `${baseUrl}/userinfo`,
  };
}

/** Request options of `oauth4webapi` that send a request through our retries. Plain HTTP only where `baseUrl` has it. */
export function requestOptions(baseUrl: string, http: KyInstance) {
  return {
    [oauth.allowInsecureRequests]: baseUrl.startsWith('http:'),
    [oauth.customFetch]: async (
      url: string,
      { body, headers, method }: oauth.CustomFetchOptions<string, URLSearchParams | undefined>,
    ): Promise<Response> => {
      try {
        return await http(url, { body, headers, method, retry: { methods: ['get', 'post'] } });
      } catch (error) {
        if (error instanceof HTTPError) return error.response;
        throw unreachable(url, error);
      }
    },
  };
}

/** APS documents that access tokens live for 60 minutes; used where an answer does not say. */
const documentedLifetime = 3600;

/** The access token in a token endpoint's answer. `issuedAt` is when it was asked for, in milliseconds since 1970. */
export function accessTokenFrom(
  answer: Pick<oauth.TokenEndpointResponse, 'access_token' | 'expires_in'>,
  issuedAt: number,
): AccessToken {
  return {
    value: answer.access_token,
    expiresAt: issuedAt + (answer.expires_in ?? documentedLifetime) * 1000,
  };
}

/** What to do about each of OAuth's error codes (RFC 6749, section 5.2), for an application that signs itself in. */
const adviceByCode: Record<string, string> = {
  invalid_client:
    'Check APS_CLIENT_ID and APS_CLIENT_SECRET against the application at https://aps.autodesk.com/myapps, and that it is active.',
  unauthorized_client:
    'This type of application may not sign in this way: create one of the type that the README names for this server.',
  invalid_scope:
    'The application may not ask for one of the scopes: check which APIs it has at https://aps.autodesk.com/myapps.',
};

/**
 * Turns whatever `oauth4webapi` throws into an {@link ApsError}. What the server said is kept only as its
 * error code and description: requests and answers of a token endpoint hold secrets.
 *
 * @param advice - what to do about error codes of one grant, besides those that every grant has
 */
export function signInError(error: unknown, advice: Readonly<Record<string, string>> = {}): ApsError {
  if (error instanceof ApsError) return error;
  if (error instanceof oauth.ResponseBodyError) {
    const said = error.error_description ? `: ${oneLine(error.error_description)}` : '';
    return new ApsError(`APS refused to sign the application in${said}`, {
      status: error.status,
      code: error.error,
      requestId: requestIdOf(error.response),
      advice:
        advice[error.error] ??
        adviceByCode[error.error] ??
        'Check the settings of this server and of its APS application.',
    });
  }
  const response = responseIn(error);
  if (response) {
    const trouble = response.status >= 500 || response.status === 429;
    return new ApsError('APS did not sign the application in', {
      status: response.status,
      requestId: requestIdOf(response),
      advice: trouble
        ? 'APS has trouble of its own, or is asked too often. Try again in a minute.'
        : (advice.invalid_client ?? adviceByCode.invalid_client ?? ''),
    });
  }
  return new ApsError('APS gave an answer to the sign-in that is not a token', {
    advice: 'Check that APS_BASE_URL is the address of APS.',
  });
}

/** The response that an `oauth4webapi` error is about, where it tells. */
function responseIn(error: unknown): Response | undefined {
  if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
  if (error instanceof Error && error.cause instanceof Response) return error.cause;
  return undefined;
}
