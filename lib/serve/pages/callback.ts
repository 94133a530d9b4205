/** Where browsers come back to after a sign-in at Autodesk, and the pages that say how it went. */
import { html } from 'hono/html';
import {
  type Account,
  SignInFailed,
  type SignInProblem,
  type UserSignIn,
} from '../../aps-sign-in/user-sign-in.ts';
import { type Markup, page } from './page.ts';

/** The path of the callback URL, as registered with the APS application. */
export const callbackPath = '/callback';

const statuses: Record<SignInProblem, number> = {
  'invalid-link': 400,
  'other-browser': 403,
  denied: 403,
  refused: 400,
  incomplete: 400,
  unavailable: 502,
};

const headings: Record<SignInProblem, string> = {
  'invalid-link': 'This sign-in link is no longer valid',
  'other-browser': 'This sign-in is not yours',
  denied: 'You did not sign in',
  refused: 'Autodesk refused the sign-in',
  incomplete: 'The sign-in did not finish',
  unavailable: 'Autodesk is unavailable',
};

/** Hono routes HEAD like GET. Link checkers send it, and it must not use up a person's sign-in. */
export function refuseUnlessGet(request: Request): Response | undefined {
  if (request.method === 'GET') return undefined;
  return new Response(null, { status: 405, headers: { allow: 'GET' } });
}

/** Finishes a sign-in, and answers with the page that says how it went. */
export async function answerCallback(
  users: UserSignIn,
  request: Request,
  browserIds?: readonly string[],
): Promise<Response> {
  const refused = refuseUnlessGet(request);
  if (refused) return refused;
  try {
    const account = await users.finish(new URL(request.url).searchParams, browserIds);
    return await page('You are signed in', welcome(account));
  } catch (error) {
    if (!(error instanceof SignInFailed)) throw error;
    return page(
      headings[error.problem],
      html`<p>${error.message}</p>
      <p class="note">To try again, go back to your MCP client and repeat your request: it gives you a new link.
        You can close this window.</p>`,
      { status: statuses[error.problem] },
    );
  }
}

function welcome({ name, email }: Account): Markup {
  const who = [name, email && `(${email})`].filter(Boolean).join(' ');
  return html`<p role="status">${who ? html`The account is <strong>${who}</strong>.` : 'Autodesk did not say whose account it is.'}
        Your MCP client can now read the data of this account.</p>
      <p class="note">You can close this window and go back to your MCP client.</p>`;
}
