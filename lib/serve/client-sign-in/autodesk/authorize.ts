/**
 * The authorization endpoint: an MCP client's request, the person's consent, the way to Autodesk, and back to the client
 * (OAuth 2.1, section 4.1; RFC 9207).
 */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { OAuthProxyError, type TokenStorage } from 'fastmcp/auth';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import type { ApsProxy } from '../../../auth/aps-proxy.ts';
import { digest } from '../../../digest.ts';
import type { Browsers } from '../../browsers.ts';
import { refusedUnlessGet } from '../../callback.ts';
import { page, redirect } from '../../page.ts';
import { smallBody } from '../../small-body.ts';
import type { Clients } from './clients.ts';
import type { Codes } from './codes.ts';
import { consentPage } from './consent-page.ts';
import { leadsToThisMachine } from './redirect-uris.ts';

export const authorizePath = '/oauth/authorize';
const consentPath = '/oauth/consent';

export type AuthorizeOptions = {
  /** The issuer identifier of this authorization server. */
  issuer: string;
  /** The resource identifier of the MCP server: the only one that tokens are made for. */
  resource: string;
  /** What the MCP server calls itself. */
  server: string;
  scopes: readonly string[];
  /** The path to which Autodesk sends browsers back. */
  callbackPath: string;
  clients: Clients;
  codes: Codes;
  proxy: ApsProxy;
  browsers: Browsers;
  storage: Required<TokenStorage>;
};

/** A request that has been checked: what is needed to answer it. */
const requestSchema = z.object({
  clientId: z.string(),
  clientName: z.string(),
  redirectUri: z.string(),
  state: z.string().optional(),
  codeChallenge: z.string(),
});
type AuthorizationRequest = z.infer<typeof requestSchema>;

/** The same, on its way through Autodesk. */
const pendingSchema = requestSchema.extend({
  proxyClient: z.string(),
  /** The hash of what tells the browser in which consent was given from others. */
  browser: z.string(),
});

/** How long a person may take at Autodesk, in seconds. */
const pendingLifetime = 600;

