/** The page of consent, as it comes over the wire. */
import { authorizeAddress, newClient, type Parameters } from './oauth-requests.ts';
import { send } from './raw-http.ts';

/** The origin of a server. */
type At = { url: string };

/** The page as it comes: its cookie, as a browser sends it back, and what is in the form. */
export async function shown(at: At, { clientId, ...changes }: Parameters & { clientId?: string } = {}) {
  const answer = await send(authorizeAddress(at, clientId ?? (await newClient(at)), changes));
  const [, form = ''] = /name="form" value="([^"]*)"/.exec(answer.body) ?? [];
  const [setCookie = ''] = answer.headers['set-cookie'] ?? [];
  return { ...answer, form, setCookie, cookie: setCookie.split(';')[0] ?? '' };
}

/** Sends the form as a browser with a cookie does. */
export function decide(
  at: At,
  form: Record<string, string>,
  cookie?: string,
  more: Record<string, string> = {},
) {
  const body = new URLSearchParams(form).toString();
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    ...(cookie && { cookie }),
    ...more,
  };
  return send(`${at.url}/oauth/consent`, { method: 'POST', body, headers });
}
