// Signs a user in without a browser, by submitting the sandbox's page over HTTP.

/**
 * What the person does on Autodesk's page.
 *
 * @example
 * import { demoUsers, type SignInChoices } from 'aps-mcp/sandbox';
 *
 * export const declined: SignInChoices = { userId: demoUsers[1]?.userId ?? '', allow: false };
 */
export type SignInChoices = {
  /** The Autodesk id of a user on the page. Default: the one that the page preselects. */
  userId?: string;
  /** Whether to press Allow. Default true. */
  allow?: boolean;
};

/**
 * Opens an authorization URL, chooses the user, presses Allow or Deny, and returns the URL that the browser is
 * redirected to, without opening it. If the sandbox redirects at once to refuse the request, returns that URL.
 *
 * Throws an `Error` if the sandbox shows an error page, or its page does not offer the user.
 */
export async function signIn(
  authorizeUrl: string | URL,
  { userId, allow = true }: SignInChoices = {},
): Promise<URL> {
  const shown = await fetch(authorizeUrl, { redirect: 'manual' });
  const refusal = destination(shown);
  if (refusal !== undefined) return refusal;
  const page = await shown.text();
  const action = /<form [^>]*action="([^"]+)"/.exec(page)?.[1];
  const transaction = /name="transaction" value="([^"]+)"/.exec(page)?.[1];
  if (!shown.ok || action === undefined || transaction === undefined) throw unexpected(shown, page);

  const offered = [...page.matchAll(/name="user" id="[^"]+" value="([^"]+)"/g)].map(([, value]) => value);
  const user = userId ?? offered[0];
  if (user === undefined || !offered.includes(user)) {
    throw new Error(`The sign-in page does not offer ${user}. Choose one of: ${offered.join(', ')}`);
  }

  const body = new URLSearchParams({ transaction, user, decision: allow ? 'allow' : 'deny' });
  const answer = await fetch(new URL(action, shown.url), { method: 'POST', body, redirect: 'manual' });
  const redirect = destination(answer);
  if (redirect === undefined) throw unexpected(answer, await answer.text());
  return redirect;
}

function destination({ headers, status, url }: Response): URL | undefined {
  const location = headers.get('location');
  return status >= 300 && status < 400 && location !== null ? new URL(location, url) : undefined;
}

function unexpected({ status }: Response, page: string): Error {
  const title = /<h1>([^<]*)<\/h1>/.exec(page)?.[1] ?? 'no page';
  return new Error(`Sign-in at the sandbox failed: ${status}, ${title}`);
}
