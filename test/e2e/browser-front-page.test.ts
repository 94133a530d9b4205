// The front page of each server in a browser: as people meet it, at a desk and on a telephone, light and dark.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import type { ServerDefinition } from '../../lib/serve/launch/definition.ts';
import { definition as twoLegged } from '../../servers/2lo.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { definition as pkce } from '../../servers/pkce.ts';
import { definition as serviceAccount } from '../../servers/ssa.ts';
import { describeInBrowser, signInOnPage, type Window } from '../support/browser.ts';
import { connect } from '../support/clients.ts';
import { closing } from '../support/closing.ts';
import { type IdentifyingServer, serveIdentifying } from '../support/identity.ts';
import { expectInk, expectToFit, picture } from '../support/pages.ts';
import { alice, profileOf } from '../support/people.ts';
import { employees, type Sandbox, startSandbox } from '../support/sandbox.ts';
import { type ServedHttp, serveWith } from '../support/signing-in.ts';
import { hubsOf } from '../support/tool-results.ts';

const keep = closing();
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds wrong, in words. It comes in by the debugger, which no policy of the page binds. */
async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })');
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ html }) => html).join(', ')})`,
  );
}

type Look = { viewport: { width: number; height: number }; colorScheme: 'light' | 'dark' };

const looks = [
  { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { viewport: { width: 320, height: 640 }, colorScheme: 'light' },
  { viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
] as const satisfies Look[];
/** Two of them that have nothing in common. */
const atOpposites = [looks[0], looks[3]] as const;

describeInBrowser('the front page, in a browser', (openWindow) => {
  let sandbox: Sandbox;
  const served = new Map<ServerDefinition, ServedHttp>();
  let identifying: IdentifyingServer;
  let withAccounts: ServedHttp;
  beforeAll(async () => {
    sandbox = keep(await startSandbox());
    for (const definition of [twoLegged, serviceAccount, threeLegged, pkce])
      served.set(definition, keep(await serveWith(sandbox, definition, 'none', { isSandbox: true })));
    identifying = keep(await serveIdentifying(sandbox));
    withAccounts = keep(await serveWith(sandbox, threeLegged, 'autodesk', { isSandbox: true }));
  });

  const urlOf = (definition: ServerDefinition) => served.get(definition)?.url ?? '';

  /** Looks at a page in different ways, and expects that nothing is wrong with it. */
  async function expectSound({ page, complaints }: Window, ways: readonly Look[]): Promise<void> {
    for (const { viewport, colorScheme } of ways) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await expectToFit(page);
      await expectInk(page, colorScheme);
      expect(await violationsOn(page)).toEqual([]);
    }
    expect(await page.locator('script, img, iframe, [onclick], [style]').count()).toBe(0);
    expect(complaints).toEqual([]);
  }

  test.each([
    [threeLegged, looks],
    [twoLegged, atOpposites],
    [serviceAccount, atOpposites],
    [pkce, atOpposites],
  ] as const)(
    'of $name is at its MCP address, and nothing is wrong with it in any look',
    async (definition, ways) => {
      const window = await openWindow();
      await window.page.goto(`${urlOf(definition)}/mcp`);
      expect(await window.page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^APS /);
      await expectSound(window, ways);
    },
  );

  test('has the address to copy with one click', async () => {
    const { page } = await openWindow();
    const address = `${urlOf(twoLegged)}/mcp`;
    await page.goto(address);
    await page.locator('.copy').first().click();
    expect(await page.evaluate('getSelection().toString()')).toBe(address);
  });

  test('needs no script for signing in and out, nor a mouse', async () => {
    const { page, complaints } = await openWindow({ javaScriptEnabled: false });
    const url = urlOf(threeLegged);
    await page.goto(url);
    const button = page.getByRole('button', { name: 'Sign in to Autodesk' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/authorize?**');
    await signInOnPage(page, alice);
    await page.waitForURL(`${url}/callback?**`);
    await page.getByRole('link').click();
    await page.waitForURL(`${url}/`);
    const client = keep(await connect(url, 'legacy'));
    expect(await hubsOf(client)).toEqual(alice.hubs);
    await page.getByRole('button', { name: 'Sign out of Autodesk' }).click();
    expect(await page.getByRole('status').textContent()).toContain('revoked');
    expect(complaints).toEqual([]);
  });

  test('shows a person of a company only themselves', async () => {
    const [ada] = employees;
    const window = await openWindow();
    const { page, complaints } = window;
    await page.goto(`${identifying.url}/mcp`);
    await expectSound(window, [looks[0]]);
    await page.getByRole('button', { name: /Sign in at/ }).click();
    await page.waitForURL('**/openid/**');
    await signInOnPage(page, { userId: ada.sub });
    await page.waitForURL(`${identifying.url}/`);
    expect(await page.locator('#person').textContent()).toContain(ada.name);
    await expectSound(window, atOpposites);
    await page.getByRole('button', { name: 'Sign in to Autodesk' }).click();
    await signInOnPage(page, alice);
    await page.waitForURL(`${identifying.url}/callback?**`);
    await page.getByRole('link').click();
    await page.getByRole('button', { name: 'Sign out of Autodesk' }).click();
    await page.getByRole('link').click();
    await page.getByRole('button', { name: 'Forget me' }).click();
    await page.getByRole('button', { name: /Sign in at/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('shows a person with an Autodesk account themselves, after a sign-in at Autodesk', async () => {
    const window = await openWindow();
    const { page } = window;
    await page.goto(withAccounts.url);
    await page.getByRole('button', { name: 'Sign in at Autodesk' }).click();
    await signInOnPage(page, alice);
    await page.waitForURL(`${withAccounts.url}/`);
    expect(await page.locator('#person').textContent()).toContain(profileOf(alice).name);
    await expectSound(window, [looks[1]]);
  });

  test('has its pictures in the documentation', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openWindow({ colorScheme });
      await page.goto(urlOf(threeLegged));
      // Its usual address, wherever it stands.
      await page.evaluate(
        `document.body.innerHTML = document.body.innerHTML.replaceAll(/localhost(:|%3A|%253A)\\d+/g, 'localhost$15002')
          .replaceAll(/config=[^"]+/g, 'config=')`,
      );
      if (colorScheme === 'light') await picture(page, 'front-page-desktop', { width: 900, highest: 1100 });
      else await picture(page, 'front-page-phone', { width: 390, highest: 844 });
      expect(await page.locator('.copy').first().textContent()).toBe('http://localhost:5002/mcp');
    }
  });
});
