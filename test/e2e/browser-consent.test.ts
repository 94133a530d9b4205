// Allowing an MCP client, with --client-auth autodesk, as people do it: in a browser, from the client and back to it.
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { definition as threeLegged } from '../../servers/3lo.ts';
import {
  describeInBrowser,
  expectOwnCookie,
  newTab,
  type OpenWindow,
  signInOnPage,
} from '../support/browser.ts';
import { startCleanSandbox } from '../support/clean-sandbox.ts';
import { newest } from '../support/clients.ts';
import { closing } from '../support/closing.ts';
import { headings } from '../support/headings.ts';
import { type LocalServer, startLocalServer } from '../support/local-server.ts';
import { beginSigningIn, TestOAuthProvider, type WaitingClient } from '../support/oauth-client.ts';
import { colorsOf, contrastOf, expectGoodPage, expectInk, expectToFit, picture } from '../support/pages.ts';
import { alice, benji, chien } from '../support/people.ts';
import { type ServedHttp, serveWith } from '../support/signing-in.ts';
import { publicName, startTlsServer, type TlsServer } from '../support/tls-server.ts';
import { hubsOf } from '../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());

/** The clients there are: one that registers itself, and one that publishes a metadata document. */
const kinds = ['is a program on their machine', 'is published at an https address'] as const;
const [local, published] = kinds;
const clientName = 'Example Editor';

