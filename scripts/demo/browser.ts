/** The demo's browser: it keeps cookies, follows redirects, submits forms, and prints where it goes. */
import { clientCallback, type PlaceOf } from './places.ts';
import { detail, message } from './stage.ts';

export type Page = { address: URL; heading: string; html: string };

export type Browser = {
  /** Opens an address and follows redirects to a page, or back to the MCP client. */
  open(address: URL): Promise<Page>;
  /** Submits the form of a page: its hidden fields and the person's choices. */
  submit(page: Page, choices: Record<string, string>): Promise<Page>;
};

export function openBrowser(placeOf: PlaceOf): Browser {
  // By host name: cookies ignore the port.
  const cookies = new Map<string, string>();

  async function go(address: URL, init: RequestInit = {}): Promise<Page> {
    const query = address.search ? '?…' : '';
    message(`browser → ${placeOf(address)}`, `${init.method ?? 'GET'} ${address.pathname}${query}`);
    if (address.href.startsWith(clientCallback)) {
      detail(`with ${[...address.searchParams.keys()].join(', ')}`);
      return { address, heading: '', html: '' };
    }
    const cookie = cookies.get(address.hostname);
    const response = await fetch(address, { ...init, headers: cookie ? { cookie } : {}, redirect: 'manual' });
    const [given] = response.headers.getSetCookie();
    if (given) cookies.set(address.hostname, given.split(';')[0] ?? '');
    const html = await response.text();
    const location = response.headers.get('location');
    const heading = /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? '';
    detail(location ? `${response.status}` : `${response.status}: “${heading}”`);
    return location ? go(new URL(location, address)) : { address, heading, html };
  }

  return {
    open: (address) => go(address),
    submit({ address, html }, choices) {
      const action = /<form[^>]* action="([^"]*)"/.exec(html)?.[1] ?? '';
      const hidden = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
      const body = new URLSearchParams([
        ...hidden.map(([, name = '', value = '']): [string, string] => [name, value]),
        ...Object.entries(choices),
      ]);
      return go(new URL(action, address), { method: 'POST', body });
    },
  };
}
