/** The person that a sign-in needs: allows the client, signs in at the sandbox's Autodesk, and follows every redirect. */
import { demoUsers } from '../../sandbox/index.ts';

/** How many pages and redirects a sign-in can take. */
const most = 20;

/**
 * Signs in, from the address that a client gives to its person to the client's own page.
 *
 * @param address - the authorization request (RFC 6749, section 4.1.1)
 * @throws {Error} if that does not end at the client's redirect URI, with a code
 */
export async function signIn(address: URL): Promise<void> {
  const [user] = demoUsers;
  if (!user) throw new Error('The sandbox has no users.');
  const callback = address.searchParams.get('redirect_uri') ?? '';
  // By host name: cookies ignore the port.
  const cookies = new Map<string, string>();
  let next: { url: URL; body?: URLSearchParams } = { url: address };
  for (let step = 0; step < most; step += 1) {
    const { url, body } = next;
    const cookie = cookies.get(url.hostname);
    const response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body,
      headers: cookie ? { cookie } : {},
      redirect: 'manual',
    });
    const [given] = response.headers.getSetCookie();
    if (given) cookies.set(url.hostname, given.split(';')[0] ?? '');
    const html = await response.text();
    if (url.href.startsWith(`${callback}?`) && url.searchParams.has('code')) return;
    const location = response.headers.get('location');
    if (location) {
      next = { url: new URL(location, url) };
      continue;
    }
    const form = /<form[^>]*>/.exec(html)?.[0];
    if (!response.ok || !form) {
      const heading = /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? html.slice(0, 200);
      throw new Error(`The sign-in ended at ${url.origin}${url.pathname}: ${response.status} ${heading}`);
    }
    const action = / action="([^"]*)"/.exec(form)?.[1] ?? '';
    const hidden = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    next = {
      url: new URL(action, url),
      // The consent page has a decision, and Autodesk's page also a list of people.
      body: new URLSearchParams([
        ...hidden.map(([, name = '', value = '']): [string, string] => [name, value]),
        ['decision', 'allow'],
        ...(/name="user"/.test(html) ? [['user', user.userId] as [string, string]] : []),
      ]),
    };
  }
  throw new Error(`The sign-in took more than ${most} steps.`);
}
