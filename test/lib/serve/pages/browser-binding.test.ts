// Telling browsers apart: by a cookie that only the server sets, and forms that count in one browser alone.
import { EncryptJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { digest } from '../../../../lib/digest.ts';
import { randomKeys } from '../../../../lib/sealed.ts';
import { createBrowserBinding } from '../../../../lib/serve/pages/browser-binding.ts';
import { later, minutes, seconds } from '../../../support/clock.ts';

const keys = randomKeys();
const browsers = createBrowserBinding(keys, 'forms', 'http://localhost');
const secure = createBrowserBinding(keys, 'forms', 'https://localhost');

const requestWith = (cookie?: string) =>
  new Request('http://localhost/', { headers: cookie === undefined ? {} : { cookie } });

/** The cookies of a browser that was given these ids. */
const cookieOf = (ids: readonly string[], from = browsers) =>
  ids
    .flatMap((id) => from.remember(new Response(), id).headers.getSetCookie())
    .map((line) => line.split(';')[0])
    .join('; ');

/** A request of such a browser. */
const by = (...ids: string[]) => requestWith(cookieOf(ids));

/** A browser that has not been here before. */
const newcomer = () => browsers.idOf(requestWith());

describe('a browser', () => {
  test('without a cookie is another one each time', () => {
    const ids = Array.from({ length: 100 }, newcomer);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[\w-]{43}$/);
  });

  test('with its cookie is known again, among other cookies too', () => {
    const id = newcomer();
    for (const cookie of [cookieOf([id]), `a=b; ${cookieOf([id])}; c=d`])
      expect(browsers.idOf(requestWith(cookie))).toBe(id);
  });

  test('that was given two ids at the same moment is known by both', () => {
    const ids = [newcomer(), newcomer()];
    expect(browsers.idsOf(by(...ids))).toEqual(ids);
    expect(ids).toContain(browsers.idOf(by(...ids)));
  });

  test.each(['', 'short', 'x'.repeat(44), `${'x'.repeat(42)}=`, `${'x'.repeat(42)}%2e`, '"><script>'])(
    'with "%s" for a cookie is a new one',
    (value) => {
      const [name] = cookieOf([newcomer()]).split('=');
      const id = browsers.idOf(requestWith(`${name}=${value}`));
      expect(id).toMatch(/^[\w-]{43}$/);
      expect(id).not.toBe(value);
    },
  );

  test('that comes by HTTPS is not known by a cookie that anybody on the way could have set', () => {
    const id = newcomer();
    expect(secure.idOf(by(id))).not.toBe(id);
    expect(secure.idOf(requestWith(cookieOf([id], secure)))).toBe(id);
    expect(browsers.idOf(requestWith(cookieOf([id], secure)))).not.toBe(id);
  });
});

describe('the cookie', () => {
  test('is sent to this server alone, not to scripts, and not along with forms of other pages', () => {
    const id = newcomer();
    const cookie = (from: typeof browsers) => from.remember(new Response(), id).headers.getSetCookie();
    expect(cookie(browsers)).toEqual([
      expect.stringMatching(`^mcp-browser-[\\w-]{8}=${id}; Path=/; HttpOnly; SameSite=Lax$`),
    ]);
    expect(cookie(secure)).toEqual([
      expect.stringMatching(`^__Host-mcp-browser-[\\w-]{8}=${id}; Path=/; HttpOnly; Secure; SameSite=Lax$`),
    ]);
  });

  test('leaves the answer as it is', async () => {
    const answer = new Response('text', { status: 418, headers: { 'x-other': 'y' } });
    const remembered = browsers.remember(answer, newcomer());
    expect([remembered.status, remembered.headers.get('x-other')]).toEqual([418, 'y']);
    expect(await remembered.text()).toBe('text');
  });
});

describe('a form', () => {
  const content = '{"any":"thing ü"}';

  test('brings back what was put into it, in the browser that it was made for', async () => {
    const id = newcomer();
    expect(await browsers.openForm(by(id), await browsers.sealForm(id, content))).toEqual({ id, content });
  });

  test('counts in a browser that was given another id at the same moment', async () => {
    const [id, other] = [newcomer(), newcomer()];
    const sealed = await browsers.sealForm(id, content);
    expect(await browsers.openForm(by(other, id), sealed)).toEqual({ id, content });
  });

  test('is nothing in another browser', async () => {
    const sealed = await browsers.sealForm(newcomer(), content);
    expect(await browsers.openForm(by(newcomer()), sealed)).toBeUndefined();
    expect(await browsers.openForm(requestWith(), sealed)).toBeUndefined();
  });

  test('does not give the cookie away', async () => {
    const id = newcomer();
    const sealed = await browsers.sealForm(id, content);
    for (const part of [sealed, ...sealed.split('.')])
      expect(Buffer.from(part, 'base64url').toString() + part).not.toContain(id);
  });

  test('is nothing where the key or the purpose is another', async () => {
    const id = newcomer();
    for (const others of [
      createBrowserBinding(randomKeys(), 'forms', 'http://localhost'),
      createBrowserBinding(keys, 'other forms', 'http://localhost'),
    ])
      expect(await others.openForm(by(id), await browsers.sealForm(id, content))).toBeUndefined();
  });

  test('is nothing after ten minutes', async () => {
    later(0);
    const id = newcomer();
    const sealed = await browsers.sealForm(id, content);
    later(10 * minutes - seconds);
    expect(await browsers.openForm(by(id), sealed)).toEqual({ id, content });
    later(2 * seconds);
    expect(await browsers.openForm(by(id), sealed)).toBeUndefined();
  });

  test.each([undefined, null, '', 'x', 'a.b.c', 1, {}])('that is %j is nothing', async (sealed) => {
    expect(await browsers.openForm(by(newcomer()), sealed)).toBeUndefined();
  });

  test('without an end, or without content is nothing, even with the right key', async () => {
    const id = newcomer();
    const browser = digest(id);
    const made = (claims: Record<string, unknown>, lifetime?: string) => {
      const jwt = new EncryptJWT(claims).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' });
      return (lifetime ? jwt.setExpirationTime(lifetime) : jwt).encrypt(keys('forms'));
    };
    const form = { content: { browser, content } };
    expect(await browsers.openForm(by(id), await made(form, '1m'))).toEqual({ id, content });
    for (const sealed of [
      await made(form),
      await made({}, '1m'),
      await made({ content: { browser } }, '1m'),
      await made({ content: { browser, content: { x: 1 } } }, '1m'),
      await made({ content: { browser: 'x', content } }, '1m'),
    ])
      expect(await browsers.openForm(by(id), sealed)).toBeUndefined();
  });
});
