/** Who has signed in at a browser: a sealed cookie, for the page of this server alone. It gives access to no tool. */
import { parse, serialize } from 'hono/utils/cookie';
import { type Caller, callerSchema } from '../../caller.ts';
import { digest } from '../../digest.ts';
import { createSealed, type Keys } from '../../sealed.ts';
import { shownText } from './shown-text.ts';

export type BrowserSessions = {
  /** Who has signed in at the browser of a request; undefined if nobody has, or not within the last hour. */
  callerOf(request: Request): Promise<Caller | undefined>;
  /** Gives a browser the cookie that names a caller. */
  begin(response: Response, caller: Caller): Promise<Response>;
  /** Takes it away. */
  end(response: Response): Response;
};

/** In seconds. */
const lifetime = 3600;

/**
 * @param publicUrl - origin of this server, as browsers see it. If that is HTTPS, the cookie has the prefix `__Host-`
 *   (RFC 6265bis).
 */
export function createBrowserSessions(keys: Keys, publicUrl: string): BrowserSessions {
  const secure = publicUrl.startsWith('https:');
  // Cookies do not distinguish ports: servers on one machine need a name each.
  const name = `${secure ? '__Host-' : ''}mcp-session-${digest(publicUrl).slice(0, 8)}`;
  const sessions = createSealed(keys, 'browser sessions', callerSchema, lifetime);

  function withCookie(response: Response, value: string, maxAge: number): Response {
    const answer = new Response(response.body, response);
    // Lax: the browser comes back here from the page where the person signs in.
    const attributes = { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge } as const;
    answer.headers.append('set-cookie', serialize(name, value, attributes));
    return answer;
  }

  return {
    async callerOf(request) {
      const { [name]: cookie = '' } = parse(request.headers.get('cookie') ?? '', name);
      return (await sessions.open(cookie))?.content;
    },

    async begin(response, { id, user }) {
      // A cookie has room for 4 KiB.
      return withCookie(response, await sessions.seal({ id, user: user && shownText(user) }), lifetime);
    },

    end: (response) => withCookie(response, '', 0),
  };
}
