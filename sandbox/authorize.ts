// The authorization endpoint: shows the consent page and redirects back with the user's answer.
import { type Context, Hono } from 'hono';
import type { Application } from './applications.ts';
import {
  errorParameters,
  invalidRequest as invalid,
  type Refusal,
  sendBack,
} from './authorization-response.ts';
import { denial, readDecision } from './decision.ts';
import { pageHeaders } from './page.ts';
import { only, repeated } from './parameters.ts';
import { pkcePattern } from './pkce.ts';
import type { SandboxEnv } from './request-log.ts';
import { notPublished, readScopes } from './scopes.ts';
import { errorPage, signInPage } from './sign-in-page.ts';
import type { PendingSignIn } from './sign-ins.ts';
import type { SandboxState } from './state.ts';

const path = '/authentication/v2/authorize';

/** Published rate limit for each application. */
const callsPerMinute = 500;

const longestScope = 2000;
const mostScopes = 50;
const statePattern = /^[A-Za-z0-9,._-]*$/;

/**
 * RFC 6749 section 4.1.1 with PKCE (RFC 7636):
 * https://aps.autodesk.com/en/docs/oauth/v2/reference/http/authorize-GET/
 *
 * APS keeps a session and shows its page again only without one, or for `prompt=login`. The sandbox keeps none and
 * always shows the page. `authoptions`, which changes the look of Autodesk's page, has no effect.
 */
export function authorizeRoutes(state: SandboxState): Hono<SandboxEnv> {
  const { applications, rateLimits, redirectUris, signIns } = state;
  const routes = new Hono<SandboxEnv>();

  routes.get(path, (c) => {
    const query = new URL(c.req.url).searchParams;
    const clientId = only(query, 'client_id');
    const application = applications.find((candidate) => candidate.clientId === clientId);
    if (application === undefined) return unknownApplication(c, clientId, applications);
    const refused = rateLimits.count(`authorize ${application.clientId}`, callsPerMinute);
    if (refused !== undefined) return refused;

    const redirectUri = only(query, 'redirect_uri');
    const registered = redirectUris.of(application);
    if (redirectUri === undefined || !registered.includes(redirectUri)) {
      return unknownRedirectUri(c, redirectUri, application, registered);
    }

    const request = readRequest(query, application);
    if ('error' in request) {
      return sendBack(redirectUri, { ...errorParameters(request), state: only(query, 'state') }, 302);
    }
    const pending: PendingSignIn = { ...request, application, redirectUri };
    const transaction = signIns.pending.add(pending);
    return c.html(signInPage(state.users, pending, { action: path, transaction }), 200, pageHeaders);
  });

  routes.post(path, async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const decision = readDecision(
      form,
      signIns.pending,
      state.users.map(({ userId }) => userId),
    );
    if ('title' in decision) {
      return c.html(errorPage(decision.title, decision.paragraphs), 400, pageHeaders);
    }
    const { request, person } = decision;
    const answer = person === undefined ? errorParameters(denial) : { code: signIns.allow(request, person) };
    return sendBack(request.redirectUri, { ...answer, state: request.state }, 303);
  });

  return routes;
}

/** Validates everything but the client and redirect URI. Returns the request, or the first reason to refuse it. */
function readRequest(
  query: URLSearchParams,
  { type }: Application,
): Omit<PendingSignIn, 'application' | 'redirectUri'> | Refusal {
  const name = repeated(query);
  if (name !== undefined) return invalid(`${name} is given more than once.`);

  const responseType = only(query, 'response_type');
  if (responseType === undefined) return invalid('response_type is missing.');
  if (responseType !== 'code') {
    return {
      error: 'unsupported_response_type',
      description: 'The sandbox supports only response_type=code.',
    };
  }
  const responseMode = only(query, 'response_mode') ?? 'query';
  if (responseMode !== 'query') return invalid('The sandbox supports only response_mode=query.');
  const prompt = only(query, 'prompt');
  if (prompt !== undefined && prompt !== 'login') return invalid('The only supported prompt is login.');

  const state = only(query, 'state');
  if (state !== undefined && !statePattern.test(state)) {
    return invalid('state may contain only letters, digits, commas, periods, underscores and hyphens.');
  }

  const codeChallenge = only(query, 'code_challenge');
  const method = only(query, 'code_challenge_method');
  if (codeChallenge === undefined && method !== undefined) return invalid('code_challenge is missing.');
  if (codeChallenge === undefined && type === 'public') {
    return invalid('An application without a secret must send a code_challenge.');
  }
  if (codeChallenge !== undefined && !pkcePattern.test(codeChallenge)) {
    return invalid('code_challenge must be 43 to 128 letters, digits, - . _ or ~');
  }
  // Without a method, RFC 7636 section 4.3 defaults to plain, which APS does not support.
  if (codeChallenge !== undefined && method !== 'S256') return invalid('code_challenge_method must be S256.');

  const list = only(query, 'scope') ?? '';
  const { scopes, unknown } = readScopes(list);
  const scopeProblem =
    (scopes.length === 0 && 'Name at least one scope.') ||
    (list.length > longestScope && `scope must not exceed ${longestScope} characters.`) ||
    (scopes.length > mostScopes && `scope must not list more than ${mostScopes} scopes.`) ||
    (unknown.length > 0 && notPublished(unknown));
  if (scopeProblem) return { error: 'invalid_scope', description: scopeProblem };

  const nonce = only(query, 'nonce');
  // Published for this endpoint: mandatory when scope is openid.
  if (nonce === undefined && scopes.includes('openid')) {
    return invalid('nonce is missing. It is mandatory with the scope openid.');
  }
  return { scopes, state, nonce, codeChallenge };
}

// These two errors get a page: redirecting is unsafe without a registered redirect URI (RFC 6749 section 4.1.2.1).

function unknownApplication(
  c: Context<SandboxEnv>,
  clientId: string | undefined,
  applications: readonly Application[],
): Response | Promise<Response> {
  const ids = applications.map((application) => application.clientId).join(', ');
  return c.html(
    errorPage('No such application', [
      clientId === undefined
        ? 'The URL must have exactly one client_id, which identifies the application.'
        : `No application is registered with the client ID ${clientId}.`,
      `Registered client IDs: ${ids}.`,
    ]),
    400,
    pageHeaders,
  );
}

function unknownRedirectUri(
  c: Context<SandboxEnv>,
  redirectUri: string | undefined,
  { name }: Application,
  registered: readonly string[],
): Response | Promise<Response> {
  return c.html(
    errorPage('The redirect URI is not registered', [
      redirectUri === undefined
        ? 'The URL must have exactly one redirect_uri, to return to after sign-in.'
        : `${redirectUri} is not a redirect URI of ${name}.`,
      registered.length === 0
        ? 'It has none, so it cannot sign users in.'
        : `Registered redirect URIs, which must match exactly: ${registered.join(', ')}.`,
    ]),
    400,
    pageHeaders,
  );
}
