// The authorization endpoint of the OpenID provider: shows the sign-in page and redirects back with the answer.
import { type Context, Hono } from 'hono';
import { errorParameters, sendBack } from '../authorization-response.ts';
import { denial, readDecision } from '../decision.ts';
import { pageHeaders } from '../page.ts';
import { only } from '../parameters.ts';
import type { SandboxEnv } from '../request-log.ts';
import { readAuthorizationRequest } from './authorization-request.ts';
import { type Client, isRegistered } from './clients.ts';
import { employees, findEmployee } from './employees.ts';
import { issuerOf } from './issuer.ts';
import { errorPage, signInPage } from './pages.ts';
import type { OpenIdState } from './state.ts';

/** OpenID Connect Core section 3.1.2. Responses to the client include the issuer as `iss` (RFC 9207). */
export function authorizeRoutes(state: OpenIdState): Hono<SandboxEnv> {
  const { clients, habits, signIns } = state;
  const decisionPath = `${habits.paths.authorize}/decision`;
  const iss = (issuer: string) => (habits.sendsIssuer ? issuer : undefined);
  const routes = new Hono<SandboxEnv>();

  // Section 3.1.2.1 requires both methods.
  routes.on(['GET', 'POST'], habits.paths.authorize, async (c) => {
    const parameters =
      c.req.method === 'POST' ? new URLSearchParams(await c.req.text()) : new URL(c.req.url).searchParams;
    const client = clients.find(only(parameters, 'client_id'));
    if (client === undefined) return unknownClient(c);
    const redirectUri = only(parameters, 'redirect_uri');
    if (redirectUri === undefined || !isRegistered(client, redirectUri)) {
      return unknownRedirectUri(c, redirectUri, client);
    }

    const issuer = issuerOf(c, habits);
    const request = readAuthorizationRequest(parameters, issuer, client, state);
    if ('error' in request) {
      const answer = { ...errorParameters(request), state: only(parameters, 'state'), iss: iss(issuer) };
      return sendBack(redirectUri, answer, c.req.method === 'POST' ? 303 : 302);
    }
    const pending = { ...request, client, redirectUri };
    const transaction = signIns.pending.add(pending);
    return c.html(signInPage(pending, { action: decisionPath, transaction }), 200, pageHeaders);
  });

  routes.post(decisionPath, async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const decision = readDecision(
      form,
      signIns.pending,
      employees.map(({ sub }) => sub),
    );
    if ('title' in decision) {
      return c.html(errorPage(decision.title, decision.paragraphs), 400, pageHeaders);
    }
    const { request } = decision;
    const employee = findEmployee(decision.person);
    const answer =
      employee === undefined ? errorParameters(denial) : { code: signIns.allow(request, employee) };
    return sendBack(request.redirectUri, { ...answer, state: request.state, iss: iss(request.issuer) }, 303);
  });

  return routes;
}

// These two errors get a page: redirecting is unsafe without a registered redirect URI (RFC 6749 section 4.1.2.1).

function unknownClient(c: Context<SandboxEnv>): Response | Promise<Response> {
  return c.html(
    errorPage('No such client', [
      'The URL must have exactly one client_id, of a client that is registered here.',
      'Registrations are lost when the sandbox stops. Clear the saved sign-in in your MCP client, then connect again.',
    ]),
    400,
    pageHeaders,
  );
}

function unknownRedirectUri(
  c: Context<SandboxEnv>,
  redirectUri: string | undefined,
  { redirectUris }: Client,
): Response | Promise<Response> {
  return c.html(
    errorPage('The redirect URI is not registered', [
      redirectUri === undefined
        ? 'The URL must have exactly one redirect_uri, to return to after sign-in.'
        : `${redirectUri} is not a redirect URI of this client.`,
      `Registered redirect URIs: ${redirectUris.join(', ')}. They must match exactly, except for the port of a loopback address.`,
    ]),
    400,
    pageHeaders,
  );
}