describeInBrowser('the consent page, in a browser', (open) => {
  let served: ServedHttp;
  let onThisMachine: LocalServer;
  let elsewhere: TlsServer;
  beforeAll(async () => {
    const answer: Parameters<typeof startLocalServer>[0] = (_request, response) =>
      response.setHeader('content-type', 'text/html').end('<title>Back at the client</title>');
    onThisMachine = keep(await startLocalServer(answer));
    elsewhere = keep(await startTlsServer(answer));
    const fetchDocument = async (address: string) => ({
      ...{ client_id: address, client_name: clientName },
      redirect_uris: [callbackOf(published)],
    });
    served = keep(await serveWith(sandbox, threeLegged, 'autodesk', { fetchDocument }));
  });

  /** Where a client waits for the browser. */
  function callbackOf(kind: (typeof kinds)[number]): string {
    return kind === local ? `${onThisMachine.url}/callback` : elsewhere.at('/callback');
  }

  /** A client that has been refused, and waits for its person. */
  function waitingClient(kind: (typeof kinds)[number] = local, name = clientName): Promise<WaitingClient> {
    const metadataUrl = kind === published ? `https://${publicName}/client.json` : undefined;
    const provider = new TestOAuthProvider({ name, metadataUrl, callback: callbackOf(kind) });
    return beginSigningIn(served.url, { pin: newest }, { provider });
  }

  const openWindow: OpenWindow = (options) => open({ ignoreHTTPSErrors: true, ...options });

  /** Presses a button of the consent page that leads to Autodesk, and signs in there. */
  async function allow(page: Page, user: { userId: string }): Promise<void> {
    await page.locator('#allow').click();
    await page.waitForURL(`${sandbox.url}/**`);
    await signInOnPage(page, user);
  }

  /** The address at which a person is back at the client. */
  async function backAt(page: Page, kind: (typeof kinds)[number] = local): Promise<URL> {
    await page.waitForURL(`${callbackOf(kind)}?**`);
    expect(await page.title()).toBe('Back at the client');
    return new URL(page.url());
  }

  test.each(kinds)('a person allows a client that %s, and is back at it; it has the data', async (kind) => {
    const { address, finish } = await waitingClient(kind);
    const { page, complaints } = await openWindow();
    await page.goto(address.href);
    await expectGoodPage(page, new RegExp(clientName), 1);
    const [publisher, redirectUri] = await page.locator('#publisher, #redirect-uri').allTextContents();
    expect(publisher).toContain(kind === local ? 'nobody' : `https://${publicName}/client.json`);
    const { host } = new URL(callbackOf(kind));
    if (kind === local) for (const part of ['your own computer', host]) expect(redirectUri).toContain(part);
    else expect(redirectUri?.trim()).toBe(host);
    expect(await page.getByRole('main').textContent()).toMatch(/projects and files/);
    if (kind === local) await picture(page, 'allow-client');
    await allow(page, benji);
    const client = keep(await finish(await backAt(page, kind)));
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(complaints).toEqual([]);
  });

  test.each(kinds)(
    'a person denies a client that %s: it is told, and Autodesk hears nothing',
    async (kind) => {
      const { address, finish } = await waitingClient(kind);
      const { page, complaints } = await openWindow();
      await page.goto(address.href);
      await page.locator('#deny').click();
      await expect(finish(await backAt(page, kind))).rejects.toThrow('The user denied the request');
      expect(sandbox.requests).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );

  test('a person who changes their mind at Autodesk is back at the client, which is told', async () => {
    const { address, finish } = await waitingClient();
    const { page, complaints } = await openWindow();
    await page.goto(address.href);
    await page.locator('#allow').click();
    await page.locator('#deny').click();
    await expect(finish(await backAt(page))).rejects.toThrow('at Autodesk');
    expect(complaints).toEqual([]);
  });

  test('a person needs no mouse', async () => {
    const { address, finish } = await waitingClient();
    const { page } = await openWindow();
    const focus = () => page.locator(':focus').getAttribute('id');
    await page.goto(address.href);
    const ids: (string | null)[] = [];
    // Nothing is chosen before they choose, and the answer that gives nothing away comes first.
    expect(await page.locator(':focus').count()).toBe(0);
    for (const key of ['Tab', 'Tab', 'Shift+Tab', 'Tab']) {
      await page.keyboard.press(key);
      ids.push(await focus());
    }
    expect(ids).toEqual(['deny', 'allow', 'deny', 'allow']);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${sandbox.url}/**`);
    for (const key of ['Tab', 'ArrowDown', 'ArrowDown', 'Tab', 'Enter']) await page.keyboard.press(key);
    const client = keep(await finish(await backAt(page)));
    expect(await hubsOf(client)).toEqual(chien.hubs);
  });

  test.each(['light', 'dark'] as const)('it is %s when the person likes it so', async (colorScheme) => {
    const { page } = await openWindow({ colorScheme });
    await page.goto((await waitingClient()).address.href);
    await expectInk(page, colorScheme, 'main, main :not(#allow)');
  });

  test.each<[look: string, options: BrowserContextOptions]>([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['forced colors', { forcedColors: 'active' }],
  ])('with %s, its two buttons do not look alike, and both can be read', async (_look, options) => {
    const { page } = await openWindow(options);
    await page.goto((await waitingClient()).address.href);
    const [deny, allow] = [await colorsOf(page, '#deny'), await colorsOf(page, '#allow')];
    for (const { ink, fill } of [deny, allow]) expect(contrastOf(ink, fill)).toBeGreaterThanOrEqual(7);
    // WCAG 2.2, 1.4.11: what distinguishes them can be seen.
    expect(contrastOf(allow.fill, deny.fill)).toBeGreaterThanOrEqual(3);
  });

  test('its buttons say what they do, and Allow what to mind', async () => {
    const { page } = await openWindow();
    await page.goto((await waitingClient()).address.href);
    expect(await page.getByRole('button').allTextContents()).toEqual(['Deny', 'Allow']);
    const allowButton = page.getByRole('button', { name: 'Allow' });
    const description = await allowButton.getAttribute('aria-describedby');
    expect(await page.locator(`#${description}`).textContent()).toContain('only if you have just started');
  });

  test('it fits on a small telephone, however long a name a client gives itself', async () => {
    const { page } = await openWindow({ viewport: { width: 320, height: 560 } });
    await page.goto((await waitingClient(local, 'W'.repeat(100))).address.href);
    await expectToFit(page);
    for (const button of await page.getByRole('button').all())
      expect(await button.boundingBox()).toMatchObject({ x: expect.toSatisfy((x) => x >= 0 && x < 250) });
  });

  test('its cookie is for this server alone, unseen by pages, and gone with the browser', async () => {
    const { page } = await openWindow();
    await page.goto((await waitingClient()).address.href);
    await expectOwnCookie(page);
  });

  test('reloading it and coming back to it do no harm, before and after', async () => {
    const { address, finish } = await waitingClient();
    const { page, complaints } = await openWindow();
    const callbacks: string[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(`${served.url}/callback?`)) callbacks.push(request.url());
    });
    await page.goto(address.href);
    await page.reload();
    await page.locator('#allow').click();
    await page.waitForURL(`${sandbox.url}/**`);
    await page.goBack();
    await expectGoodPage(page, new RegExp(clientName), 1);
    await allow(page, alice);
    const client = keep(await finish(await backAt(page)));
    // Once more with the code that the client has had redeemed: it is over.
    await page.goto(callbacks.at(-1) ?? '');
    await expectGoodPage(page, headings.isOver);
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(complaints.filter((it) => !it.includes('status of 400'))).toEqual([]);
  });

  test('two people sign in side by side, in two tabs of one browser', async () => {
    const [first, second] = [await waitingClient(), await waitingClient(published)];
    const { page: one } = await openWindow();
    const { page: two } = await newTab(one.context());
    await one.goto(first.address.href);
    await two.goto(second.address.href);
    await one.locator('#allow').click();
    await two.locator('#allow').click();
    await signInOnPage(one, alice);
    await signInOnPage(two, benji);
    const clients = [
      keep(await first.finish(await backAt(one))),
      keep(await second.finish(await backAt(two, published))),
    ];
    expect(await Promise.all(clients.map(hubsOf))).toEqual([alice.hubs, benji.hubs]);
  });
});
