// Signing people in at a provider that is not ours, to know who opens a link; and what is said when that fails.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { askedSomebody } from '../../../support/confirm-page.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import { atProviderPage } from '../../../support/identity.ts';
import { always } from '../../../support/local-server.ts';
import { serveOidc, startOidc } from '../../../support/oidc.ts';
import { startOpenIdProvider } from '../../../support/openid-provider.ts';
import { benji } from '../../../support/people.ts';
import { signInOn } from '../../../support/signing-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser, type Page, type WebBrowser } from '../../../support/web-browser.ts';

const { keep, sandbox, provider } = await startOidc(threeLegged);
afterEach(() => {
  provider.instead = undefined;
  vi.restoreAllMocks();
});

/** Registers a client for the page (RFC 7591): its settings. */
async function registered(token_endpoint_auth_method: string) {
  const answer = await fetch(`${provider.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: ['http://localhost/signin/callback'],
      application_type: 'native',
      token_endpoint_auth_method,
    }),
  });
  const { client_id, client_secret } = (await answer.json()) as Record<string, string>;
  return { MCP_AUTH_CLIENT_ID: client_id, MCP_AUTH_CLIENT_SECRET: client_secret };
}

const serve = async (env: Record<string, string | undefined>) =>
  keep(await serveOidc(sandbox, threeLegged, provider, { env }));
const served = await serve(await registered('client_secret_basic'));
const linkOf = async (sub: string, at = served) => keep(await askedSomebody(provider, at, { sub }));

/** Confirms a link, and signs in at the provider under a name, until the browser is sent back. */
async function signedInAs(browser: WebBrowser, address: string, login: string): Promise<Page> {
  const back = `${new URL(address).origin}/signin/callback`;
  const page = await atProviderPage(browser, address);
  const consent = await browser.submit(page, { login, password: 'any' }, back);
  return browser.submit(consent, {}, back);
}

/** The same, and opens the address to which it is sent. */
const identifiedAs = async (browser: WebBrowser, address: string, login: string) =>
  browser.open((await signedInAs(browser, address, login)).url);

const deployment = {
  secret: 'shared-by-both-servers-of-a-deployment',
  publicUrl: 'http://localhost:1',
};
const subject = () => crypto.randomUUID();

describe.each(['client_secret_basic', 'client_secret_post', 'none'])(
  'with a client of %s',
  async (method) => {
    const at = await serve(await registered(method));

    test('a link leads its person to Autodesk, and nobody else', async () => {
      const sub = subject();
      const { client, address } = await linkOf(sub, at);
      expect(await identifiedAs(openBrowser(), address, 'mallory')).toMatchObject({
        status: 403,
        html: htmlHeaded(headings.notYours),
      });
      const browser = openBrowser();
      const autodesk = await identifiedAs(browser, address, sub);
      expect((await signInOn(autodesk, browser, benji.userId)).html).toEqual(htmlHeaded(headings.signedIn));
      expect(await hubsOf(client)).toEqual(benji.hubs);
    });
  },
);

describe('what a provider answers in place of a token', () => {
  const json = (status: number, body: unknown, headers = {}) => ({ status, body, headers });
  test.each([
    ['503', json(503, 'busy'), headings.unreachable, 502],
    ['429', json(429, {}), headings.unreachable, 502],
    ['invalid_grant', json(400, { error: 'invalid_grant' }), headings.unfinished, 400],
    ['invalid_client', json(401, { error: 'invalid_client' }), headings.refused, 400],
    ['unauthorized_client', json(400, { error: 'unauthorized_client' }), headings.refused, 400],
    ['an opaque token', json(200, { access_token: 'opaque', token_type: 'bearer' }), headings.refused, 400],
    ['no token', json(200, { token_type: 'bearer' }), headings.unfinished, 400],
    ['a page', json(200, '<html>'), headings.unfinished, 400],
    ['a redirect', json(302, '', { location: 'https://elsewhere.example/' }), headings.unfinished, 400],
  ])('is said: %s', async (_what, { status, body, headers }, heading, shown) => {
    const browser = openBrowser();
    const sub = subject();
    const { address } = await linkOf(sub);
    const { url } = await signedInAs(browser, address, sub);
    provider.instead = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const page = await browser.open(url);
    expect(page).toMatchObject({ status: shown, html: htmlHeaded(heading) });
    expect(page.html).not.toContain(url.searchParams.get('code'));
  });

  test('nothing', async () => {
    const browser = openBrowser();
    const sub = subject();
    const { url } = await signedInAs(browser, (await linkOf(sub)).address, sub);
    provider.instead = (request) => request.socket.destroy();
    expect(await browser.open(url)).toMatchObject({ status: 502, html: htmlHeaded(headings.unreachable) });
  });
});

test('a provider that cannot be found when a link is confirmed is said to be unavailable', async () => {
  const away = keep(await startOpenIdProvider());
  const env = await registered('none');
  const [one, other] = [
    keep(await serveOidc(sandbox, threeLegged, away, { env, ...deployment })),
    keep(await serveOidc(sandbox, threeLegged, away, { env, ...deployment })),
  ];
  const { pathname, search } = new URL(
    keep(await askedSomebody(away, one, { aud: `${deployment.publicUrl}/mcp` })).address,
  );
  // The other server has not looked for it yet.
  away.instead = always('nothing here', 404);
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const page = await atProviderPage(openBrowser(), new URL(pathname + search, other.url).href);
  expect(page).toMatchObject({ status: 502, html: htmlHeaded(headings.unreachable) });
  expect(said).toHaveBeenCalledOnce();
});
