// Signs a user in without a browser, by doing over HTTP what a person does on the sandbox's page.

export type SignInChoices = {
  /** The Autodesk id of one of the users on the page; default: whom the page proposes. */
  userId?: string;
  /** Whether to press Allow; default true. */
  allow?: boolean;
};

/**
 * Opens the address of an authorization request, chooses the user, presses Allow or Deny, and returns the address
 * that the browser is sent to, which is not opened. A request that the sandbox refuses by a redirect shows no page:
 * the address of that redirect is returned.
 *
 * Throws an `Error` when there is an error page instead, or when the page does not offer the user.
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
    throw new Error(`The sign-in page does not offer the user ${user}, only ${offered.join(', ')}`);
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
  return new Error(`The sandbox did not sign anybody in: ${status}, ${title}`);
}
