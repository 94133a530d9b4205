/**
 * The authorization endpoint: an MCP client's request, the person's consent, the way to Autodesk, and back to the client
 * (OAuth 2.1, section 4.1; RFC 9207).
 */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { html } from 'hono/html';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { AccountSignIn } from '../../../aps-sign-in/account-sign-in.ts';
import { signInLifetime } from '../../../aps-sign-in/authorization-code-flow.ts';
import { SignInFailed } from '../../../aps-sign-in/user-sign-in.ts';
import { digest } from '../../../digest.ts';
import { createSealed, type Keys } from '../../../sealed.ts';
import type { BrowserBinding } from '../../pages/browser-binding.ts';
import { refuseUnlessGet } from '../../pages/callback.ts';
import { page, redirect } from '../../pages/page.ts';
import { readSmallBody } from '../../pages/small-body.ts';
import type { Clients } from './clients.ts';
import type { Codes } from './codes.ts';
import { consentPage } from './consent-page.ts';
import type { Grants } from './grants.ts';
import { isOneOf, leadsToThisMachine } from './redirect-uris.ts';

export const authorizePath = '/oauth/authorize';
const consentPath = '/oauth/consent';

export type AuthorizeOptions = {
  /** The issuer identifier of this authorization server. */
  issuer: string;
  /** The resource identifier of the MCP server: the only one that tokens are issued for. */
  resource: string;
  /** What the MCP server calls itself. */
  server: string;
  scopes: readonly string[];
  /** The path to which Autodesk sends browsers back. */
  callbackPath: string;
  clients: Clients;
  codes: Codes;
  grants: Grants;
  accounts: AccountSignIn;
  browserBinding: BrowserBinding;
  keys: Keys;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

/** A request that has been checked: what is needed to answer it. */
const requestSchema = z.object({
  /** The `client_id`, as a digest: a registered one is long. */
  client: z.string(),
  clientName: z.string(),
  redirectUri: z.string(),
  state: z.string().optional(),
  codeChallenge: z.string(),
});
type AuthorizationRequest = z.infer<typeof requestSchema>;

/**
 * The same, on its way through Autodesk: sealed in the `state` that the browser carries there and back. The server keeps
 * nothing of it, so strangers who start sign-ins cannot fill its memory, or push out other people's sign-ins.
 */
const signInSchema = requestSchema.extend({
  /** Our PKCE verifier for APS. */
  verifier: z.string(),
  /** The digest of what identifies the browser in which consent was given. */
  browser: z.string(),
});

/** The longest `state` of a client, in characters: it travels through Autodesk inside our own. */
const longestState = 1000;

export function authorizeRoutes(options: AuthorizeOptions): Hono {
  const { issuer, resource, server, scopes, callbackPath } = options;
  const { clients, codes, grants, accounts, browserBinding, keys, now } = options;
  const signIns = createSealed(keys, 'authorization requests', signInSchema, signInLifetime, now);
  const routes = new Hono();

  routes.get(authorizePath, async ({ req: { raw } }) => {
    const query = new URL(raw.url).searchParams;
    const target = await clientIn(query);
    // Nobody knows whether the address belongs to the client: the person is told instead.
    if (target instanceof Response) return target;
    const { client, redirectUri } = target;
    const state = only(query, 'state');
    const request = checked(query);
    if (request instanceof OAuthError) return refuseUnasked({ redirectUri, state }, request);
    const browserId = browserBinding.idOf(raw);
    const content: AuthorizationRequest = {
      ...{ client: digest(client.id), clientName: client.name },
      ...{ redirectUri, state, ...request },
    };
    const form = await browserBinding.sealForm(browserId, JSON.stringify(content));
    const answer = await consentPage({ client, redirectUri, server, scopes, form, action: consentPath });
    return browserBinding.remember(answer, browserId);
  });

  routes.post(consentPath, async ({ req: { raw } }) => {
    const sent = new URLSearchParams(await readSmallBody(raw));
    const form = await browserBinding.openForm(raw, sent.get('form'));
    if (!form) return tooLate();
    const request = requestSchema.parse(JSON.parse(form.content));
    if (sent.get('decision') !== 'allow')
      return refuse(request, new OAuthError(OAuthErrorCode.AccessDenied, 'The user denied the request'), 303);
    const verifier = oauth.generateRandomCodeVerifier();
    const state = await signIns.seal({ ...request, verifier, browser: digest(form.id) });
    return redirect(await accounts.authorizationUrl(state, verifier), 303);
  });

  routes.on('GET', callbackPath, async ({ req: { raw } }) => {
    const refused = refuseUnlessGet(raw);
    if (refused) return refused;
    const query = new URL(raw.url).searchParams;
    const state = only(query, 'state') ?? '';
    const signIn = (await signIns.open(state))?.content;
    if (!signIn) return tooLate();
    // A browser that comes back once more must not use up what the client has already got.
    if (await grants.isOver(codes.signInOf(signIn))) return tooLate();
    // Anybody who agreed can pass Autodesk's address on to another person, whose tokens they must not receive.
    if (!browserBinding.idsOf(raw).map(digest).includes(signIn.browser)) return otherBrowser();
    try {
      const { client, clientName, redirectUri, codeChallenge, verifier } = signIn;
      // The client's token request redeems it at APS, so that nothing is kept for clients that never come.
      const code = {
        ...{ code: accounts.codeIn(query, state), verifier },
        ...{ client, clientName, codeChallenge, redirectUri: digest(redirectUri) },
      };
      return answer(signIn, { code: await codes.seal(code) });
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error;
      return refuse(signIn, failureOf(error));
    }
  });

  /** The client that asks, and where it waits for the answer; or the page that says why there is none. */
  async function clientIn(query: URLSearchParams) {
    try {
      const client = await clients.find(only(query, 'client_id') ?? '');
      const redirectUri = only(query, 'redirect_uri');
      if (redirectUri !== undefined && isOneOf(client.redirectUris, redirectUri))
        return { client, redirectUri };
      throw new OAuthError(
        OAuthErrorCode.InvalidRequest,
        `${client.name} wants the answer at an address that it has not registered or published.`,
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

  /** Checks the rest of a request: S256, and this server as the resource. Scopes never matter: every grant has the server's. */
  function checked(query: URLSearchParams): { codeChallenge: string } | OAuthError {
    if ((query.get('state') ?? '').length > longestState)
      return new OAuthError(
        OAuthErrorCode.InvalidRequest,
        `state can have at most ${longestState} characters`,
      );
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
    return { codeChallenge };
  }

  /**
   * Refuses before the person has agreed to anything. It does not redirect to the address of a stranger, or links to this
   * server would lead anywhere (RFC 9700, section 4.11.2).
   */
  function refuseUnasked(
    to: Pick<AuthorizationRequest, 'redirectUri' | 'state'>,
    error: OAuthError,
  ): Response | Promise<Response> {
    const back = refuse(to, error);
    if (leadsToThisMachine(to.redirectUri)) return back;
    return page(
      'This MCP client made a mistake',
      html`<p>It asked for something that this server does not offer: ${error.message}.</p>
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

  /** Sends the browser back to the client. `iss` says which server answers (RFC 9207). */
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

/** The value of a parameter, if it is given once: repeated ones are not to be trusted (RFC 6749, section 3.1). */
function only(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name);
  return value === '' || more.length > 0 ? undefined : value;
}

/** What went wrong at Autodesk, as far as the client should know. */
function failureOf({ problem }: SignInFailed): OAuthError {
  return problem === 'denied'
    ? new OAuthError(OAuthErrorCode.AccessDenied, 'The user denied the request at Autodesk')
    : new OAuthError(OAuthErrorCode.ServerError, 'The sign-in at Autodesk did not succeed');
}

function tooLate(): Promise<Response> {
  return page(
    'This sign-in is over',
    html`<p>It has expired, has already been used, or was not started in this browser.</p>
      <p class="note">Go back to your MCP client and sign in again from there. You can close this window.</p>`,
    { status: 400 },
  );
}

function otherBrowser(): Promise<Response> {
  return page(
    'This sign-in is not yours',
    html`<p>It was started in another browser, perhaps by somebody else. Nothing was changed.</p>
      <p class="note">If you want to sign in, go back to your MCP client and start there. You can close this window.</p>`,
    { status: 403 },
  );
}
