/** Which addresses an MCP client may wait for its browser at. */
import { isLoopback } from '../../../config.ts';

/**
 * What is wrong with a redirect URI, in a few words; undefined if nothing is. It must be HTTPS, or lead to a program on
 * the person's own machine (MCP, Authorization, "Communication Security").
 */
export function faultOfRedirectUri(uri: string): string | undefined {
  if (!URL.canParse(uri)) return 'is not an absolute URI';
  const { protocol, hostname, username, password } = new URL(uri);
  if (uri.includes('#')) return 'has a fragment';
  if (username || password) return 'has a user name or password in it';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return 'must be an https address, or an http address of the machine itself';
}

/** Whether it leads to a program on the person's own machine, which any program there can pose as. */
export function leadsToThisMachine(uri: string): boolean {
  return isLoopback(new URL(uri).hostname);
}
