/** The frame of every page that people see: plain, accessible, dark and light, without script or outside content. */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';

const style = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { line-height: 1.2; }
code { font-size: 0.95em; }
.note { border-left: 0.25rem solid currentColor; padding-left: 1rem; opacity: 0.85; }
`;

/** Nothing may be loaded, sent or framed; the one style sheet is named by its hash (CSP Level 3). */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Text that has been escaped, as the `html` tag of hono makes it. */
export type Markup = ReturnType<typeof html>;

/**
 * Makes a page.
 *
 * @param title - its heading, also shown by the browser's window
 * @param body - what follows the heading, made with hono's `html` tag, which escapes what is put into it
 */
export async function page(title: string, body: Markup, status = 200): Promise<Response> {
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
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  });
}
