/** The addresses at which an MCP client can wait for its browser. */
import { isLoopback } from '../../../config/schemas.ts';

/**
 * What is wrong with a redirect URI, in a few words; undefined if it is allowed. It must be HTTPS, or lead to a program on
 * the person's own machine (MCP, Authorization, "Communication Security").
 */
export function faultOfRedirectUri(uri: string): string | undefined {
  if (!URL.canParse(uri)) return 'is not an absolute URI';
  const { protocol, hostname, username, password } = new URL(uri);
  if (uri.includes('#')) return 'has a fragment';
  if (username || password) return 'has a user name or password in it';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return 'must be an https address, or an http address on this machine';
}

/** Whether it leads to a program on the person's own machine. Any program there can pose as it. */
export function leadsToThisMachine(uri: string): boolean {
  return isLoopback(new URL(uri).hostname);
}
