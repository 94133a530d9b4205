/** A real browser, Chromium, for what only a browser can tell: pages as people meet them. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const program = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Why tests in a browser cannot run here; undefined if they can. In CI they must: there, they run and fail. */
export const noBrowser =
  existsSync(program) || process.env.CI === 'true'
    ? undefined
    : `there is no Chromium at ${program}; install it, or set CHROMIUM_PATH`;

/** Starts Chromium without a window. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}

/** A page in a profile of its own, and whatever the browser complains about there. */
export async function newPage(
  browser: Browser,
  options?: BrowserContextOptions,
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 900, height: 560 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}
