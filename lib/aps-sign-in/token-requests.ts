/** What APS is asked about the tokens of users: to renew them (RFC 6749, section 6), and to revoke them (RFC 7009). */
import * as oauth from 'oauth4webapi';
import type { ApsError } from '../aps/errors.ts';
import { type ApsOAuth, isAboutApplication, signInError } from './oauth.ts';

/** The tokens in an answer of APS's token endpoint. */
export type TokenAnswer = Pick<oauth.TokenEndpointResponse, 'access_token' | 'expires_in' | 'refresh_token'>;

export type TokenRequests = {
  /** @throws {RenewalRefused} when APS refuses these tokens; {@link ApsError} for any other failure */
  requestRenewal(refresh: string): Promise<TokenAnswer>;
  revokeBoth(refresh: string | undefined, access: string): Promise<void>;
};

/** @param advice - what to do about error codes of APS, in addition to the usual advice */
export function tokenRequests(
  { server, client, authentication, request }: ApsOAuth,
  advice?: Readonly<Record<string, string>>,
): TokenRequests {
  /** With the hint that APS requires. */
  async function revoke(token: string, hint: 'access_token' | 'refresh_token'): Promise<void> {
    const response = await oauth.revocationRequest(server, client, authentication, token, {
      ...request,
      additionalParameters: { token_type_hint: hint },
    });
    await oauth.processRevocationResponse(response);
  }

  return {
    async requestRenewal(refresh) {
      try {
        const response = await oauth.refreshTokenGrantRequest(
          server,
          client,
          authentication,
          refresh,
          request,
        );
        return await oauth.processRefreshTokenResponse(server, client, response);
      } catch (error) {
        const failure = await signInError(error, advice);
        const isFinal = error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant';
        throw isFinal || isRefusal(failure) ? new RenewalRefused(failure, isFinal) : failure;
      }
    },

    async revokeBoth(refresh, access) {
      await Promise.all([refresh && revoke(refresh, 'refresh_token'), revoke(access, 'access_token')]);
    },
  };
}

/** APS refuses to renew tokens: for good, or for a reason of its gateway. */
export class RenewalRefused extends Error {
  readonly failure: ApsError;
  /** Whether it said `invalid_grant`. */
  readonly isFinal: boolean;

  constructor(failure: ApsError, isFinal: boolean) {
    super(failure.message);
    this.failure = failure;
    this.isFinal = isFinal;
  }
}

/** Whether a failure is an answer to these tokens, which a new sign-in can change. */
function isRefusal({ status = 503, code }: ApsError): boolean {
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status) && !isAboutApplication(code);
}
