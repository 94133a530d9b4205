/** What a server and APS said to each other, told from the sandbox's records. */
import type { Sandbox } from '../../sandbox/index.ts';
import { detail, message } from './stage.ts';

export type ApsTeller = {
  /** Tells the requests since the last time, a long run of pages in short, and gives their number. */
  tell(): number;
};

/** Begins to watch what reaches the sandbox. */
export function watchAps(sandbox: Sandbox): ApsTeller {
  let told = sandbox.requests.length;
  return {
    tell() {
      const news = sandbox.requests.slice(told);
      told = sandbox.requests.length;
      const shown = news.length > 4 ? [...news.slice(0, 2), ...news.slice(-1)] : news;
      shown.forEach((request, index) => {
        if (news.length > 4 && index === 2) detail(`… and ${news.length - 3} more pages …`);
        message('  server → APS', `${request.method} ${request.path}${queryOf(request.query)}`);
        if (request.grant) {
          detail(`grant ${request.grant}${request.scope ? `, scope ${request.scope}` : ''}`);
          detail(`${request.status}: an access token, number ${shortened(request.tokenId)}`);
        } else if (request.status === 401) detail('401: this token is no longer good');
        else detail(`${request.status}, with access token ${shortened(request.tokenId)}`);
      });
      return news.length;
    },
  };
}

function queryOf(query: Record<string, string>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

/** Enough of a token's id to recognise it. The token itself is never shown. */
function shortened(tokenId = ''): string {
  return `${tokenId.slice(0, 6)}…`;
}
