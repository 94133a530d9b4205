/**
 * The page between a link and Autodesk: it says for whom a sign-in was made, and asks to go on. Without it, a link that is
 * sent to somebody else would tie their Autodesk account to the sender (MCP, Elicitation, "Safe URL Handling").
 */
import { html } from 'hono/html';
import type { Caller } from '../auth/token-source.ts';
import type { UserSignIn } from '../auth/user-sign-in.ts';
import type { Browsers } from './browsers.ts';
import { type Markup, page, redirect } from './page.ts';
import { smallBody } from './small-body.ts';

/** The path of the page. */
export const confirmPath = '/signin';

/** Answers requests of that path. */
export async function answerConfirm(
  signIn: UserSignIn,
  browsers: Browsers,
  request: Request,
): Promise<Response> {
  if (request.method === 'POST') {
    const sent = new URLSearchParams(await smallBody(request));
    const form = await browsers.openForm(request, sent.get('form'));
    const address = form && (await signIn.confirm(form.content, form.id));
    return address ? redirect(address, 303) : tooLate();
  }
  const state = new URL(request.url).searchParams.get('state') ?? '';
  const asker = await signIn.askerOf(state);
  if (!asker) return tooLate();
  const browser = browsers.idOf(request);
  const form = await browsers.sealForm(browser, state);
  const answer = await page(
    'Sign in to Autodesk?',
    html`<p>This link was made for one person, so that their MCP client can read Autodesk data.</p>
      <dl>
        <dt>MCP user</dt>
        <dd id="user"><strong>${asker.user ?? 'not named'}</strong></dd>
        <dt>Signed in as</dt>
        <dd id="subject">${subjectOf(asker)}</dd>
        <dt>MCP client (its id there)</dt>
        <dd id="client">${asker.client ?? 'not named'}</dd>
      </dl>
      <p class="warning"><strong>Go on only if this is you, and you have just asked for it.</strong> Whoever is named above will
        see what your Autodesk account may see. If somebody sent you this link, close this window.</p>
      <form method="post">
        <input type="hidden" name="form" value="${form}" />
        <button type="submit" id="go-on">This is me: go on to Autodesk</button>
      </form>`,
    { formAction: "'self' https: http:" },
  );
  return browsers.remember(answer, browser);
}

/** What identifies the caller: the subject, and who says so. */
function subjectOf({ id }: Caller): Markup {
  // An issuer has no fragment; a subject may have anything in it.
  const end = id.indexOf('#');
  return html`<code>${id.slice(end + 1)}</code> at <code>${id.slice(0, end)}</code>`;
}

function tooLate(): Promise<Response> {
  return page(
    'This sign-in link is no longer good',
    html`<p>It has expired, has been used already, or was not made by this server.</p>
      <p class="note">Go back to your MCP client and repeat what you asked for: it gives you a new link.
        You can close this window.</p>`,
    { status: 400 },
  );
}
