// A link to a sign-in in the wrong hands, in a browser: at the sandbox's OpenID provider, and at each that it emulates.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { describeInBrowser, type OpenWindow, signInOnPage } from '../support/browser.ts';
import { closing } from '../support/closing.ts';
import { headings } from '../support/headings.ts';
import { linkFor, serveIdentifying } from '../support/identity.ts';
import { expectGoodPage } from '../support/pages.ts';
import { benji } from '../support/people.ts';
import {
  type Employee,
  employees,
  type OpenIdLikeness,
  openIdLikenesses,
  type Sandbox,
  startSandbox,
} from '../support/sandbox.ts';
import { askedAddress } from '../support/sign-in.ts';
import { hubsOf } from '../support/tool-results.ts';

const keep = closing();
const [ada] = employees;
const emil = employees[1] ?? ada;

/** What Chromium says of a page that comes with 403. */
const ofTheStatus = (complaint: string) => complaint.includes('status of 403');
const autodeskPaths = /\/authentication\/v2\/authorize/;

/** Opens a link, says that it is theirs, and signs in at the company. */
async function identify(page: Page, address: string, { sub }: Employee): Promise<void> {
  await page.goto(address);
  await page.locator('#go-on').click();
  await page.waitForURL('**/openid/**');
  await signInOnPage(page, { userId: sub });
  await page.waitForURL((url) => !url.pathname.startsWith('/openid'));
}

const askedAutodesk = ({ requests }: Sandbox) => requests.some(({ path }) => autodeskPaths.test(path));

const providers: readonly (readonly [name: string, openIdLike: OpenIdLikeness | undefined])[] = [
  ['the provider of the sandbox', undefined],
  ...openIdLikenesses.map((name) => [`a provider like ${name}`, name] as const),
];

for (const [name, openIdLike] of providers)
  describeInBrowser(`at ${name}, a link for one person`, (openWindow: OpenWindow) => {
    async function serve() {
      const sandbox = keep(await startSandbox({ openIdLike }));
      return { sandbox, served: keep(await serveIdentifying(sandbox)) };
    }

    test('completes no sign-in of another, who is told so, and then that of its person', async () => {
      const { sandbox, served } = await serve();
      const { client, address } = keep(await linkFor(sandbox, served, emil));

      const stranger = await openWindow();
      await identify(stranger.page, address, ada);
      expect(new URL(stranger.page.url()).pathname).toBe('/signin/callback');
      await expectGoodPage(stranger.page, headings.notYours);
      expect(await stranger.page.getByRole('main').textContent()).toContain('Nothing was changed');
      expect(stranger.complaints.filter((it) => !ofTheStatus(it))).toEqual([]);
      expect(askedAutodesk(sandbox)).toBe(false);
      expect(await askedAddress(client)).toContain('/signin?');

      const { page, complaints } = await openWindow();
      await identify(page, address, emil);
      await signInOnPage(page, benji);
      await page.waitForURL('**/callback?**');
      await expectGoodPage(page, headings.signedIn);
      expect(await page.locator('#subject').textContent()).toContain(sandbox.openIdIssuer);
      expect(await hubsOf(client)).toEqual(benji.hubs);
      expect(complaints).toEqual([]);
    });
  });

describeInBrowser('a person who has opened a link', (openWindow) => {
  async function opened() {
    const sandbox = keep(await startSandbox());
    const served = keep(await serveIdentifying(sandbox));
    return { sandbox, ...keep(await linkFor(sandbox, served, emil)), ...(await openWindow()) };
  }

  test('as somebody else tries again with the other account, in the same window', async () => {
    const { client, address, page } = await opened();
    await identify(page, address, ada);
    await expectGoodPage(page, headings.notYours);
    await identify(page, address, emil);
    await signInOnPage(page, benji);
    await page.waitForURL('**/callback?**');
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('and declines to sign in is told that nothing was changed', async () => {
    const { page, address, client } = await opened();
    await page.goto(address);
    await page.locator('#go-on').click();
    await page.waitForURL('**/openid/**');
    await page.locator('#deny').click();
    await page.waitForURL('**/signin/callback?**');
    expect(await page.getByRole('heading').textContent()).toMatch(headings.denied);
    expect(await page.getByRole('main').textContent()).toContain('Nothing was changed');
    expect(await askedAddress(client)).toContain('/signin?');
  });

  test('cannot pass on the page at the company: who signs in there gives nothing away', async () => {
    const { page, address, client } = await opened();
    await page.goto(address);
    await page.locator('#go-on').click();
    await page.waitForURL('**/openid/**');
    const victim = (await openWindow()).page;
    await victim.goto(page.url());
    await signInOnPage(victim, { userId: emil.sub });
    await victim.waitForURL('**/signin/callback?**');
    await expectGoodPage(victim, headings.notYours);
    // Nor does where it ended help the first, who is somebody else there.
    await page.goto(victim.url());
    expect(await askedAddress(client)).toContain('/signin?');
  });
});
