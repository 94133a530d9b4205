/**
 * The part of the front page about the person who reads it: whether they are signed in to Autodesk, with sign-in and
 * sign-out. It says nothing to anybody before they have signed in at this browser, unless everybody who can reach the
 * server is the same local user.
 */
import { html } from 'hono/html';
import type { UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import type { UserTokenStore } from '../../aps-sign-in/user-tokens.ts';
import { type Caller, localUser } from '../../caller.ts';
import { isLoopback } from '../../config/schemas.ts';
import { SignInRequired } from '../../sign-in-required.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { Identification } from './identification.ts';
import { backToFrontPage, type Markup, page, redirect } from './page.ts';
import { subjectOf } from './person.ts';
import { readSmallBody } from './small-body.ts';

/** Where the form of the page is sent. */
export const accountPath = '/account';

export type Account = {
  /** What the front page shows to the person who opens it, and the id of their browser, for its cookie. */
  show(request: Request): Promise<{ part: Markup; browserId?: string }>;
  /** Answers the form. */
  answer(request: Request): Promise<Response>;
  readonly browserBinding: BrowserBinding;
  /** How people say who they are; undefined where everybody is the local user. */
  readonly identification?: Identification;
};

export type AccountOptions = {
  browserBinding: BrowserBinding;
  identification?: Identification;
  /** The APS tokens of users. */
  tokens: Pick<UserTokenStore, 'signInIdOf' | 'signOut'>;
  /** Where the sign-in to Autodesk can begin on the page. Elsewhere it comes with the one in the MCP client. */
  users?: Pick<UserSignIn, 'get' | 'confirm'>;
  /** The origin to which browsers come back from a sign-in. */
  browserOrigin: string;
};

/** What a person can do, by the value of its button. */
const actions = {
  identify: 'Sign in',
  'sign-in': 'Sign in to Autodesk',
  'sign-out': 'Sign out of Autodesk',
  leave: 'Forget me in this browser',
} as const;
type Action = keyof typeof actions;

/** Chromium checks every redirect that follows a form: to Autodesk, or to an OpenID provider. */
export const accountFormAction = "'self' https: http:";

export function createAccount(options: AccountOptions): Account {
  const { browserBinding, identification, tokens, users, browserOrigin } = options;

  /** Who reads the page, as far as they have shown it, and what they can do. */
  async function readerOf(request: Request) {
    const caller = identification ? await identification.callerOf(request) : localUser;
    const isSignedIn = caller !== undefined && (await tokens.signInIdOf(caller)) !== undefined;
    const offered: Action[] = caller
      ? [
          ...(isSignedIn ? (['sign-out'] as const) : users ? (['sign-in'] as const) : []),
          ...(identification ? (['leave'] as const) : []),
        ]
      : ['identify'];
    return { caller, isSignedIn, offered };
  }

  /** Begins a sign-in to Autodesk. The page with the button says whom it is for, so there is no other page to confirm it. */
  async function signIn({ id, user }: Caller, browserId: string): Promise<Response> {
    try {
      await users?.get({ id, user, client: identification && 'every client of this person' });
      return redirect('/', 303);
    } catch (error) {
      if (!(error instanceof SignInRequired)) throw error;
      const state = new URL(error.url).searchParams.get('state') ?? '';
      const address = await users?.confirm(state, browserId);
      return address === undefined ? outOfDate() : redirect(address, 303);
    }
  }

  return {
    browserBinding,
    identification,

    async show(request) {
      const origin = new URL(request.url).origin;
      // The cookie of a browser does not follow it from one name of this machine to another.
      if (identification && origin !== browserOrigin && bothOnThisMachine(origin, browserOrigin))
        return {
          part: section(
            html`<p>To sign in, open this page as <a href="${browserOrigin}/">${browserOrigin}/</a>.</p>`,
          ),
        };
      const { caller, isSignedIn, offered } = await readerOf(request);
      const browserId = browserBinding.idOf(request);
      const form = await browserBinding.sealForm(browserId, caller?.id ?? '');
      const { where } = identification ?? {};
      const part = section(html`${caller && identification ? person(caller) : ''}
        <p>${statusOf(caller, isSignedIn, { where, startsHere: users !== undefined })}</p>
        ${
          offered.length > 0
            ? html`<form method="post" action="${accountPath}">
          <input type="hidden" name="form" value="${form}" />
          ${offered.map((action) => button(action, where))}
        </form>`
            : ''
        }`);
      return { part, browserId };
    },

    async answer(request) {
      const sent = new URLSearchParams(await readSmallBody(request));
      const form = await browserBinding.openForm(request, sent.get('form'));
      const { caller, offered } = await readerOf(request);
      // Another person may have signed in at this browser since.
      if (!form || form.content !== (caller?.id ?? '')) return outOfDate();
      const action = offered.find((it) => it === sent.get('action'));
      if (action === 'identify' && identification) return identification.begin(form.id);
      if (action === 'leave' && identification) return identification.end();
      if (action === 'sign-in' && caller) return signIn(caller, form.id);
      if (action === 'sign-out' && caller) return signedOut(await tokens.signOut(caller));
      return outOfDate();
    },
  };
}

function section(content: Markup): Markup {
  return html`<h2>Your Autodesk account</h2>
      ${content}`;
}

function person(caller: Caller): Markup {
  return html`<dl>
          <dt>You are</dt>
          <dd id="person"><strong>${caller.user ?? 'unnamed'}</strong>, ${subjectOf(caller)}</dd>
        </dl>`;
}

/** @param where - where people sign in at the browser; undefined where everybody is the local user */
function statusOf(
  caller: Caller | undefined,
  isSignedIn: boolean,
  { where, startsHere }: { where: string | undefined; startsHere: boolean },
): string {
  if (!caller)
    return 'Sign in to see whether your MCP clients have access to your Autodesk account through this server, and to end it.';
  if (!where)
    return isSignedIn
      ? 'You are signed in to Autodesk. Every program on this machine can read the data of your account through this server.'
      : 'You are not signed in to Autodesk. Sign in here, or let your MCP client ask you to.';
  if (isSignedIn)
    return 'You are signed in to Autodesk. Your MCP clients can read the data of your account through this server.';
  return startsHere
    ? 'You are not signed in to Autodesk. If you sign in, the MCP clients of the person above can read the data of your account.'
    : 'None of your MCP clients is signed in. To use this server, sign in from your MCP client.';
}

function button(action: Action, where: string | undefined): Markup {
  const style = action === 'sign-in' || action === 'identify' ? 'filled' : '';
  const words = action === 'identify' ? html`${actions[action]} at ${where}` : actions[action];
  return html`<button type="submit" name="action" value="${action}" class="${style}">${words}</button>`;
}

function signedOut(outcome: Awaited<ReturnType<UserTokenStore['signOut']>>): Promise<Response> {
  return page(
    'You are signed out',
    html`<p role="status">${
      outcome === 'deleted only'
        ? 'This server has deleted its access to your Autodesk account. Autodesk could not be reached, so the access there lasts until it expires.'
        : 'The access to your Autodesk account was revoked. Your MCP clients must sign in again.'
    }</p>
      ${backToFrontPage}`,
  );
}

function outOfDate(): Promise<Response> {
  return page(
    'This page is out of date',
    html`<p>It was open for too long, or somebody has signed in or out since. Nothing was changed.</p>
      ${backToFrontPage}`,
    { status: 400 },
  );
}

function bothOnThisMachine(one: string, other: string): boolean {
  return [one, other].every((origin) => isLoopback(new URL(origin).hostname));
}
