// Sends a browser back to the application with the answer to its authorization request.

/** An error that the application is told (RFC 6749 section 4.1.2.1). */
export type Refusal = { error: string; description: string };

export function invalidRequest(description: string): Refusal {
  return { error: 'invalid_request', description };
}

/** A refusal as the parameters that tell it, with the characters that RFC 6749 section 4.1.2.1 allows. */
export function errorParameters({ error, description }: Refusal): Record<string, string> {
  return { error, error_description: description.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?') };
}

/**
 * The redirect that carries an answer to the application; what its redirect URI has for a query stays in front (RFC
 * 6749 section 3.1.2). After a form it is 303, so that no browser posts the form again (RFC 9700 section 4.12).
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
