/**
 * The page between a link and Autodesk: it says who a sign-in was made for, and asks the person to confirm. Without it, a
 * link sent to somebody else would connect their Autodesk account to the sender (MCP, Elicitation, "Safe URL Handling").
 */
import { html } from 'hono/html';
import type { UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { IdentityCheck } from './identity-check.ts';
import { page, redirect } from './page.ts';
import { recipient } from './person.ts';
import { readSmallBody } from './small-body.ts';

/** The path of the page. */
export const confirmationPath = '/signin';

/**
 * Answers requests of that path.
 *
 * @param identityCheck - how to find out who the person is, where that is possible
 */
export async function answerConfirmation(
  users: UserSignIn,
  browserBinding: BrowserBinding,
  identityCheck: IdentityCheck | undefined,
  request: Request,
): Promise<Response> {
  if (request.method === 'POST') {
    const sent = new URLSearchParams(await readSmallBody(request));
    const form = await browserBinding.openForm(request, sent.get('form'));
    if (!form || !(await users.callerOf(form.content))) return invalidLink();
    if (identityCheck) return identityCheck.begin(form.content, form.id);
    const address = await users.confirm(form.content, form.id);
    return address ? redirect(address, 303) : invalidLink();
  }
  const state = new URL(request.url).searchParams.get('state') ?? '';
  const caller = await users.callerOf(state);
  if (!caller) return invalidLink();
  const browserId = browserBinding.idOf(request);
  const form = await browserBinding.sealForm(browserId, state);
  const answer = await page(
    'Sign in to Autodesk?',
    html`<p>This link was made for one person, to let their MCP client read Autodesk data.</p>
      ${recipient(caller)}
      <p class="warning"><strong>Continue only if this is you, and you have just asked for it.</strong> The person named above
        gets access to the data of your Autodesk account. If somebody sent you this link, close this window.</p>
      ${identityCheck && html`<p>You sign in at <code>${identityCheck.issuer}</code> first, to show that it is you, and then at Autodesk.</p>`}
      <form method="post">
        <input type="hidden" name="form" value="${form}" />
        <button type="submit" id="go-on">This is me: continue${identityCheck ? '' : ' to Autodesk'}</button>
      </form>`,
    { formAction: "'self' https: http:" },
  );
  return browserBinding.remember(answer, browserId);
}

function invalidLink(): Promise<Response> {
  return page(
    'This sign-in link is no longer valid',
    html`<p>It has expired, has already been used, or was not made by this server.</p>
      <p class="note">Go back to your MCP client and repeat your request: it gives you a new link.
        You can close this window.</p>`,
    { status: 400 },
  );
}
