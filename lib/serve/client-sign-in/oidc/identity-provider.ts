/**
 * Signing a person in at the OpenID provider as an MCP client would, to learn which caller they are: authorization code with
 * PKCE, for an access token of this server's resource.
 */
import { OAuthError } from '@modelcontextprotocol/server';
import * as oauth from 'oauth4webapi';
import { SignInFailed } from '../../../aps-sign-in/user-sign-in.ts';
import type { Caller } from '../../../caller.ts';
import type { IdentityProvider } from '../../pages/identity-check.ts';
import { shownText } from '../../pages/shown-text.ts';
import { NotAllowed, VerifierUnavailable } from '../protected-resource.ts';

/** The client of this server at the provider; one without a secret is a public client. */
export type ProviderClient = { id: string; secret?: string };

export type IdentityProviderOptions = {
  issuer: string;
  client: ProviderClient;
  /** Where the provider sends browsers back to, as registered there. */
  redirectUri: string;
  /** The resource to ask for (RFC 8707). Undefined where the provider takes the audience of its tokens from elsewhere. */
  resource: string | undefined;
  scopes: readonly string[];
  /** The provider's metadata. @throws {VerifierUnavailable} */
  server(): Promise<oauth.AuthorizationServer>;
  /**
   * The caller that an access token names, as for requests to `/mcp`.
   *
   * @throws {OAuthError} for a token that is not valid here
   * @throws {VerifierUnavailable}
   */
  callerOf(accessToken: string): Promise<Caller>;
};

/** How long to wait for the token endpoint, in milliseconds. */
const timeout = 10_000;

/** RFC 6749, section 4.1, with PKCE (RFC 7636), resource indicators (RFC 8707) and `iss` in the answer (RFC 9207). */
export function identityProvider(options: IdentityProviderOptions): IdentityProvider {
  const { issuer, client, redirectUri, resource, scopes, server, callerOf } = options;
  const oauthClient = { client_id: client.id };

  /** The access token that the provider gives for what the browser brought back. */
  async function tokenFor(
    query: URLSearchParams,
    state: string,
    verifier: string,
  ): Promise<oauth.TokenEndpointResponse> {
    const provider = await server();
    const response = await oauth.authorizationCodeGrantRequest(
      provider,
      oauthClient,
      authenticationAt(provider, client),
      oauth.validateAuthResponse(provider, oauthClient, query, state),
      redirectUri,
      verifier,
      {
        additionalParameters: resource === undefined ? {} : { resource },
        signal: AbortSignal.timeout(timeout),
        [oauth.allowInsecureRequests]: issuer.startsWith('http:'),
      },
    );
    return oauth.processAuthorizationCodeResponse(provider, oauthClient, response);
  }

  return {
    issuer,

    async authorizationUrl(state, verifier) {
      const { authorization_endpoint: endpoint } = await server().catch((error: unknown) => {
        throw failureOf(error, issuer);
      });
      if (!endpoint) throw new SignInFailed('refused', `${issuer} has no sign-in page.`);
      const url = new URL(endpoint);
      const parameters = {
        response_type: 'code',
        client_id: client.id,
        redirect_uri: redirectUri,
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
        ...(resource !== undefined && { resource }),
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url.href;
    },

    async callerIn(query, state, verifier) {
      try {
        return await callerOf((await tokenFor(query, state, verifier)).access_token);
      } catch (error) {
        throw failureOf(error, issuer);
      }
    },
  };
}

/** With HTTP Basic, unless the provider takes secrets in the form only (OpenID Connect Discovery 1.0, section 3). */
function authenticationAt(
  { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }: oauth.AuthorizationServer,
  { secret }: ProviderClient,
): oauth.ClientAuth {
  if (secret === undefined) return oauth.None();
  const onlyInForm = methods.includes('client_secret_post') && !methods.includes('client_secret_basic');
  return onlyInForm ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret);
}

const forOperator = 'If you run this server, compare the client with docs/providers.md:';

/** What went wrong, for the person in the browser. Of the provider's answers it quotes only error codes and descriptions. */
function failureOf(error: unknown, issuer: string): SignInFailed {
  const failed = (problem: SignInFailed['problem'], message: string) =>
    new SignInFailed(problem, message, { cause: error });
  if (error instanceof oauth.AuthorizationResponseError) {
    const said = wordsOf(error);
    if (error.error === 'access_denied')
      return failed(
        'denied',
        `You declined to sign in, or ${issuer} did not let you: ${said}. Nothing was changed.`,
      );
    if (['server_error', 'temporarily_unavailable'].includes(error.error))
      return failed('unavailable', `${issuer} has a problem: ${said}. Try again in a minute.`);
    return failed(
      'refused',
      `${issuer} refused the sign-in: ${said}. ${forOperator} MCP_AUTH_CLIENT_ID, its redirect URI and its scopes.`,
    );
  }
  if (error instanceof NotAllowed) return failed('denied', `${error.message} Nothing was changed.`);
  if (error instanceof OAuthError)
    return failed(
      'refused',
      `The access token of ${issuer} is not valid here: ${error.message}. ${forOperator} it must get the tokens that ` +
        'MCP clients get.',
    );
  const response = responseOf(error);
  if (error instanceof VerifierUnavailable || isUnreachable(error) || (response && isTransient(response)))
    return failed('unavailable', `${issuer} did not answer. Try again in a minute. Nothing was changed.`);
  if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant')
    return failed(
      'incomplete',
      `${issuer} does not know this sign-in, or no longer: ${wordsOf(error)}. Nothing was changed.`,
    );
  if (error instanceof oauth.ResponseBodyError || response?.status === 401)
    return failed(
      'refused',
      `${issuer} did not accept this server as its client${error instanceof oauth.ResponseBodyError ? `: ${wordsOf(error)}` : ''}. ` +
        `${forOperator} MCP_AUTH_CLIENT_ID and MCP_AUTH_CLIENT_SECRET.`,
    );
  return failed(
    'incomplete',
    `${issuer} sent the browser back without a usable answer. Nothing was changed.`,
  );
}

function wordsOf({ error, error_description }: { error: string; error_description?: string }): string {
  return shownText([error, error_description].filter(Boolean).join(', '), 300).replace(/\.$/, '');
}

/** The response behind an error of `oauth4webapi`, if it has one. */
function responseOf(error: unknown): Response | undefined {
  if (error instanceof oauth.WWWAuthenticateChallengeError || error instanceof oauth.ResponseBodyError)
    return error.response;
  return error instanceof Error && error.cause instanceof Response ? error.cause : undefined;
}

const isTransient = ({ status }: Response) => status >= 500 || status === 429;

/** `fetch` throws a `TypeError` when there is no connection, and the signal a `TimeoutError`. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError');
}
