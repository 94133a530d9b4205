/**
 * Telling browsers apart, so that a sign-in ends in the browser in which a person agreed to it: a cookie, and forms that
 * count only when they come back from the browser that they were made for.
 */
import { randomBytes } from 'node:crypto';
import { parse, serialize } from 'hono/utils/cookie';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { digest } from '../digest.ts';

export type Browsers = {
  /** What tells the browser of a request from others, new if nothing does yet. */
  idOf(request: Request): string;
  /** All that it is known by: pages that were opened at the same moment have each given it an id. */
  idsOf(request: Request): string[];
  /** Gives a browser its cookie. */
  remember(response: Response, id: string): Response;
  /** Makes the value of a hidden field that holds `content` for this browser, for ten minutes. */
  sealForm(id: string, content: string): Promise<string>;
  /** What was sealed, and for which id, if it comes back from the same browser; undefined otherwise. */
  openForm(request: Request, sealed: unknown): Promise<{ id: string; content: string } | undefined>;
};

/** How long a page may wait for a person, as `jose` writes it. */
const formLifetime = '10m';

const formSchema = z.object({ aud: z.string(), content: z.string() });

/**
 * @param key - signs forms (HS256)
 * @param secure - whether the server is reached by HTTPS. If so, the cookie is one that neither a neighbouring host nor
 *   anybody on the way can set: the prefix `__Host-` (RFC 6265bis).
 */
export function createBrowsers(key: Uint8Array, secure: boolean): Browsers {
  const prefix = secure ? '__Host-mcp-browser-' : 'mcp-browser-';
  // A name for each, so that two that are given at the same moment do not displace each other.
  const nameOf = (id: string) => prefix + digest(id).slice(0, 8);

  function idsOf(request: Request): string[] {
    const cookies = Object.entries(parse(request.headers.get('cookie') ?? ''));
    return cookies.filter(([name, id]) => name === nameOf(id)).map(([, id]) => id);
  }

  return {
    idsOf,
    idOf: (request) => idsOf(request)[0] ?? randomBytes(32).toString('base64url'),

    remember(response, id) {
      // Lax: it comes with the redirect from Autodesk's page, and not with a form that another page sends.
      const cookie = serialize(nameOf(id), id, { path: '/', httpOnly: true, sameSite: 'Lax', secure });
      const remembered = new Response(response.body, response);
      remembered.headers.append('set-cookie', cookie);
      return remembered;
    },

    sealForm: (id, content) =>
      new SignJWT({ content })
        .setProtectedHeader({ alg: 'HS256', typ: 'mcp-form' })
        .setAudience(digest(id))
        .setExpirationTime(formLifetime)
        .sign(key),

    async openForm(request, sealed) {
      const ids = new Map(idsOf(request).map((id) => [digest(id), id]));
      try {
        const { payload } = await jwtVerify(String(sealed), key, {
          algorithms: ['HS256'],
          typ: 'mcp-form',
          audience: [...ids.keys()],
          requiredClaims: ['exp'],
        });
        const { aud, content } = formSchema.parse(payload);
        const id = ids.get(aud);
        return id === undefined ? undefined : { id, content };
      } catch {
        return undefined;
      }
    },
  };
}
