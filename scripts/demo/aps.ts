/** Prints the traffic between a server and APS, from the sandbox's request log. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestRecord, Sandbox } from '../../sandbox/index.ts';
import { detail, expect, message, tokenNumber } from './stage.ts';

export type ApsTeller = {
  /** Prints the requests since the last call, shortened if there are many. Returns how many there were. */
  tell(): number;
  /** Waits for the token that a server without users gets when it starts, and prints the request. */
  tellFirstToken(): Promise<void>;
};

/**
 * Starts to watch the requests to the sandbox's APS.
 *
 * @param whose - `servers` leaves out browsers, for demos whose browser prints its own requests
 */
export function watchAps(sandbox: Sandbox, whose: 'everybody' | 'servers' = 'everybody'): ApsTeller {
  let told = sandbox.requests.length;
  const newRequests = () =>
    sandbox.requests
      .slice(told)
      .filter(({ path }) => !path.includes('/openid') && (whose === 'everybody' || path !== signInPage));
  const tell = () => {
    const news = newRequests();
    told = sandbox.requests.length;
    const shown = news.length > most ? [...news.slice(0, 2), ...news.slice(-1)] : news;
    for (const [index, request] of shown.entries()) {
      if (news.length > most && index === 2) detail(`… and ${news.length - shown.length} more …`);
      tellOne(request);
    }
    return news.length;
  };
  return {
    tell,
    async tellFirstToken() {
      const deadline = Date.now() + 20_000;
      while (newRequests().length === 0 && Date.now() < deadline) await delay(10);
      expect('requests to APS at the start', tell(), 1);
    },
  };
}

/** Longer lists of requests are shortened. */
const most = 8;

/** The page that browsers open. */
const signInPage = '/authentication/v2/authorize';

function tellOne({ method, path, query, status, grant, scope, tokenId }: RequestRecord): void {
  const byBrowser = path === signInPage;
  message(
    byBrowser ? 'browser → APS' : '  server → APS',
    `${method} ${path}${byBrowser ? '?…' : queryOf(query)}`,
  );
  if (grant) {
    detail(`grant ${grant}${scope ? `, scope ${scope}` : ''}`);
    detail(`${status}: access token ${tokenNumber(tokenId)}`);
  } else if (status === 401) detail('401: this token is no longer valid');
  else detail(tokenId ? `${status}, with access token ${tokenNumber(tokenId)}` : `${status}`);
}

function queryOf(query: Record<string, string>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}
