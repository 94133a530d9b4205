/** A real browser, Chromium, for what only a browser can tell: pages as people meet them. */
import { existsSync } from 'node:fs';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

const program = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Why tests in a browser cannot run here; undefined if they can. In CI they must: there, they run and fail. */
export const noBrowser =
  existsSync(program) || process.env.CI === 'true'
    ? undefined
    : `there is no Chromium at ${program}; install it, or set CHROMIUM_PATH`;

/** Starts Chromium without a window. Names that end in `.example` lead to this machine. */
export function startBrowser(): Promise<Browser> {
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

/** A page in a profile of its own. */
export async function newPage(browser: Browser, options?: BrowserContextOptions): Promise<Window> {
  return newTab(await browser.newContext({ viewport: { width: 900, height: 560 }, ...options }));
}

/** Another page in a profile. */
export async function newTab(context: BrowserContext): Promise<Window> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}
