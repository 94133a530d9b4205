/** Tells who is at an address, to print who sends what to whom. */
import type { Sandbox } from '../../sandbox/index.ts';

/** The callback of the demo's MCP client. Nothing listens there: the demo's browser stops before it. */
export const clientCallback = 'http://localhost:33418/callback';

export type PlaceOf = (address: URL) => 'client' | 'company' | 'APS' | 'server';

/** Identifies the parties. An address outside the sandbox and the client's callback is the server's. */
export function placesOf({ url, openIdIssuer }: Sandbox): PlaceOf {
  return ({ href, origin, pathname }) => {
    if (href.startsWith(clientCallback)) return 'client';
    if (origin !== url) return 'server';
    return pathname.includes(new URL(openIdIssuer).pathname) ? 'company' : 'APS';
  };
}
