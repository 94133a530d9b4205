/** The page that says why a sign-in did not succeed, and what to do. */
import { html } from 'hono/html';
import type { SignInFailed, SignInProblem } from '../../aps-sign-in/user-sign-in.ts';
import type { StoreUnavailable } from '../../store/store.ts';
import { type Markup, page } from './page.ts';

const statuses: Record<SignInProblem, number> = {
  'invalid-link': 400,
  'other-browser': 403,
  denied: 403,
  refused: 400,
  incomplete: 400,
  unavailable: 502,
};

const headings: Record<SignInProblem, (where: string) => string> = {
  'invalid-link': () => 'This sign-in link is no longer valid',
  'other-browser': () => 'This sign-in is not yours',
  denied: () => 'You did not sign in',
  refused: (where) => `${where} refused the sign-in`,
  incomplete: () => 'The sign-in did not finish',
  unavailable: (where) => `${where} is unavailable`,
};

const fromClient = html`<p class="note">To try again, go back to your MCP client and repeat your request: it gives you a new link.
        You can close this window.</p>`;

/**
 * @param where - who signs people in, at the beginning of a sentence
 * @param again - how to try again; from the MCP client, by default
 */
export function failurePage(
  { problem, message }: SignInFailed,
  where: string,
  again: Markup = fromClient,
): Promise<Response> {
  return page(
    headings[problem](where),
    html`<p>${message}</p>
      ${again}`,
    { status: statuses[problem] },
  );
}

/** The page for a sign-in that cannot continue at the moment, because the store of this server is unavailable. */
export async function storeUnavailablePage({ message }: StoreUnavailable): Promise<Response> {
  const answer = await page(
    'This server is unavailable at the moment',
    html`<p>${message}</p>
      <p class="note">To try again, wait a minute, go back to your MCP client and repeat your request.
        You can close this window.</p>`,
    { status: 503 },
  );
  answer.headers.set('retry-after', '5');
  return answer;
}
