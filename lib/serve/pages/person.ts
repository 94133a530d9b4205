/** How pages name a person: who a sign-in was made for, or who has signed in. */
import { html } from 'hono/html';
import type { Caller } from '../../caller.ts';
import type { Markup } from './page.ts';
import { shownText } from './shown-text.ts';

/** The list of who receives access to an Autodesk account: a person, and the MCP client that they use. */
export function recipient(caller: Caller): Markup {
  return html`<dl>
        <dt>MCP user</dt>
        <dd id="user"><strong>${caller.user ?? 'unnamed'}</strong></dd>
        <dt>Signed in as</dt>
        <dd id="subject">${subjectOf(caller)}</dd>
        <dt>MCP client (its id there)</dt>
        <dd id="client">${caller.client ?? 'unnamed'}</dd>
      </dl>`;
}

/** What identifies the caller: the subject, and its issuer, where there is one. */
export function subjectOf({ id }: Caller): Markup {
  // An issuer has no fragment; a subject can contain anything.
  const end = id.indexOf('#');
  if (end < 0) return html`<code>${shownText(id)}</code>`;
  return html`<code>${shownText(id.slice(end + 1))}</code> at <code>${shownText(id.slice(0, end))}</code>`;
}
