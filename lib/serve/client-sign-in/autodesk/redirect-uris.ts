/** The addresses at which an MCP client can wait for its browser. */
import { isLoopback } from '../../../config/schemas.ts';

/**
 * Addresses with a private-use scheme (RFC 8252, section 7.1), each of a client that has no other way. They deviate from
 * MCP's rule of HTTPS or loopback (MCP, Authorization, "Communication Security"): any app on the person's machine can
 * claim such a scheme, and only PKCE keeps the code from being of use to it. `MCP_AUTH_REDIRECT_URIS` adds more.
 */
export const privateUseRedirectUris = [
  // Cursor's desktop app: soflyy/agent-connector-for-wp#111, different-ai/openwork#3059 (issues on GitHub).
  'cursor://anysphere.cursor-mcp/oauth/callback',
] as const;

/**
 * What is wrong with a redirect URI, in a few words; undefined if it is allowed. It must be HTTPS, or lead to a program on
 * the person's own machine (MCP, Authorization, "Communication Security").
 *
 * @param privateUse - addresses with private-use schemes that are allowed, character by character
 */
export function faultOfRedirectUri(uri: string, privateUse: readonly string[]): string | undefined {
  if (!URL.canParse(uri)) return 'is not an absolute URI';
  const { protocol, hostname, username, password } = new URL(uri);
  if (uri.includes('#')) return 'has a fragment';
  if (username || password) return 'has a user name or password in it';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return privateUse.includes(uri)
    ? undefined
    : 'must be an https address, or an http address on this machine';
}

/** `http`, one of the three loopback hosts, and perhaps a port. */
const loopbackOrigin = /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?=[/?]|$)/;

/**
 * Whether an address is one that a client has registered or published: character by character (RFC 9700, section 2.1),
 * except that a loopback address can have any port (RFC 8252, section 7.3): programs take one that is free at the moment.
 */
export function isOneOf(redirectUris: readonly string[], requested: string): boolean {
  if (redirectUris.includes(requested)) return true;
  if (!loopbackOrigin.test(requested) || !URL.canParse(requested)) return false;
  const portless = requested.replace(loopbackOrigin, '$1');
  return redirectUris.some(
    (uri) => loopbackOrigin.test(uri) && uri.replace(loopbackOrigin, '$1') === portless,
  );
}

/** Whether it leads to a program on the person's own machine. Any program there can pose as it. */
export function leadsToThisMachine(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return isLoopback(hostname) || isPrivateUse(protocol);
}

/** Whether a scheme (with its colon) is neither http nor https. */
export function isPrivateUse(protocol: string): boolean {
  return !['http:', 'https:'].includes(protocol);
}
