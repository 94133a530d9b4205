// The authorization endpoint of the OpenID provider: shows a page, and sends the browser back with what came of it.
import { type Context, Hono } from 'hono';
import { errorParameters, sendBack } from '../authorization-response.ts';
import { denial, readDecision } from '../decision.ts';
import { pageHeaders } from '../page.ts';
import { only } from '../parameters.ts';
import type { SandboxEnv } from '../request-log.ts';
import { readAuthorizationRequest } from './authorization-request.ts';
import { type Client, isRegistered } from './clients.ts';
import { employees, findEmployee } from './employees.ts';
import { issuerOf, path } from './issuer.ts';
import { errorPage, signInPage } from './pages.ts';
import type { OpenIdState } from './state.ts';

const decisionPath = `${path}/authorize/decision`;

/** OpenID Connect Core section 3.1.2. Every answer to the client names the issuer (RFC 9207). */
export function authorizeRoutes({ clients, signIns }: OpenIdState): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();

  // Section 3.1.2.1 asks for both methods.
  routes.on(['GET', 'POST'], `${path}/authorize`, async (c) => {
    const parameters =
      c.req.method === 'POST' ? new URLSearchParams(await c.req.text()) : new URL(c.req.url).searchParams;
    const client = clients.find(only(parameters, 'client_id'));
    if (client === undefined) return unknownClient(c);
    const redirectUri = only(parameters, 'redirect_uri');
    if (redirectUri === undefined || !isRegistered(client, redirectUri)) {
      return unknownRedirectUri(c, redirectUri, client);
    }

    const issuer = issuerOf(c);
    const request = readAuthorizationRequest(parameters, issuer);
    if ('error' in request) {
      const answer = { ...errorParameters(request), state: only(parameters, 'state'), iss: issuer };
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
    return sendBack(request.redirectUri, { ...answer, state: request.state, iss: request.issuer }, 303);
  });

  return routes;
}

// Whoever sent these two requests may not be a client at all: the browser is not sent anywhere.

function unknownClient(c: Context<SandboxEnv>): Response | Promise<Response> {
  return c.html(
    errorPage('No such client', [
      'The address does not have one client_id of a client that registered itself here.',
      'Registrations end with the sandbox: let your MCP client forget this provider, and connect it anew.',
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
        ? 'The address does not say where to return to: it needs one redirect_uri.'
        : `The client asks to return to ${redirectUri}, which is not one of its redirect URIs.`,
      `Those are ${redirectUris.join(', ')}. They must match character by character, but for the port of a loopback address.`,
    ]),
    400,
    pageHeaders,
  );
}
