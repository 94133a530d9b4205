/**
 * Browser binding: a sign-in ends in the browser in which a person agreed to it. A cookie identifies the browser, and forms
 * count only when they come back from the browser that they were made for.
 */
import { randomBytes } from 'node:crypto';
import { parse, serialize } from 'hono/utils/cookie';
import { z } from 'zod';
import { digest } from '../../digest.ts';
import { createSealed, type Keys } from '../../sealed.ts';
import { refuseForeignForm } from './form-origin.ts';

export type BrowserBinding = {
  /** Identifies the browser of a request: a new id, unless its cookie has one. */
  idOf(request: Request): string;
  /** All ids of a browser: pages opened at the same moment have each given it one. */
  idsOf(request: Request): string[];
  /** Gives a browser its cookie. */
  remember(response: Response, id: string): Response;
  /** The value of a hidden field that carries `content`, for this browser only, for ten minutes. */
  sealForm(id: string, content: string): Promise<string>;
  /**
   * What such a field carries, and the id of the browser; undefined if another browser sends it, or too late.
   *
   * @throws {HTTPException} 403 if it comes from a foreign page: {@link refuseForeignForm}
   */
  openForm(request: Request, sealed: unknown): Promise<{ id: string; content: string } | undefined>;
};

/** How long a page can wait for an answer, in seconds. */
const formLifetime = 600;

const formSchema = z.object({ browser: z.string(), content: z.string() });

/**
 * @param purpose - what the forms are for: a form of one purpose does not count for another
 * @param publicUrl - origin of this server, as browsers see it. If that is HTTPS, the cookie has the prefix `__Host-`
 *   (RFC 6265bis): neither a neighboring host nor anybody on the way can set it.
 */
export function createBrowserBinding(keys: Keys, purpose: string, publicUrl: string): BrowserBinding {
  const secure = publicUrl.startsWith('https:');
  const forms = createSealed(keys, purpose, formSchema, formLifetime);
  const prefix = secure ? '__Host-mcp-browser-' : 'mcp-browser-';
  // A name for each id, so that two that are set at the same moment do not replace each other.
  const nameOf = (id: string) => prefix + digest(id).slice(0, 8);

  function idsOf(request: Request): string[] {
    const cookies = Object.entries(parse(request.headers.get('cookie') ?? ''));
    return cookies.filter(([name, id]) => name === nameOf(id)).map(([, id]) => id);
  }

  return {
    idsOf,
    idOf: (request) => idsOf(request)[0] ?? randomBytes(32).toString('base64url'),

    remember(response, id) {
      // Lax: browsers send it with the redirect from Autodesk's page, but not with a form on a foreign page.
      const cookie = serialize(nameOf(id), id, { path: '/', httpOnly: true, sameSite: 'Lax', secure });
      const remembered = new Response(response.body, response);
      remembered.headers.append('set-cookie', cookie);
      return remembered;
    },

    sealForm: (id, content) => forms.seal({ browser: digest(id), content }),

    async openForm(request, sealed) {
      await refuseForeignForm(request, publicUrl);
      const opened = await forms.open(String(sealed));
      if (!opened) return undefined;
      const { browser, content } = opened.content;
      const id = idsOf(request).find((one) => digest(one) === browser);
      return id === undefined ? undefined : { id, content };
    },
  };
}
