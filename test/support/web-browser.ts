/** A browser, as far as sign-ins need one: cookies, redirects, and pages with one form. */

export type Page = { status: number; url: URL; html: string };

export type WebBrowser = {
  /** Opens an address and follows redirects, until there is a page or an address of `stopAt` is reached. */
  open(address: string | URL, stopAt?: string): Promise<Page>;
  /** Sends the form of a page: its hidden fields, and `choices`. */
  submit(page: Page, choices: Record<string, string>, stopAt?: string): Promise<Page>;
};

/** A browser without cookies. Cookies belong to a host name, as in real ones: ports do not matter. */
export function openBrowser(): WebBrowser {
  const jars = new Map<string, Map<string, string>>();

  async function go(address: string | URL, init: RequestInit, stopAt?: string): Promise<Page> {
    let url = new URL(address);
    let request = init;
    for (let hops = 0; hops < 20; hops += 1) {
      if (stopAt !== undefined && url.href.startsWith(stopAt)) return { status: 0, url, html: '' };
      const jar = jars.get(url.hostname) ?? new Map<string, string>();
      jars.set(url.hostname, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { ...(request.headers as Record<string, string>), ...(cookie && { cookie }) };
      const response = await ask(url, { ...request, headers, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        jar.set(name, value);
      }
      const location = response.headers.get('location');
      const html = await response.text();
      if (!location) return { status: response.status, url, html };
      url = new URL(location, url);
      request = {};
    }
    throw new Error(`Too many redirects, the last to ${url}`);
  }

  return {
    open: (address, stopAt) => go(address, {}, stopAt),
    submit(page, choices, stopAt) {
      const [, attributes = '', inside = ''] = /<form([^>]*)>(.*?)<\/form>/s.exec(page.html) ?? [];
      if (!inside) throw new Error(`There is no form on ${page.url}: ${page.html}`);
      const action = /action="([^"]*)"/.exec(attributes)?.[1] ?? page.url.href;
      const hidden = [...inside.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
      const body = new URLSearchParams([
        ...hidden.map(([, name = '', value = '']): [string, string] => [name, unescaped(value)]),
        ...Object.entries(choices),
      ]);
      return go(new URL(unescaped(action), page.url), { method: 'POST', body }, stopAt);
    },
  };
}

/** Browsers know `localhost` as 127.0.0.1 and as ::1, whatever the machine says. */
function ask(url: URL, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
  return fetch(url, init).catch((error: unknown) => {
    if (url.hostname !== 'localhost') throw error;
    const same = new URL(url);
    same.hostname = '[::1]';
    return fetch(same, { ...init, headers: { ...init.headers, host: url.host } });
  });
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
}
