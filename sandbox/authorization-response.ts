// Redirects the browser to the application with the authorization response.

/** An error to report to the application (RFC 6749 section 4.1.2.1). */
export type Refusal = { error: string; description: string };

export function invalidRequest(description: string): Refusal {
  return { error: 'invalid_request', description };
}

/** The error parameters of a redirect. Characters that RFC 6749 section 4.1.2.1 forbids become `?`. */
export function errorParameters({ error, description }: Refusal): Record<string, string> {
  return { error, error_description: description.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?') };
}

/**
 * The redirect to the application, with `answer` added to the query of its redirect URI (RFC 6749 section 3.1.2).
 * After a form post, use 303: it keeps the browser from posting the form again (RFC 9700 section 4.12).
 */
export function sendBack(
  redirectUri: string,
  answer: Record<string, string | undefined>,
  status: 302 | 303,
): Response {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(answer)) {
    if (value !== undefined) parameters.set(name, value);
  }
  const { href } = new URL(`${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${parameters}`);
  return new Response(null, {
    status,
    headers: { location: href, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  });
}
