// The layout, style, headers and form that the sign-in pages of APS and the company share.
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';

export type Page = ReturnType<typeof html>;

/** Identifies the site of a page. */
export type Site = {
  /** Ends the title of every page. */
  name: string;
  /** The banner on every page. It says that this is not the real site. */
  notice: Page;
};

/** The contents of the form, which asks who you are and what the application may do. */
export type SignInForm = {
  heading: string;
  applicationName: string;
  people: readonly { id: string; name: string; email: string }[];
  scopes: readonly { scope: string; inWords: string }[];
  /** The resource to access, if the application alone does not make it clear. */
  target?: string;
  redirectUri: string;
  action: string;
  transaction: string;
};

const style = `
:root { color-scheme: light dark; --line: light-dark(#767676, #8a8a8a); --accent: light-dark(#0b57d0, #a8c7fa); }
body { margin: 0; background: light-dark(#f3f4f6, #16181c); color: light-dark(#1b1d21, #e8eaed);
  font: 1rem/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 36rem; margin: 0 auto; padding: 1.5rem; overflow-wrap: anywhere; }
.notice { padding: .75rem 1rem; border-left: .35rem solid light-dark(#b45309, #fbbf24);
  background: light-dark(#fff4db, #33290f); }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2, legend { font-size: 1.1rem; font-weight: 600; }
fieldset, section { margin: 1rem 0; padding: .5rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
h2 { margin: .25rem 0 .5rem; }
ul { margin: 0; padding-left: 1.25rem; }
label { display: flex; gap: .75rem; align-items: center; padding: .5rem 0; cursor: pointer; }
input { width: 1.25rem; height: 1.25rem; flex: none; margin: 0; accent-color: var(--accent); }
small { display: block; opacity: .85; }
button { margin: 0 .75rem .75rem 0; padding: .65rem 1.75rem; border: 2px solid var(--accent); border-radius: .5rem;
  background: transparent; color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
#allow { background: var(--accent); color: light-dark(#fff, #16181c); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
`;

/**
 * The headers of every page.
 *
 * `form-action` allows any http(s) address: Chromium applies it to every redirect after a form post, and an
 * application's callback may redirect to an address that the sandbox does not know.
 */
export const pageHeaders: Record<string, string> = {
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "form-action 'self' http: https:",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * The sign-in and consent page.
 *
 * For browser automation: each radio button is labelled with a person's name, and its id is `user-` plus the person's
 * id. The buttons are `Allow` and `Deny`, with the ids `allow` and `deny`.
 */
export function signInPage(site: Site, form: SignInForm): Page {
  const { heading, applicationName, people, scopes, target, redirectUri, action, transaction } = form;
  return layout(
    site,
    heading,
    html`<h1>${heading}</h1>
<form id="sign-in" method="post" action="${action}">
<input type="hidden" name="transaction" value="${transaction}">
<fieldset>
<legend>1. Who are you?</legend>
${people.map(
  ({ id, name, email }, index) => html`<label for="user-${id}">
<input type="radio" name="user" id="user-${id}" value="${id}" required${index === 0 ? raw(' checked') : ''}>
<span>${name}<small>${email}</small></span>
</label>
`,
)}</fieldset>
<section aria-labelledby="consent">
<h2 id="consent">2. May ${applicationName} do this for you?</h2>
<ul id="scopes">
${scopes.map(({ scope, inWords }) => html`<li>${inWords} <small><code>${scope}</code></small></li>\n`)}</ul>
</section>
${target === undefined ? '' : html`<p>This gives access to <code id="target">${target}</code></p>\n`}<p>Either way, you return to <code id="redirect-uri">${redirectUri}</code></p>
<button type="submit" id="allow" name="decision" value="allow">Allow</button>
<button type="submit" id="deny" name="decision" value="deny" formnovalidate>Deny</button>
</form>`,
  );
}

/** The page for errors that are not reported to the application. */
export function errorPage(site: Site, title: string, paragraphs: readonly string[]): Page {
  return layout(site, title, html`<h1>${title}</h1>\n${paragraphs.map((text) => html`<p>${text}</p>\n`)}`);
}

function layout({ name, notice }: Site, title: string, content: Page): Page {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - ${name}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<p class="notice">${notice}</p>
${content}
</main>
</body>
</html>
`;
}
