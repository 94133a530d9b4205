// The sign-in and error pages of the OpenID provider.
import { html } from 'hono/html';
import * as page from '../page.ts';
import { company, employees } from './employees.ts';
import { scopesInWords } from './scopes.ts';
import type { PendingSignIn } from './sign-ins.ts';

const site: page.Site = {
  name: company,
  notice: html`<strong>This is the identity provider of ${company}</strong>, a made-up company in the sandbox. It is not
Autodesk, and no Autodesk account is involved.`,
};

/** The sign-in and consent page. */
export function signInPage(
  { client, scopes, shown, redirectUri }: PendingSignIn,
  { action, transaction }: { action: string; transaction: string },
): page.Page {
  const applicationName = client.name ?? 'An unnamed application';
  return page.signInPage(site, {
    heading: `${applicationName} asks you to sign in`,
    applicationName,
    people: employees.map(({ sub: id, name, email }) => ({ id, name, email })),
    scopes: scopes.map((scope) => ({ scope, inWords: scopesInWords.get(scope) ?? scope })),
    target: shown,
    redirectUri,
    action,
    transaction,
  });
}

/** The page for errors that are not reported to the client. */
export function errorPage(title: string, paragraphs: readonly string[]): page.Page {
  return page.errorPage(site, title, paragraphs);
}
