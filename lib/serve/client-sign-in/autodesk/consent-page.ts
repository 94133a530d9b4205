/** The page on which a person allows an MCP client to use this server with their Autodesk account. */
import { html } from 'hono/html';
import { type Markup, page } from '../../pages/page.ts';
import type { McpClient } from './clients.ts';
import { isPrivateUse, leadsToThisMachine } from './redirect-uris.ts';

export type ConsentRequest = {
  client: McpClient;
  redirectUri: string;
  /** What this server calls itself. */
  server: string;
  /** What the APS tokens can be used for. */
  scopes: readonly string[];
  /** The value of the hidden field that comes back with the answer. */
  form: string;
  /** Where the form is sent to. */
  action: string;
};

/** APS scopes of the servers here, in words. */
const scopesInWords: Record<string, string> = {
  'data:read': 'See and download your projects and files',
  'user-profile:read': 'See your profile, such as your name and email address',
};

/**
 * Says who asks, who vouches for it, and where the answer goes (MCP, Authorization, "Localhost Redirect URI Risks" and
 * "Confused Deputy Problem").
 *
 * Allow is the filled button, as on other such pages: people find it, and do not mistake one for the other. Deny comes
 * first, for the keyboard and for screen readers: a wrong Deny costs a second try, a wrong Allow gives data away.
 */
export function consentPage(request: ConsentRequest): Promise<Response> {
  const { client, redirectUri, server, scopes, form, action } = request;
  const { protocol } = new URL(redirectUri);
  return page(
    `Allow ${client.name}?`,
    html`<p>An MCP client wants to use <strong>${server}</strong> with your Autodesk account. If you allow it, you sign in
        at Autodesk next.</p>
      <dl>
        <dt>It calls itself</dt>
        <dd id="client">${client.name}</dd>
        <dt>Who vouches for that</dt>
        <dd id="publisher">${publisher(client)}</dd>
        <dt>Through this server, it can</dt>
        <dd><ul>${scopes.map((scope) => html`<li>${scopesInWords[scope] ?? scope}</li>`)}</ul></dd>
        <dt>The answer goes to</dt>
        <dd id="redirect-uri">${destination(redirectUri)}</dd>
      </dl>
      ${
        isPrivateUse(protocol)
          ? html`<p class="warning"><strong>The answer goes to the app that opens <code>${protocol}</code> links on your
        computer.</strong> Any app can claim such links: allow this only if you know which one does.</p>`
          : ''
      }
      <p class="warning" id="when"><strong>Allow it only if you have just started to sign in from this client.</strong> If somebody sent you
        this link, close this window.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="form" value="${form}" />
        <button type="submit" id="deny" name="decision" value="deny">Deny</button>
        <button type="submit" id="allow" class="filled" name="decision" value="allow" aria-describedby="when">Allow</button>
      </form>`,
    // Chromium checks the redirect that follows the form, so a private-use scheme must be named.
    { formAction: ["'self' https: http:", ...(isPrivateUse(protocol) ? [protocol] : [])].join(' ') },
  );
}

/** The host by itself, because an address can have another in its path; and the address, because many can share a host. */
function publisher({ publishedBy }: McpClient): Markup | string {
  if (publishedBy === undefined) return 'nobody: any program can give itself this name';
  return html`<strong>${new URL(publishedBy).host}</strong>, with its document at <code>${publishedBy}</code>`;
}

function destination(redirectUri: string): Markup {
  const { protocol, host } = new URL(redirectUri);
  if (isPrivateUse(protocol)) return html`an app on your own computer, by its <code>${protocol}</code> links`;
  return leadsToThisMachine(redirectUri)
    ? html`a program on your own computer, at <code>${host}</code>`
    : html`<code>${host}</code>`;
}
