/** The icon of the front page in a browser's tab. */

export const faviconPath = '/favicon.svg';

/** Two brackets around a dot, in a colour that shows on light and dark tabs. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0696d7" stroke-width="4" ' +
  'stroke-linecap="round" stroke-linejoin="round"><path d="M11 5H5v22h6M21 5h6v22h-6"/>' +
  '<circle cx="16" cy="16" r="3" fill="#0696d7"/></svg>';

export function favicon(): Response {
  return new Response(icon, {
    headers: {
      'content-type': 'image/svg+xml',
      'cache-control': 'max-age=86400',
      'x-content-type-options': 'nosniff',
    },
  });
}
