/** Where a form was sent from: those of this server count from its own pages only (CWE-352). */
import { html } from 'hono/html';
import { HTTPException } from 'hono/http-exception';
import { page } from './page.ts';

/**
 * Refuses a form of a foreign page, by the headers with which browsers say where it was: `Origin` (RFC 6454) and
 * `Sec-Fetch-Site` (Fetch Metadata). Browsers that send neither have the cookie alone.
 *
 * @param publicUrl - origin of this server, as browsers see it; a proxy can send another `Host`
 * @throws {HTTPException} 403 with a page that says what to do
 */
export async function refuseForeignForm({ headers, url }: Request, publicUrl: string): Promise<void> {
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  const isOwn =
    (origin === null || origin === publicUrl || origin === new URL(url).origin) &&
    (site === null || site === 'same-origin' || site === 'none');
  if (isOwn) return;
  const answer = await page(
    'This form is from another page',
    html`<p>Your browser says that it does not come from a page of this server. Nothing was changed.</p>
      <p class="note">Go back to your MCP client and sign in again from there. If an extension of your browser hides where
        requests come from (the headers <code>Origin</code> and <code>Referer</code>), let it make an exception for
        <code>${publicUrl}</code>. You can close this window.</p>`,
    { status: 403 },
  );
  throw new HTTPException(403, { res: answer });
}
