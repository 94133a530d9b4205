/** The frame of every page that people see: plain, accessible, dark and light, without script or outside content. */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';

const style = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { line-height: 1.2; }
code { font-size: 0.95em; }
dt { font-weight: 600; }
dd { margin: 0 0 0.75rem; }
button { margin: 0 0.75rem 0.75rem 0; padding: 0.6rem 1.5rem; border: 2px solid currentColor; border-radius: 0.4rem; background: transparent; color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 3px; }
ul { margin: 0; padding-left: 1.25rem; }
form { margin-top: 1.5rem; }
.note, .warning { border-left: 0.25rem solid currentColor; padding-left: 1rem; }
.note { opacity: 0.85; }
@media (max-width: 30rem) { body { margin: 1.5rem auto; } }
`;

/** Nothing may be loaded or framed; the one style sheet is named by its hash (CSP Level 3). */
function policy(formAction: string): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; ');
}

export type PageOptions = {
  status?: number;
  /**
   * Where its forms may lead (the CSP directive `form-action`); nowhere, if left out. Chromium holds every redirect
   * that follows a form to it.
   */
  formAction?: string;
};

/** Text that has been escaped, as the `html` tag of hono makes it. */
export type Markup = ReturnType<typeof html>;

/**
 * Makes a page.
 *
 * @param title - its heading, also shown by the browser's window
 * @param body - what follows the heading, made with hono's `html` tag, which escapes what is put into it
 */
export async function page(
  title: string,
  body: Markup,
  { status = 200, formAction = "'none'" }: PageOptions = {},
): Promise<Response> {
  const text = await html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <style>${raw(style)}</style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      ${body}
    </main>
  </body>
</html>`;
  return new Response(String(text), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy(formAction),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  });
}

/** Sends a browser on. After a form it is 303, so that no browser posts the form again (RFC 9700, section 4.12). */
export function redirect(address: string, status: 302 | 303): Response {
  return new Response(null, {
    status,
    headers: { location: address, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  });
}
