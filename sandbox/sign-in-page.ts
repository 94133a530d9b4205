// The sign-in and error pages of APS.
import { html } from 'hono/html';
import * as page from './page.ts';
import type { Scope } from './scopes.ts';
import type { PendingSignIn } from './sign-ins.ts';
import type { User } from './users.ts';

const site: page.Site = {
  name: 'APS sandbox',
  notice: html`<strong>This is the sandbox.</strong> No Autodesk account is involved.`,
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

/** The sign-in and consent page. */
export function signInPage(
  users: readonly User[],
  { application, scopes, redirectUri }: PendingSignIn,
  { action, transaction }: { action: string; transaction: string },
): page.Page {
  return page.signInPage(site, {
    heading: `Sign in to ${application.name}`,
    applicationName: application.name,
    people: users.map(({ userId: id, name, email }) => ({ id, name, email })),
    scopes: scopes.map((scope) => ({ scope, inWords: inWords(scope) })),
    redirectUri,
    action,
    transaction,
  });
}

/** The page for errors that are not reported to the application. */
export function errorPage(title: string, paragraphs: readonly string[]): page.Page {
  return page.errorPage(site, title, paragraphs);
}

function inWords(scope: string): string {
  const known = Object.entries(scopesInWords).find(([name]) => name === scope);
  return known?.[1] ?? `See and download only ${scope.slice('data:read:'.length)}`;
}
