// Signing in as people do it: in a browser, on Autodesk's page (here the sandbox's) and on the pages of this server.
import type { Client } from '@modelcontextprotocol/client';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { memoryStore } from '../../lib/store/memory.ts';
import { describeInBrowser, signInOnPage } from '../support/browser.ts';
import { closing } from '../support/closing.ts';
import { headings } from '../support/headings.ts';
import { expectGoodPage, expectInk, expectToFit, picture } from '../support/pages.ts';
import { alice, benji, chien, profileOf } from '../support/people.ts';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { callersByHeader, type Served } from '../support/serving.ts';
import { askedAddress, connectAsSomebody } from '../support/sign-in.ts';
import { servePatiently, serveThreeLegged } from '../support/three-legged.ts';
import { hubsOf } from '../support/tool-results.ts';

const keep = closing();
describeInBrowser('signing in, in a browser', (openWindow) => {
  let sandbox: Sandbox;
  let served: Served;
  beforeAll(async () => {
    sandbox = keep(await startSandbox());
    served = keep(await serveThreeLegged(sandbox, { clientSignIn: callersByHeader }));
  });
  afterEach(() => {
    sandbox.trouble.reset();
    vi.useRealTimers();
  });

  /** Somebody at a client, who was given an address, and their browser. */
  async function person({
    at = served,
    options,
  }: {
    at?: Pick<Served, 'url'>;
    options?: BrowserContextOptions;
  } = {}): Promise<{ client: Client; address: string; page: Page; complaints: string[] }> {
    const client = await connectAsSomebody(at);
    const address = await askedAddress(client);
    onTestFinished(() => client.close());
    const { page, complaints } = await openWindow(options);
    return { client, address, page, complaints };
  }

  test('a person signs in, and sees whose account it is; their client gets the data', async () => {
    // As in the tutorial: clients do not sign in.
    const at = keep(await serveThreeLegged(sandbox));
    const { client, address, page, complaints } = await person({ at });
    await page.goto(address);
    expect(await page.title()).toBe('Sign in to Sandbox Demo - APS sandbox');
    expect(await page.locator('#scopes li').count()).toBe(1);
    await signInOnPage(page, alice);
    await page.waitForURL(`${at.url}/callback?**`);
    await expectGoodPage(page, headings.signedIn);
    const { name, email } = profileOf(alice);
    expect(await page.getByRole('status').textContent()).toContain(`${name} (${email})`);
    expect(await page.getByRole('main').textContent()).toMatch(/close this window/);
    await picture(page, 'signed-in');
    expect(complaints).toEqual([]);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('the page to sign in on says who asks, for what, and where the answer goes', async () => {
    const { address, page, complaints } = await person();
    const elsewhere = new URL(address);
    elsewhere.searchParams.set('redirect_uri', 'http://localhost:5002/callback');
    await page.goto(elsewhere.href);
    const text = await page.getByRole('main').textContent();
    for (const part of [
      'This is the sandbox.',
      'May Sandbox Demo do this',
      'data:read',
      'http://localhost:5002/callback',
    ])
      expect(text).toContain(part);
    await picture(page, 'sandbox-sign-in');
    expect(complaints).toEqual([]);
  });

  test('a person needs no mouse', async () => {
    const { client, address, page } = await person();
    await page.goto(address);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('id')).toBe(`user-${alice.userId}`);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator(`#user-${chien.userId}`).isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('id')).toBe('allow');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${served.url}/callback?**`);
    expect(await page.getByRole('status').textContent()).toContain(profileOf(chien).name);
    expect(await hubsOf(client)).toEqual(chien.hubs);
  });

  test('a person who denies access is told that nothing was changed, and how to try again', async () => {
    const { client, address, page, complaints } = await person();
    await page.goto(address);
    await page.locator('#deny').click();
    await page.waitForURL(`${served.url}/callback?**`);
    await expectGoodPage(page, headings.denied);
    const text = await page.getByRole('main').textContent();
    for (const part of ['Nothing was changed', 'your MCP client']) expect(text).toContain(part);
    await picture(page, 'denied');
    expect(complaints.filter((it) => !it.includes('status of 403'))).toEqual([]);
    expect(await askedAddress(client)).toContain('/authorize?');
  });

  test('a link that was used is no longer good, and reloading the page is using it again', async () => {
    const { client, address, page, complaints } = await person();
    await page.goto(address);
    await signInOnPage(page, benji);
    await page.waitForURL(`${served.url}/callback?**`);
    await page.reload();
    await expectGoodPage(page, headings.linkIsStale);
    await picture(page, 'link-no-longer-valid');
    expect(complaints.filter((it) => !it.includes('status of 400'))).toEqual([]);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('a person who takes more than ten minutes is told that the link has expired', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const store = memoryStore();
    const at = await servePatiently(sandbox, { store });
    onTestFinished(() => at.close());
    const { client, address, page } = await person({ at });
    vi.setSystemTime(Date.now() + 10 * 60_000 + 1000);
    await page.goto(address);
    await page.locator('#allow').click();
    await page.waitForURL(`${at.url}/callback?**`);
    await expectGoodPage(page, headings.linkIsStale);
    expect(await page.getByRole('main').textContent()).toContain('expired');
    expect(await askedAddress(client)).toContain('/authorize?');
  });

  test('a person who comes back while APS is in trouble is told so, and not blamed', async () => {
    const at = await servePatiently(sandbox);
    onTestFinished(() => at.close());
    const { client, address, page } = await person({ at });
    const back = await sandbox.signIn(address, alice);
    sandbox.trouble.set({ failAll: { status: 503 } });
    await page.goto(back.href);
    await expectGoodPage(page, headings.unreachable);
    expect(await page.getByRole('main').textContent()).toMatch(/[Tt]ry again/);
    sandbox.trouble.reset();
    expect(await askedAddress(client)).toContain('/authorize?');
  });

  test.each(['light', 'dark'] as const)('pages are %s when the person likes them so', async (colorScheme) => {
    const { address, page } = await person({ options: { colorScheme } });
    const ink = () => expectInk(page, colorScheme);
    await page.goto(address);
    await ink();
    await page.locator('#allow').click();
    await page.waitForURL(`${served.url}/callback?**`);
    await ink();
    await page.goto(served.url);
    await ink();
  });

  test('pages fit on a small telephone', async () => {
    const { address, page } = await person({ options: { viewport: { width: 320, height: 560 } } });
    await page.goto(address);
    await expectToFit(page);
    await page.locator('#allow').click();
    await page.waitForURL(`${served.url}/callback?**`);
    await expectGoodPage(page, headings.signedIn);
  });

  test('what an address brings along is text on the page, and never runs', async () => {
    const { address, page, complaints } = await person();
    const state = new URL(address).searchParams.get('state') ?? '';
    const evil = '<script>document.title = "Owned"</script><img src=x onerror="document.title = \'Owned\'">';
    const query = new URLSearchParams({ state, error: 'server_error', error_description: evil });
    await page.goto(`${served.url}/callback?${query}`);
    expect(await page.title()).toMatch(headings.refused);
    expect(await page.getByRole('main').textContent()).toContain(evil);
    expect(await page.locator('script, img').count()).toBe(0);
    expect(complaints.filter((it) => !it.includes('status of 400'))).toEqual([]);
  });
});
