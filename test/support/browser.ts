/** A real browser, Chromium, for what only a browser can tell: pages as people meet them. */
import { existsSync } from 'node:fs';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest';

/** Without the windows that nobody sees, it takes half the time. */
const headlessShell = '/usr/bin/chromium-headless-shell';
const program =
  process.env.CHROMIUM_PATH ?? (existsSync(headlessShell) ? headlessShell : '/usr/bin/chromium');

/** Why tests in a browser cannot run here; undefined if they can. In CI they must: there, they run and fail. */
const noBrowser =
  existsSync(program) || process.env.CI === 'true'
    ? undefined
    : `there is no Chromium at ${program}; install it, or set CHROMIUM_PATH`;

/** Starts Chromium without a window. Names that end in `.example` lead to this machine. */
function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      '--host-resolver-rules=MAP *.example 127.0.0.1',
    ],
  });
}

export type Window = {
  page: Page;
  /** Whatever the browser complains about there. */
  complaints: string[];
};

/** Opens a page in a profile of its own, which is closed with the test. */
export type OpenWindow = (options?: BrowserContextOptions) => Promise<Window>;

/** Tests in one browser. Where there is none they are skipped, and it is said why: the reporter does not. */
export function describeInBrowser(title: string, tests: (openWindow: OpenWindow) => void): void {
  if (noBrowser) console.error(`Tests are skipped (${title}): ${noBrowser}.`);
  describe.skipIf(noBrowser)(title, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await startBrowser();
    });
    afterAll(() => browser?.close());
    tests(async (options) => {
      if (!browser) throw new Error('The browser has not started yet');
      const context = await browser.newContext({ viewport: { width: 900, height: 560 }, ...options });
      onTestFinished(() => context.close());
      return newTab(context);
    });
  });
}

/** Another page in a profile. */
export async function newTab(context: BrowserContext): Promise<Window> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

/** Signs in on the page of the sandbox that a person was led to. */
export async function signInOnPage(page: Page, { userId }: { userId: string }): Promise<void> {
  await page.locator(`#user-${userId}`).check();
  await page.locator('#allow').click();
}

/** The only cookie of a server: for its host alone, unseen by pages, and gone with the browser. */
export async function expectOwnCookie(
  page: Page,
  { domain = 'localhost', prefix = '', secure = false } = {},
): Promise<void> {
  expect(await page.context().cookies()).toEqual([
    {
      name: expect.stringMatching(new RegExp(`^${prefix}mcp-browser-[\\w-]{8}$`)),
      value: expect.stringMatching(/^[\w-]{43}$/),
      ...{ domain, path: '/', expires: -1, httpOnly: true, sameSite: 'Lax', secure },
    },
  ]);
  expect(await page.evaluate('document.cookie')).toBe('');
}
