/** The page on which people say that a sign-in is theirs, as HTTP has it: its cookie, its form, and its links. */
import { connectBearing } from './oidc.ts';
import type { OpenIdProvider } from './openid-provider.ts';
import { type RawAnswer, send } from './raw-http.ts';
import { askedAddress } from './sign-in.ts';

/** A token of a person whom nobody else has used, but for what `claims` say. */
export function tokenOfSomebody(
  provider: OpenIdProvider,
  { url }: { url: string },
  claims: Record<string, unknown> = {},
): string {
  return provider.token(url, { sub: crypto.randomUUID(), ...claims });
}

/** A client of such a person, and the link that it was given. */
export async function askedSomebody(
  provider: OpenIdProvider,
  server: { url: string },
  claims?: Record<string, unknown>,
) {
  const client = await connectBearing(server.url, 'legacy', tokenOfSomebody(provider, server, claims));
  return { client, close: () => client.close(), address: await askedAddress(client) };
}

/** The cookie that an answer sets. */
export function cookieOf({ headers }: RawAnswer): { pair: string; attributes: string[] } {
  const [pair = '', ...attributes] = (headers['set-cookie'] ?? []).join().split('; ');
  return { pair, attributes };
}

/** The value of the form on a page. */
export function formOf({ body }: RawAnswer): string {
  return /name="form" value="([^"]*)"/.exec(body)?.[1] ?? '';
}

/** Sends the form of the page at `address`. */
export function postConfirmation(
  address: string,
  form: Record<string, string>,
  cookie?: string,
  more: Record<string, string> = {},
): Promise<RawAnswer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...(cookie && { cookie }), ...more };
  return send(address, { method: 'POST', headers, body: new URLSearchParams(form).toString() });
}
