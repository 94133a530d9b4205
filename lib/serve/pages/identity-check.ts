/**
 * The check between a link and Autodesk that the person who opened the link is the one it was made for (MCP, Elicitation,
 * "Identifying the User" and "Phishing"): they sign in where MCP users do.
 */
import { html } from 'hono/html';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { SignInFailed, type UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import type { Caller } from '../../caller.ts';
import { digest } from '../../digest.ts';
import { createSealed, type Keys } from '../../sealed.ts';
import { refuseUnlessGet } from './callback.ts';
import { failurePage } from './failure.ts';
import { page, redirect } from './page.ts';
import { subjectOf } from './person.ts';

/** The path to which the OpenID provider sends browsers back, as registered there. */
export const identityCallbackPath = '/signin/callback';

/** Where MCP users sign in, as far as this check needs it. */
export type IdentityProvider = {
  readonly issuer: string;
  /**
   * The address there that starts a sign-in.
   *
   * @param state - comes back with the browser; letters, digits and `._-` only
   * @param verifier - the PKCE verifier (RFC 7636)
   * @throws {SignInFailed}
   */
  authorizationUrl(state: string, verifier: string): Promise<string>;
  /**
   * The person who signed in: the caller that they would be at the MCP server.
   *
   * @param query - what the browser brought back
   * @throws {SignInFailed}
   */
  callerIn(query: URLSearchParams, state: string, verifier: string): Promise<Caller>;
};

export type IdentityCheck = {
  readonly issuer: string;
  /** Sends the browser of a person who confirmed a link to sign in. */
  begin(link: string, browserId: string): Promise<Response>;
  /** Answers requests of {@link identityCallbackPath}: goes on to Autodesk, or says why not. */
  answer(users: UserSignIn, request: Request, browserIds: readonly string[]): Promise<Response>;
};

/** How long a person can take to sign in, in seconds. The link has its own end. */
const lifetime = 600;

/** A check under way. It travels sealed in `state`: the server keeps nothing of it. */
const checkSchema = z.object({
  /** The state of the link. */
  link: z.string(),
  /** The PKCE verifier. */
  verifier: z.string(),
  /** The digest of what identifies the browser in which the link was confirmed. */
  browser: z.string(),
});

export function createIdentityCheck(provider: IdentityProvider, keys: Keys): IdentityCheck {
  const checks = createSealed(keys, 'identity checks', checkSchema, lifetime);

  async function goOn(users: UserSignIn, query: URLSearchParams, browserIds: readonly string[]) {
    // A repeated parameter is not to be trusted (RFC 6749, section 3.1).
    const [state = '', ...more] = query.getAll('state');
    const check = more.length === 0 ? await checks.open(state) : undefined;
    const expected = check && (await users.callerOf(check.content.link));
    if (!check || !expected) throw invalidLink();
    const { link, verifier, browser } = check.content;
    const browserId = browserIds.find((id) => digest(id) === browser);
    // The address at the provider was passed on, or what it answered was.
    if (browserId === undefined)
      throw new SignInFailed(
        'other-browser',
        'This sign-in was started in another browser, perhaps by somebody else. Nothing was changed.',
      );
    const person = await provider.callerIn(query, state, verifier);
    if (person.id !== expected.id) return otherPerson(expected, person);
    const address = await users.confirm(link, browserId);
    if (address === undefined) throw invalidLink();
    return redirect(address, 302);
  }

  return {
    issuer: provider.issuer,

    begin: (link, browserId) =>
      orFailurePage(async () => {
        const verifier = oauth.generateRandomCodeVerifier();
        const state = await checks.seal({ link, verifier, browser: digest(browserId) });
        return redirect(await provider.authorizationUrl(state, verifier), 303);
      }),

    answer: async (users, request, browserIds) =>
      refuseUnlessGet(request) ??
      orFailurePage(() => goOn(users, new URL(request.url).searchParams, browserIds)),
  };
}

async function orFailurePage(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SignInFailed)) throw error;
    return failurePage(error, 'The OpenID provider');
  }
}

function invalidLink(): SignInFailed {
  return new SignInFailed(
    'invalid-link',
    'This sign-in link has expired, has already been used, or was not made by this server.',
  );
}

/** Names both, so that people with two accounts see which one to use. The page of the link names the first, too. */
function otherPerson(expected: Caller, person: Caller): Promise<Response> {
  return page(
    'This sign-in is not yours',
    html`<p>The link was made for someone other than the person who signed in. Nothing was changed.</p>
      <dl>
        <dt>The link was made for</dt>
        <dd id="expected"><strong>${expected.user ?? 'unnamed'}</strong>, ${subjectOf(expected)}</dd>
        <dt>You signed in as</dt>
        <dd id="person"><strong>${person.user ?? 'unnamed'}</strong>, ${subjectOf(person)}</dd>
      </dl>
      <p class="note">If somebody sent you the link, close this window. If both are you, open the link again in a private
        window, and sign in with the other account.</p>`,
    { status: 403 },
  );
}