export function authorizeRoutes(options: AuthorizeOptions): Hono {
  const { issuer, resource, server, scopes, callbackPath, clients, codes, proxy, browsers, storage } =
    options;
  const routes = new Hono();

  routes.get(authorizePath, async ({ req: { raw } }) => {
    const query = new URL(raw.url).searchParams;
    const target = await clientIn(query);
    // Where the answer would go is not known to be the client's: it is told to the person instead.
    if (target instanceof Response) return target;
    const { client, redirectUri } = target;
    const state = only(query, 'state');
    const request = checked(query);
    if (request instanceof OAuthError) return refuseUnasked({ redirectUri, state }, request);
    const browser = browsers.idOf(raw);
    const content: AuthorizationRequest = {
      ...{ clientId: client.id, clientName: client.name },
      ...{ redirectUri, state, ...request },
    };
    const form = await browsers.sealForm(browser, JSON.stringify(content));
    const answer = await consentPage({ client, redirectUri, server, scopes, form, action: consentPath });
    return browsers.remember(answer, browser);
  });

  routes.post(consentPath, async ({ req: { raw } }) => {
    const sent = new URLSearchParams(await smallBody(raw));
    const form = await browsers.openForm(raw, sent.get('form'));
    if (!form) return tooLate();
    const request = requestSchema.parse(JSON.parse(form.content));
    if (sent.get('decision') !== 'allow')
      return refuse(request, new OAuthError(OAuthErrorCode.AccessDenied, 'The person did not allow it'), 303);
    const { address, state, proxyClient } = await proxy.begin(request.redirectUri, request.codeChallenge);
    await storage.save(
      pendingKey(state),
      { ...request, proxyClient, browser: digest(form.id) },
      pendingLifetime,
    );
    return redirect(address, 303);
  });

  routes.on('GET', callbackPath, async ({ req: { raw } }) => {
    const refused = refusedUnlessGet(raw);
    if (refused) return refused;
    const query = new URL(raw.url).searchParams;
    const pending = pendingSchema.safeParse(await storage.take(pendingKey(only(query, 'state') ?? ''))).data;
    if (!pending) return tooLate();
    // Whoever agreed, and passed the way to Autodesk on to somebody else, must not get their tokens.
    if (!browsers.idsOf(raw).map(digest).includes(pending.browser)) return elsewhere();
    try {
      const { clientId, clientName, redirectUri, proxyClient } = pending;
      const code = await codes.seal({
        ...{ clientId, clientName, redirectUri, proxyClient },
        code: await proxy.finish(raw),
      });
      return answer(pending, { code });
    } catch (error) {
      return refuse(pending, failureOf(error));
    }
  });

  /** The client that asks, and where it waits; or the page that says why it cannot be answered. */
  async function clientIn(query: URLSearchParams) {
    try {
      const client = await clients.find(only(query, 'client_id') ?? '');
      const redirectUri = only(query, 'redirect_uri');
      // Compared character by character (RFC 9700, section 2.1).
      if (redirectUri !== undefined && client.redirectUris.includes(redirectUri))
        return { client, redirectUri };
      throw new OAuthError(
        OAuthErrorCode.InvalidRequest,
        `${client.name} asks for the answer to go to an address that is not one of its own.`,
      );
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return page(
        'This MCP client cannot sign in here',
        html`<p>${error.message}</p>
          <p class="note">Nothing was changed. You can close this window.</p>`,
        { status: 400 },
      );
    }
  }

  /** What else must be right about a request: S256, this server as the resource, no more than its scopes. */
  function checked(query: URLSearchParams): { codeChallenge: string } | OAuthError {
    const repeated = [...new Set(query.keys())].find(
      (name) => name !== 'resource' && query.getAll(name).length > 1,
    );
    if (repeated !== undefined)
      return new OAuthError(OAuthErrorCode.InvalidRequest, 'A parameter was given more than once');
    if (only(query, 'response_type') !== 'code')
      return new OAuthError(OAuthErrorCode.UnsupportedResponseType, 'response_type must be code');
    const codeChallenge = only(query, 'code_challenge') ?? '';
    if (only(query, 'code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(codeChallenge))
      return new OAuthError(OAuthErrorCode.InvalidRequest, 'PKCE with S256 is required');
    if (query.getAll('resource').some((wanted) => wanted !== resource))
      return new OAuthError(OAuthErrorCode.InvalidTarget, `resource must be ${resource}`);
    const wanted = (only(query, 'scope') ?? '').split(' ').filter((scope) => scope !== '');
    if (!wanted.every((scope) => scopes.includes(scope)))
      return new OAuthError(OAuthErrorCode.InvalidScope, `scope can be ${scopes.join(' ')}`);
    return { codeChallenge };
  }

  /**
   * Refuses before the person has agreed to anything. A browser is not sent to a stranger's address for it, or links to
   * this server would lead wherever somebody wants (RFC 9700, section 4.11.2).
   */
  function refuseUnasked(
    to: Pick<AuthorizationRequest, 'redirectUri' | 'state'>,
    error: OAuthError,
  ): Response | Promise<Response> {
    const back = refuse(to, error);
    if (leadsToThisMachine(to.redirectUri)) return back;
    return page(
      'This MCP client made a mistake',
      html`<p>It asked for something that cannot be had here: ${error.message}.</p>
        <p><a href="${back.headers.get('location')}">Go back to ${new URL(to.redirectUri).host}</a>, if you know it.</p>`,
      { status: 400 },
    );
  }

  function refuse(
    to: Pick<AuthorizationRequest, 'redirectUri' | 'state'>,
    { code, message }: OAuthError,
    status?: 302 | 303,
  ): Response {
    return answer(to, { error: code, error_description: message }, status);
  }

  /** Sends the browser back to the client. `iss` says who answers (RFC 9207). */
  function answer(
    { redirectUri, state }: Pick<AuthorizationRequest, 'redirectUri' | 'state'>,
    parameters: Record<string, string>,
    status: 302 | 303 = 302,
  ): Response {
    const address = new URL(redirectUri);
    for (const [name, value] of Object.entries({ ...parameters, state, iss: issuer }))
      if (value !== undefined) address.searchParams.set(name, value);
    return redirect(address.href, status);
  }

  return routes;
}

/** The value of a parameter that is given once: others are not to be trusted (RFC 6749, section 3.1). */
function only(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name);
  return value === '' || more.length > 0 ? undefined : value;
}

/** What went wrong at Autodesk, as the client may know it. */
function failureOf(error: unknown): OAuthError {
  const code = error instanceof OAuthProxyError ? error.code : '';
  return code === 'access_denied'
    ? new OAuthError(OAuthErrorCode.AccessDenied, 'The person did not allow it at Autodesk')
    : new OAuthError(OAuthErrorCode.ServerError, 'The sign-in at Autodesk did not succeed');
}

function tooLate(): Promise<Response> {
  return page(
    'This sign-in is over',
    html`<p>It has expired, has been used already, or was not begun in this browser.</p>
      <p class="note">Go back to your MCP client and sign in from there once more. You can close this window.</p>`,
    { status: 400 },
  );
}

function elsewhere(): Promise<Response> {
  return page(
    'This sign-in is not yours',
    html`<p>It was begun in another browser, perhaps by somebody else. Nothing was changed.</p>
      <p class="note">If you meant to sign in, go back to your MCP client and begin there. You can close this window.</p>`,
    { status: 403 },
  );
}

function pendingKey(state: string): string {
  return `authorize:${state}`;
}
