// The pages that people see when an application signs them in: who they are, what they allow, and what went wrong.
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { Scope } from './scopes.ts';
import type { PendingSignIn } from './sign-ins.ts';
import type { User } from './users.ts';

type Page = ReturnType<typeof html>;

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
 * `form-action` names no single application: Chromium holds each hop after a form to it, and an application may send
 * the browser on from its callback to an address that is not known here.
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

const scopesInWords: Record<Scope, string> = {
  'user-profile:read': 'See your profile, such as your name and email address',
  'user:read': 'See the settings of your account',
  'user:write': 'Change the settings of your account',
  'viewables:read': 'View your models in a browser, without their source files',
  'data:read': 'See and download your projects and files',
  'data:write': 'Change your projects and files',
  'data:create': 'Create new files and folders for you',
  'data:search': 'Search your projects and files',
  'bucket:create': 'Create storage buckets',
  'bucket:read': 'See storage buckets',
  'bucket:update': 'Change storage buckets',
  'bucket:delete': 'Delete storage buckets',
  'code:all': 'Run automations for you',
  'account:read': 'See the accounts that you are a member of',
  'account:write': 'Change the accounts that you administer',
  openid: 'Know who you are',
  'application:service_account:read': 'See the service accounts of the application',
  'application:service_account:write': 'Change the service accounts of the application',
  'application:service_account_key:read': 'See the keys of service accounts',
  'application:service_account_key:write': 'Change the keys of service accounts',
};

/**
 * The page that asks a user to sign in, and to allow what the application asks for.
 *
 * For automated browsers: the radio buttons are named by the user and have the id `user-` and the Autodesk id; the
 * buttons are `Allow` and `Deny`, ids `allow` and `deny`.
 */
export function signInPage(
  { application, scopes, redirectUri }: PendingSignIn,
  { action, transaction, users }: { action: string; transaction: string; users: readonly User[] },
): Page {
  return layout(
    `Sign in to ${application.name}`,
    html`<h1>Sign in to ${application.name}</h1>
<form id="sign-in" method="post" action="${action}">
<input type="hidden" name="transaction" value="${transaction}">
<fieldset>
<legend>1. Who are you?</legend>
${users.map(
  ({ userId, name, email }, index) => html`<label for="user-${userId}">
<input type="radio" name="user" id="user-${userId}" value="${userId}" required${index === 0 ? raw(' checked') : ''}>
<span>${name}<small>${email}</small></span>
</label>
`,
)}</fieldset>
<section aria-labelledby="consent">
<h2 id="consent">2. May ${application.name} do this for you?</h2>
<ul id="scopes">
${scopes.map((scope) => html`<li>${inWords(scope)} <small><code>${scope}</code></small></li>\n`)}</ul>
</section>
<p>Either way you return to <code id="redirect-uri">${redirectUri}</code></p>
<button type="submit" id="allow" name="decision" value="allow">Allow</button>
<button type="submit" id="deny" name="decision" value="deny" formnovalidate>Deny</button>
</form>`,
  );
}

/** The page for what must not, or cannot, be told to the application. */
export function errorPage(title: string, paragraphs: readonly string[]): Page {
  return layout(title, html`<h1>${title}</h1>\n${paragraphs.map((text) => html`<p>${text}</p>\n`)}`);
}

function layout(title: string, content: Page): Page {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - APS sandbox</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<p class="notice"><strong>This is the sandbox.</strong> No Autodesk account is involved.</p>
${content}
</main>
</body>
</html>
`;
}

function inWords(scope: string): string {
  const known = Object.entries(scopesInWords).find(([name]) => name === scope);
  return known?.[1] ?? `See and download only ${scope.slice('data:read:'.length)}`;
}
