/** Where browsers come back to after a sign-in at Autodesk, and the pages that say how it went. */
import { html } from 'hono/html';
import { type Account, SignInFailed, type SignInProblem, type UserSignIn } from '../auth/user-sign-in.ts';
import { refusedHost } from './access.ts';
import type { Host } from './host.ts';
import { type Markup, page } from './page.ts';

/** The path of the callback address, as it is registered with the APS application. */
export const callbackPath = '/callback';

const statuses: Record<SignInProblem, number> = {
  unknown: 400,
  elsewhere: 403,
  denied: 403,
  refused: 400,
  incomplete: 400,
  trouble: 502,
};

const headings: Record<SignInProblem, string> = {
  unknown: 'This sign-in link is no longer good',
  elsewhere: 'This sign-in is not yours',
  denied: 'You did not sign in',
  refused: 'Autodesk refused the sign-in',
  incomplete: 'The sign-in did not finish',
  trouble: 'Autodesk cannot be reached',
};

/** The callback alone, for a server over stdio: its browsers need an address though its clients do not. */
export function createCallbackApp({ signIn }: Pick<Host, 'signIn'>): (request: Request) => Promise<Response> {
  return async (request) => {
    const refused = refusedHost(request, { hosts: [], origins: [] });
    if (refused) return refused;
    if (!signIn || request.method !== 'GET' || new URL(request.url).pathname !== callbackPath)
      return new Response('Nothing is here.', { status: 404 });
    return answerCallback(signIn, request);
  };
}

/** Hono routes HEAD like GET; it comes from whoever looks at links, and must not spend the person's. */
export function refusedUnlessGet(request: Request): Response | undefined {
  if (request.method === 'GET') return undefined;
  return new Response(null, { status: 405, headers: { allow: 'GET' } });
}

/** Finishes a sign-in, and answers with the page that says how it went. */
export async function answerCallback(
  signIn: UserSignIn,
  request: Request,
  browsers?: readonly string[],
): Promise<Response> {
  const refused = refusedUnlessGet(request);
  if (refused) return refused;
  try {
    const account = await signIn.finish(new URL(request.url).searchParams, browsers);
    return await page('You are signed in', welcome(account));
  } catch (error) {
    if (!(error instanceof SignInFailed)) throw error;
    return page(
      headings[error.problem],
      html`<p>${error.message}</p>
      <p class="note">To try again, go back to your MCP client and repeat what you asked for: it gives you a new link.
        You can close this window.</p>`,
      { status: statuses[error.problem] },
    );
  }
}

function welcome({ name, email }: Account): Markup {
  const who = [name, email && `(${email})`].filter(Boolean).join(' ');
  return html`<p role="status">${who ? html`The account is <strong>${who}</strong>.` : 'Autodesk did not say whose account it is.'}
        Your MCP client can now read what this account may see.</p>
      <p class="note">You can close this window and go back to your MCP client.</p>`;
}
