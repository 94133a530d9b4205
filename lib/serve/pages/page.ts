/** The frame of every page: plain, accessible, light and dark, without scripts or content from elsewhere. */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';

const style = `
:root { color-scheme: light dark; background: Canvas; color: CanvasText; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { line-height: 1.2; }
h2 { margin: 2.5rem 0 0.5rem; line-height: 1.2; }
h3 { margin: 1.5rem 0 0; }
a { color: inherit; margin-right: 0.75rem; }
code { font-size: 0.95em; }
.copy { display: inline-block; user-select: all; border: 1px solid GrayText; border-radius: 0.4rem; padding: 0.2rem 0.5rem; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
code, strong { unicode-bidi: isolate; }
dt { font-weight: 600; }
dd { margin: 0 0 0.75rem; }
button { margin: 0 0.75rem 0.75rem 0; padding: 0.6rem 1.5rem; border: 2px solid currentColor; border-radius: 0.4rem; background: transparent; color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
button.filled { background: CanvasText; border-color: CanvasText; color: Canvas; forced-color-adjust: none; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 3px; }
ul { margin: 0; padding-left: 1.25rem; }
table { width: 100%; border-collapse: collapse; }
th, td { border-bottom: 1px solid GrayText; padding: 0.3rem 0.75rem 0.3rem 0; text-align: left; vertical-align: top; }
form { margin-top: 1.5rem; }
.note, .warning { border-left: 0.25rem solid currentColor; padding-left: 1rem; }
.note { opacity: 0.85; }
@media (max-width: 30rem) { body { margin: 1.5rem auto; } }
`;

/** Allows no framing and no content but an icon; the one style sheet is allowed by its hash (CSP Level 3). */
function policy(formAction: string, hasIcon: boolean): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    ...(hasIcon ? ["img-src 'self'"] : []),
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Without a referrer, browsers send forms with `Origin: null`: then nothing shows that they are from a page of this server. */
const referrerPolicy = (hasForm: boolean) => (hasForm ? 'same-origin' : 'no-referrer');

export type PageOptions = {
  status?: number;
  /**
   * Where its forms can lead (the CSP directive `form-action`); nowhere by default. Chromium checks every redirect that
   * follows a form against it.
   */
  formAction?: string;
  /** The path of its icon; none by default. */
  icon?: string;
};

/** Escaped text, from hono's `html` tag. */
export type Markup = ReturnType<typeof html>;

/**
 * Makes a page.
 *
 * @param title - its heading, and the title of the browser's window
 * @param body - what follows the heading, made with hono's `html` tag, which escapes values
 */
export async function page(
  title: string,
  body: Markup,
  { status = 200, formAction, icon }: PageOptions = {},
): Promise<Response> {
  const text = await html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>${
      icon
        ? html`
    <link rel="icon" href="${icon}" type="image/svg+xml" />`
        : ''
    }
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
      'content-security-policy': policy(formAction ?? "'none'", icon !== undefined),
      'referrer-policy': referrerPolicy(formAction !== undefined),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  });
}

/** The way back, on pages where something that began on the front page ends. */
export const backToFrontPage: Markup = html`<p><a href="/">Go back to the page of this server</a></p>`;

/** Redirects a browser. After a form, use 303: with it, no browser posts the form again (RFC 9700, section 4.12). */
export function redirect(address: string, status: 302 | 303): Response {
  return new Response(null, {
    status,
    headers: { location: address, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  });
}
