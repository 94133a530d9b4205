/** Who is at which address, for telling who speaks to whom. */
import type { Sandbox } from '../../sandbox/index.ts';

/** Where the demo's MCP client waits for its person to come back. Nothing listens there: the demo's browser stops. */
export const clientCallback = 'http://localhost:33418/callback';

export type PlaceOf = (address: URL) => 'client' | 'company' | 'APS' | 'server';

/** Tells the places of one server's story apart. */
export function placesOf({ url, openIdIssuer }: Sandbox): PlaceOf {
  return ({ href, origin, pathname }) => {
    if (href.startsWith(clientCallback)) return 'client';
    if (origin !== url) return 'server';
    return pathname.includes(new URL(openIdIssuer).pathname) ? 'company' : 'APS';
  };
}
