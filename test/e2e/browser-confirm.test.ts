// The page between a link and Autodesk, with --client-auth oidc, as people meet it: in a browser.
import type { Client } from '@modelcontextprotocol/client';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { describeInBrowser, expectOwnCookie, newTab, signInOnPage } from '../support/browser.ts';
import { startCleanSandbox } from '../support/clean-sandbox.ts';
import { newest } from '../support/clients.ts';
import { closing } from '../support/closing.ts';
import { headings } from '../support/headings.ts';
import { serveIdentifying } from '../support/identity.ts';
import { startLocalServer } from '../support/local-server.ts';
import { beginSigningIn, connectSigningIn, TestOAuthProvider } from '../support/oauth-client.ts';
import { expectGoodPage, expectInk, expectToFit, picture } from '../support/pages.ts';
import { alice, benji, chien } from '../support/people.ts';
import { type Employee, employees } from '../support/sandbox.ts';
import { askedAddress } from '../support/sign-in.ts';
import { atCompany, type ServedHttp, serveWith } from '../support/signing-in.ts';
import { hubsOf } from '../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());
const [ada, emil] = employees;
describeInBrowser('the page before Autodesk, in a browser', (openWindow) => {
  /** A server of a test's own, to which nobody has signed in. */
  async function serve(): Promise<ServedHttp> {
    const served = await serveWith(sandbox, threeLegged, 'oidc', {
      env: { MCP_AUTH_ISSUER: sandbox.openIdIssuer },
    });
    onTestFinished(served.close);
    return served;
  }

  /** Somebody whose client was given a link, and who has opened it in a browser. */
  async function asked({
    employee = ada,
    at,
    context,
    options,
  }: {
    employee?: Employee;
    at?: ServedHttp;
    context?: BrowserContext;
    options?: BrowserContextOptions;
  } = {}): Promise<{ client: Client; address: string; page: Page; complaints: string[] }> {
    const { url } = at ?? (await serve());
    const client = await connectSigningIn(url, { pin: newest }, atCompany(employee));
    const address = await askedAddress(client);
    onTestFinished(() => client.close());
    const window = await (context ? newTab(context) : openWindow(options));
    await window.page.goto(address);
    return { client, address, ...window };
  }

  async function goOn(page: Page): Promise<void> {
    await page.locator('#go-on').click();
    await page.waitForURL(`${sandbox.url}/**`);
  }

  async function signIn(page: Page, { userId }: { userId: string }): Promise<void> {
    await signInOnPage(page, { userId });
    await page.waitForURL('**/callback?**');
  }

  test('a person signs in at their company, follows the link, shows that it is theirs, and signs in at Autodesk', async () => {
    const { url } = keep(await serveIdentifying(sandbox));
    const home = keep(await startLocalServer((_request, response) => response.end('Back at the client')));
    const provider = new TestOAuthProvider({ callback: `${home.url}/callback` });
    const { address, finish } = await beginSigningIn(url, { pin: newest }, { provider });
    const { page, complaints } = await openWindow();
    await page.goto(address.href);
    await page.locator(`#user-${emil?.sub}`).check();
    await page.locator('#allow').click();
    await page.waitForURL(`${home.url}/callback?**`);
    const client = keep(await finish(page.url()));

    await page.goto(await askedAddress(client));
    await expectGoodPage(page, headings.confirm, 1);
    const user = await page.locator('#user').textContent();
    for (const part of [emil?.name, emil?.email]) expect(user).toContain(part);
    expect(await page.locator('#subject').textContent()).toBe(`${emil?.sub} at ${sandbox.openIdIssuer}`);
    expect(await page.locator('#client').textContent()).toBe(provider.saved.client?.client_id);
    await picture(page, 'sign-in-to-autodesk');
    await goOn(page);
    await signInOnPage(page, { userId: emil?.sub ?? '' });
    await page.waitForURL(`${sandbox.url}/authentication/**`);
    await signIn(page, benji);
    await expectGoodPage(page, headings.signedIn);
    expect(await page.locator('#user').textContent()).toBe(user);
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(complaints).toEqual([]);
  });

  test('a person needs no mouse', async () => {
    const { client, page } = await asked();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('id')).toBe('go-on');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${sandbox.url}/**`);
    for (const key of ['Tab', 'ArrowDown', 'ArrowDown', 'Tab', 'Enter']) await page.keyboard.press(key);
    await page.waitForURL('**/callback?**');
    expect(await hubsOf(client)).toEqual(chien.hubs);
  });

  test('a person who denies access at Autodesk is told, and gets a new link when they ask again', async () => {
    const { client, page, address, complaints } = await asked();
    await goOn(page);
    await page.locator('#deny').click();
    await page.waitForURL('**/callback?**');
    await expectGoodPage(page, headings.denied);
    expect(await askedAddress(client)).not.toBe(address);
    expect(complaints.filter((it) => !it.includes('status of 403'))).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('it is %s when the person likes it so', async (colorScheme) => {
    const { page } = await asked({ options: { colorScheme } });
    await expectInk(page, colorScheme, 'main, main *');
  });

  test('it fits on a small telephone', async () => {
    const { page } = await asked({ options: { viewport: { width: 320, height: 560 } } });
    await expectToFit(page);
  });

  test('its cookie is for this server alone, unseen by pages, and gone with the browser', async () => {
    const { page } = await asked();
    await expectOwnCookie(page);
  });

  test('reloading it and coming back to it do no harm, before and after', async () => {
    const { client, address, page, complaints } = await asked();
    await page.reload();
    await goOn(page);
    await page.goBack();
    await goOn(page);
    await signIn(page, alice);
    await expectGoodPage(page, headings.signedIn);
    const tooLate = () => expectGoodPage(page, headings.linkIsStale);
    await page.reload();
    await tooLate();
    // Back on Autodesk's page, as somebody else: what has ended does not begin anew.
    await page.goBack();
    await signIn(page, benji);
    await tooLate();
    await page.goto(address);
    await tooLate();
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(complaints.filter((it) => !it.includes('status of 400'))).toEqual([]);
  });

  test('two people sign in side by side, in two tabs of one browser', async () => {
    const at = await serve();
    const one = await asked({ at });
    const two = await asked({ at, employee: emil, context: one.page.context() });
    await goOn(one.page);
    await goOn(two.page);
    await signIn(one.page, alice);
    await signIn(two.page, benji);
    expect([await hubsOf(one.client), await hubsOf(two.client)]).toEqual([alice.hubs, benji.hubs]);
  });

  test('who goes on in one browser cannot let somebody else finish in another', async () => {
    const { client, page } = await asked();
    await goOn(page);
    const { page: victim } = await openWindow();
    await victim.goto(page.url());
    await signIn(victim, benji);
    await expectGoodPage(victim, headings.notYours);
    expect(await victim.getByRole('main').textContent()).toContain('Nothing was changed');
    expect(await askedAddress(client)).toContain('/signin?');
  });
});
