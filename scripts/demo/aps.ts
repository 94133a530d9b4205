/** What a server and APS said to each other, told from the sandbox's records. */
import type { RequestRecord, Sandbox } from '../../sandbox/index.ts';
import { detail, message, tokenNumber } from './stage.ts';

export type ApsTeller = {
  /** Tells the requests since the last time, a long run of them in short, and gives their number. */
  tell(): number;
};

/**
 * Begins to watch what reaches the sandbox's APS.
 *
 * @param whose - whose requests are told: those of browsers are left out where the browser tells them itself
 */
export function watchAps(sandbox: Sandbox, whose: 'everybody' | 'servers' = 'everybody'): ApsTeller {
  let told = sandbox.requests.length;
  return {
    tell() {
      const news = sandbox.requests
        .slice(told)
        .filter(({ path }) => !path.includes('/openid') && (whose === 'everybody' || path !== signInPage));
      told = sandbox.requests.length;
      const shown = news.length > most ? [...news.slice(0, 2), ...news.slice(-1)] : news;
      for (const [index, request] of shown.entries()) {
        if (news.length > most && index === 2) detail(`… and ${news.length - shown.length} more …`);
        tellOne(request);
      }
      return news.length;
    },
  };
}

/** More requests than this are told in short. */
const most = 8;

/** Where browsers are sent to. */
const signInPage = '/authentication/v2/authorize';

function tellOne({ method, path, query, status, grant, scope, tokenId }: RequestRecord): void {
  const byBrowser = path === signInPage;
  message(
    byBrowser ? 'browser → APS' : '  server → APS',
    `${method} ${path}${byBrowser ? '?…' : queryOf(query)}`,
  );
  if (grant) {
    detail(`grant ${grant}${scope ? `, scope ${scope}` : ''}`);
    detail(`${status}: an access token, number ${tokenNumber(tokenId)}`);
  } else if (status === 401) detail('401: this token is no longer good');
  else detail(tokenId ? `${status}, with access token ${tokenNumber(tokenId)}` : `${status}`);
}

function queryOf(query: Record<string, string>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}
