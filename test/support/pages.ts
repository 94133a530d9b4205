/** Pages of a server in a real browser: what must hold for each of them, and pictures for the documentation. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** The folder where `npm run docs:check` wants the pictures of the documentation. */
const pictures = process.env.PICTURES_FOLDER;

/**
 * Takes a picture for the documentation, `docs/images/NAME.png`, if that is what is wanted: as high as what there is to see, or as
 * `highest`. NAME.yml beside it describes what it shows, which is the same in every version of the browser:
 * `npm run docs:check` compares it.
 */
export async function picture(page: Page, name: string, { width = 900, highest = 4000 } = {}): Promise<void> {
  if (!pictures) return;
  // What differs from run to run is always the same in a picture.
  await page.evaluate(`for (const it of document.querySelectorAll('p, dd')) {
    if (it.childElementCount === 0)
      it.textContent = it.textContent
        .replace(/request [0-9a-f-]{36}/, 'request 01234567-89ab-4cde-8f01-23456789abcd')
        .replace(/client-[\\w-]{22}/, 'client-k4Zr0wQb2sXh5nTe7uYp1A')
        .replace(/127\\.0\\.0\\.1:\\d+/, '127.0.0.1:5050');
    for (const code of it.querySelectorAll('code'))
      code.textContent = code.textContent
        .replace(/^(localhost|127\\.0\\.0\\.1):\\d+$/, '$1:33418')
        .replace(/127\\.0\\.0\\.1:\\d+\\//, '127.0.0.1:5050/');
  }`);
  await page.setViewportSize({ width, height: highest });
  const height = await page.evaluate<number>('document.querySelector("main").getBoundingClientRect().bottom');
  await page.setViewportSize({ width, height: Math.min(Math.ceil(height) + 48, highest) });
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' });
  await writeFile(join(pictures, `${name}.yml`), await descriptionOf(page, name));
}

/** What a page shows: its style sheets as a digest, its title, and its accessibility tree. */
async function descriptionOf(page: Page, name: string): Promise<string> {
  const styles = await page.evaluate<string[]>(
    "[...document.querySelectorAll('style')].map((it) => it.textContent)",
  );
  const digest = createHash('sha256').update(styles.join('\n')).digest('hex').slice(0, 16);
  const tree = await page.locator('body').ariaSnapshot();
  return [
    `# What ${name}.png shows. npm run docs:check -- --write docs/images writes both.`,
    `styles: ${digest}`,
    `title: ${JSON.stringify(await page.title())}`,
    'page:',
    ...tree.split('\n').map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** Holds for every page of a server: how it is built, and what it does not give away. */
export async function expectGoodPage(page: Page, heading: RegExp, forms = 0): Promise<void> {
  expect(await page.getByRole('heading').allTextContents()).toEqual([expect.stringMatching(heading)]);
  expect(await page.getByRole('heading', { level: 1, name: heading }).count()).toBe(1);
  expect(await page.getByRole('main').count()).toBe(1);
  expect(await page.title()).toMatch(heading);
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  expect(await page.locator('script, link, img, iframe, [onclick], [style]').count()).toBe(0);
  expect(await page.locator('form').count()).toBe(forms);
  // What a form carries is sealed, and comes back to the server alone.
  const content = (await page.content()).replace(/(<input type="hidden" name="form" value=")[^"]*/, '$1');
  const { searchParams } = new URL(page.url());
  // Who answered (RFC 9207) is no secret.
  searchParams.delete('iss');
  // Of a client with a metadata document, a person sees the address on purpose.
  if (searchParams.get('client_id')?.startsWith('https:')) searchParams.delete('client_id');
  for (const value of searchParams.values())
    if (forms === 0 || value.length > 16) expect(content).not.toContain(value);
  expect(content).not.toMatch(/eyJ[\w-]{8}|code_verifier/);
  await expectToFit(page);
  // Nothing but the page was loaded.
  expect(await page.evaluate('performance.getEntriesByType("resource").length')).toBe(0);
}

/** Nothing runs off the side. */
export async function expectToFit(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
}

/** Text is dark where a person likes pages light, and light where they like them dark. */
export async function expectInk(page: Page, colorScheme: 'light' | 'dark', selector = 'body'): Promise<void> {
  // The colour of the text tells: the canvas behind it has none of its own.
  const colors = await page.evaluate<string[]>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((it) => getComputedStyle(it).color)`,
  );
  expect(colors).not.toEqual([]);
  for (const color of colors) {
    const [red = 0] = (color.match(/\d+/g) ?? []).map(Number);
    if (colorScheme === 'light') expect(red).toBeLessThan(64);
    else expect(red).toBeGreaterThan(192);
  }
}

/** The red, green and blue of a colour, from 0 to 255. */
type Color = readonly number[];

/** The colours of an element's text and of what is behind it. */
export async function colorsOf(page: Page, selector: string): Promise<{ ink: Color; fill: Color }> {
  const [ink = '', own = '', canvas = ''] = await page.evaluate<string[]>(`(() => {
    const { color, backgroundColor } = getComputedStyle(document.querySelector(${JSON.stringify(selector)}));
    const probe = document.body.appendChild(document.createElement('div'));
    probe.style.backgroundColor = 'Canvas';
    const canvas = getComputedStyle(probe).backgroundColor;
    probe.remove();
    return [color, backgroundColor, canvas];
  })()`);
  const parts = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const [, , , opacity = 1] = parts(own);
  return { ink: parts(ink), fill: parts(opacity === 0 ? canvas : own) };
}

/** The contrast ratio of two colours, from 1 to 21: WCAG 2.2, “contrast ratio” and “relative luminance”. */
export function contrastOf(one: Color, other: Color): number {
  const luminances = [one, other].map((color) => {
    const [red = 0, green = 0, blue = 0] = color.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  return (Math.max(...luminances) + 0.05) / (Math.min(...luminances) + 0.05);
}
