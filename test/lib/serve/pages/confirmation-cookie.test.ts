// The cookie of the page that asks whether a sign-in is one's own: it tells the browser of the answer from others.
import { expect, test } from 'vitest';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { askedSomebody, cookieOf, formOf, postConfirmation } from '../../../support/confirm-page.ts';
import { bearer, inHandshakeEra, serveOidcAt, signInThrough, startOidc } from '../../../support/oidc.ts';
import { alice, benji, chien } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { signInOn } from '../../../support/signing-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const { keep, sandbox, provider, served } = await startOidc(threeLegged);

const asked = async () => keep(await askedSomebody(provider, served));

test('is for this host and its own pages, and out of the reach of scripts', async () => {
  const { pair, attributes } = cookieOf(await send((await asked()).address));
  expect(pair).toMatch(/^mcp-browser-[\w-]{8}=[\w-]{43}$/);
  expect(attributes.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax']);
});

test('differs between browsers, and stays the same in each', async () => {
  const { address } = await asked();
  const [first, other] = [cookieOf(await send(address)).pair, cookieOf(await send(address)).pair];
  expect(first).not.toBe(other);
  expect(cookieOf(await send(address, { headers: { cookie: `a=b; ${first}` } })).pair).toBe(first);
});

test('lets one browser be in the middle of two sign-ins: each finishes', async () => {
  const browser = openBrowser();
  const [one, other] = [await asked(), await asked()];
  const pages = [await browser.open(one.address), await browser.open(other.address)] as const;
  const onward = [await browser.submit(pages[0], {}), await browser.submit(pages[1], {})] as const;
  await signInOn(onward[0], browser, alice.userId);
  await signInOn(onward[1], browser, benji.userId);
  expect([await hubsOf(one.client), await hubsOf(other.client)]).toEqual([alice.hubs, benji.hubs]);
});

test('is one for each of two pages that a new browser opens at the same moment: both sign-ins finish', async () => {
  const links = [await asked(), await asked()];
  const opened = await Promise.all(
    links.map(async ({ address }) => ({ address, page: await send(address) })),
  );
  const cookies = opened.map(({ page }) => cookieOf(page).pair);
  expect(new Set(cookies.map((pair) => pair.split('=')[0])).size).toBe(2);
  const cookie = cookies.join('; ');
  for (const { address, page } of opened) {
    const { headers } = await postConfirmation(address, { form: formOf(page) }, cookie);
    const back = await sandbox.signIn(headers.location ?? '', chien);
    expect((await send(back, { headers: { cookie } })).status).toBe(200);
  }
  for (const { client } of links) expect(await hubsOf(client)).toEqual(chien.hubs);
});

test('can neither be set by neighbours nor go without encryption where the public address is https', async () => {
  const publicUrl = 'https://mcp.example.com';
  const { url } = keep(await serveOidcAt({ publicUrl }, sandbox, threeLegged, provider));
  const headers = { host: 'mcp.example.com' };
  const token = bearer(provider.token(publicUrl));
  const { body } = await inHandshakeEra(url, 'list_hubs', { ...headers, ...token });
  const [, link = ''] =
    /"auth_url":"https:\/\/mcp\.example\.com(\/signin\?state=[\w.-]{43,})"/.exec(body) ?? [];
  const { pair, attributes } = cookieOf(await send(new URL(link, url), { headers }));
  expect(pair).toMatch(/^__Host-mcp-browser-[\w-]{8}=[\w-]{43}$/);
  expect(attributes.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
  const neighbours = pair.replace('__Host-', '');
  const answer = await send(new URL(link, url), { headers: { ...headers, cookie: neighbours } });
  expect(cookieOf(answer).pair).not.toContain(neighbours);
});

test('comes back with the browser, also to a server that listens on 127.0.0.1 alone', async () => {
  const { url } = keep(await serveOidcAt({ host: '127.0.0.1' }, sandbox, threeLegged, provider));
  const { client, address } = keep(await askedSomebody(provider, { url }));
  expect(await signInThrough(address, chien)).toMatchObject({ status: 200 });
  expect(await hubsOf(client)).toEqual(chien.hubs);
});
