/**
 * The authorization code grant at APS: people sign in to Autodesk in a browser. The one flow behind `3lo`, `pkce` and
 * `--client-auth autodesk`.
 */
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { oneLine, printable } from '../aps/errors.ts';
import { type ApsOAuth, signInError } from './oauth.ts';
import type { TokenAnswer } from './token-requests.ts';
import { SignInFailed } from './user-sign-in.ts';

/** How long a sign-in can take from its link to the callback, in seconds. */
export const signInLifetime = 600;

/** How long a code of APS is valid, in seconds. */
export const codeLifetime = 300;

const profileSchema = z.object({
  sub: z.string().min(1).optional(),
  name: z.string().transform(printable).optional(),
  email: z.string().transform(printable).optional(),
  /** Whether APS has verified that the address is theirs; anything but `true` counts as not. */
  email_verified: z.literal(true).optional().catch(undefined),
});
/** Whose account it is: OpenID Connect Core, section 5.3. */
export type Profile = z.infer<typeof profileSchema>;

export type AuthorizationCodeFlow = {
  /**
   * The address at Autodesk that starts a sign-in.
   *
   * @param state - comes back with the browser; letters, digits and `,._-` only
   * @param verifier - the PKCE verifier (RFC 7636)
   */
  authorizationUrl(state: string, verifier: string): Promise<string>;
  /**
   * The authorization code that the browser brought back.
   *
   * @throws {SignInFailed} when the person declined, APS refused, or there is no usable code
   */
  codeIn(query: URLSearchParams, state: string): string;
  /**
   * Exchanges a code for tokens, which APS does once. The request is retried, but never sent anywhere else: redirects are
   * not followed.
   *
   * @throws {ApsError} with the code `invalid_grant` when APS does not know the code, or no longer
   */
  redeem(code: string, verifier: string): Promise<TokenAnswer>;
  /** Whose token it is; undefined if APS does not say, or not before `signal` aborts. */
  profileOf(accessToken: string, signal?: AbortSignal): Promise<Profile | undefined>;
};

/**
 * The steps of the grant: RFC 6749, section 4.1, with PKCE (RFC 7636);
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-3-legged-token/.
 *
 * @param options.scopes - what the tokens can be used for, e.g. `data:read`
 * @param options.callbackUrl - where APS sends the browser back to, as registered with the application
 * @param options.pkce - whether to use PKCE. Default true; without it, verifiers are ignored
 * @param options.advice - what to do about error codes of APS, in addition to the usual advice
 */
export function authorizationCodeFlow(
  { server, client, authentication, request }: ApsOAuth,
  options: {
    scopes: readonly string[];
    callbackUrl: () => Promise<string>;
    pkce?: boolean;
    advice?: Readonly<Record<string, string>>;
  },
): AuthorizationCodeFlow {
  const { scopes, callbackUrl, pkce = true, advice } = options;
  return {
    async authorizationUrl(state, verifier) {
      const url = new URL(server.authorization_endpoint ?? '');
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: client.client_id,
        redirect_uri: await callbackUrl(),
        scope: scopes.join(' '),
        state,
        ...(pkce && {
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        }),
      }).toString();
      return url.href;
    },

    codeIn(query, state) {
      const incomplete = new SignInFailed(
        'incomplete',
        'Autodesk sent the browser back without a usable authorization code.',
      );
      let parameters: URLSearchParams;
      try {
        parameters = oauth.validateAuthResponse(server, client, query, state);
      } catch (error) {
        if (!(error instanceof oauth.AuthorizationResponseError)) throw incomplete;
        throw error.error === 'access_denied'
          ? new SignInFailed('denied', 'You declined to give access. Nothing was changed.')
          : new SignInFailed(
              'refused',
              `Autodesk refused the sign-in: ${oneLine([error.error, error.error_description].filter(Boolean).join(', '))}.`,
            );
      }
      const [code, ...more] = parameters.getAll('code');
      if (!code || more.length > 0) throw incomplete;
      return code;
    },

    async redeem(code, verifier) {
      try {
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          // The state was checked when the browser came back.
          oauth.validateAuthResponse(server, client, new URLSearchParams({ code }), oauth.expectNoState),
          await callbackUrl(),
          pkce ? verifier : oauth.nopkce,
          request,
        );
        return await oauth.processAuthorizationCodeResponse(server, client, response);
      } catch (error) {
        throw await signInError(error, advice);
      }
    },

    async profileOf(accessToken, signal) {
      try {
        const response = await oauth.userInfoRequest(server, client, accessToken, { ...request, signal });
        return profileSchema.parse(await response.json());
      } catch {
        return undefined;
      }
    },
  };
}
