/** Where browsers come back to after a sign-in at Autodesk, and the pages that say how it went. */
import { html } from 'hono/html';
import { type SignedIn, SignInFailed, type UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import { localUser } from '../../caller.ts';
import { StoreUnavailable } from '../../store/store.ts';
import { failurePage, storeUnavailablePage } from './failure.ts';
import { type Markup, page } from './page.ts';
import { recipient } from './person.ts';
import { shownText } from './shown-text.ts';

/** The path of the callback URL, as registered with the APS application. */
export const callbackPath = '/callback';

/** Hono routes HEAD like GET. Link checkers send it, and it must not use up a person's sign-in. */
export function refuseUnlessGet(request: Request): Response | undefined {
  if (request.method === 'GET') return undefined;
  return new Response(null, { status: 405, headers: { allow: 'GET' } });
}

/**
 * Finishes a sign-in, and answers with the page that says how it went.
 *
 * @param options.browserIds - what identifies this browser, where sign-ins are confirmed first
 * @param options.back - a way on from the page, where there is one
 */
export async function answerCallback(
  users: UserSignIn,
  request: Request,
  { browserIds, back }: { browserIds?: readonly string[]; back?: Markup } = {},
): Promise<Response> {
  const refused = refuseUnlessGet(request);
  if (refused) return refused;
  try {
    const signedIn = await users.finish(new URL(request.url).searchParams, browserIds);
    return await page(
      'You are signed in',
      html`${welcome(signedIn)}
      ${back ?? ''}`,
    );
  } catch (error) {
    if (error instanceof StoreUnavailable) return storeUnavailablePage(error);
    if (!(error instanceof SignInFailed)) throw error;
    return failurePage(error, 'Autodesk');
  }
}

function welcome({ account: { name, email }, caller }: SignedIn): Markup {
  const who = [name && shownText(name), email && `(${shownText(email)})`].filter(Boolean).join(' ');
  const isLocal = caller.id === localUser.id;
  return html`<p role="status">${who ? html`The account is <strong>${who}</strong>.` : 'Autodesk did not say whose account it is.'}
        ${isLocal ? 'Your MCP client can now read the data of this account.' : 'These can now read the data of this account:'}</p>
      ${isLocal ? '' : recipient(caller)}
      <p class="note">You can close this window and go back to your MCP client.</p>`;
}
