// Validates authorization requests to the OpenID provider.
import { invalidRequest, type Refusal } from '../authorization-response.ts';
import { only, repeated } from '../parameters.ts';
import { pkcePattern } from '../pkce.ts';
import type { Client } from './clients.ts';
import type { PendingSignIn } from './sign-ins.ts';
import type { OpenIdState } from './state.ts';

type Request = Omit<PendingSignIn, 'client' | 'redirectUri'>;

/**
 * The request, or the first reason to refuse it. OpenID Connect Core section 3.1.2, with PKCE required (RFC 7636) and
 * at most one resource indicator (RFC 8707). The caller has already checked client and redirect URI.
 */
export function readAuthorizationRequest(
  parameters: URLSearchParams,
  issuer: string,
  client: Client,
  { habits, apis }: Pick<OpenIdState, 'habits' | 'apis'>,
): Request | Refusal {
  const name = repeated(parameters);
  if (name !== undefined) return invalidRequest(`${name} is given more than once.`);

  const given = (parameter: string) => only(parameters, parameter);
  for (const parameter of ['request', 'request_uri']) {
    if (given(parameter) !== undefined) {
      return {
        error: `${parameter}_not_supported`,
        description: `The provider does not support ${parameter}.`,
      };
    }
  }
  const responseType = given('response_type');
  if (responseType === undefined) return invalidRequest('response_type is missing.');
  if (responseType !== 'code') {
    return {
      error: 'unsupported_response_type',
      description: 'The provider supports only response_type=code.',
    };
  }
  if ((given('response_mode') ?? 'query') !== 'query') {
    return invalidRequest('The provider supports only response_mode=query.');
  }
  if (given('prompt')?.split(' ').includes('none')) {
    return {
      error: 'login_required',
      description: 'The provider keeps no session, so prompt=none always fails.',
    };
  }

  const codeChallenge = given('code_challenge');
  if (codeChallenge === undefined) return invalidRequest('code_challenge is missing: PKCE is required.');
  if (!pkcePattern.test(codeChallenge)) {
    return invalidRequest('code_challenge must be 43 to 128 letters, digits, - . _ or ~');
  }
  // Without a method, RFC 7636 section 4.3 defaults to plain.
  if (given('code_challenge_method') !== 'S256') return invalidRequest('code_challenge_method must be S256.');

  const resource = given('resource');
  if (resource !== undefined && (!URL.canParse(resource) || resource.includes('#'))) {
    return { error: 'invalid_target', description: 'resource must be an absolute URI without a fragment.' };
  }
  const state = given('state');
  const asked = { client, scope: given('scope'), resource, audience: given('audience'), state, issuer };
  const target = habits.target(asked, apis);
  if ('error' in target) return target;
  return {
    issuer,
    resource,
    ...target,
    state,
    nonce: given('nonce'),
    codeChallenge,
  };
}
