// The form on the page that asks whether a sign-in is one's own: it counts from one browser, for one sign-in.
import { describe, expect, test } from 'vitest';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { askedSomebody, cookieOf, formOf, postConfirmation } from '../../../support/confirm-page.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import { startOidc } from '../../../support/oidc.ts';
import { alice } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';

const { keep, sandbox, provider, served } = await startOidc(threeLegged);

const asked = async () => keep(await askedSomebody(provider, served));

const tooLate = { status: 400, body: htmlHeaded(headings.linkIsStale) };

describe('the form of the page counts', () => {
  /** The page of somebody's link, its form, and the cookie that came with it. */
  async function opened() {
    const { address, client } = await asked();
    const page = await send(address);
    return { address, client, form: formOf(page), cookie: cookieOf(page).pair };
  }

  test('from the browser that it was made for', async () => {
    const { address, form, cookie } = await opened();
    expect((await postConfirmation(address, { form }, cookie)).status).toBe(303);
  });

  test('not from another browser, nor from one that is not known, and is good afterwards where it belongs', async () => {
    const [mine, theirs] = [await opened(), await opened()];
    for (const cookie of [theirs.cookie, undefined])
      expect(await postConfirmation(mine.address, { form: mine.form }, cookie)).toMatchObject(tooLate);
    expect((await postConfirmation(mine.address, { form: mine.form }, mine.cookie)).status).toBe(303);
  });

  test('not with the address of somebody else’s: what it says inside is what goes on', async () => {
    const [mine, theirs] = [await opened(), await opened()];
    const more = { form: mine.form, state: new URL(theirs.address).searchParams.get('state') ?? '' };
    const { headers } = await postConfirmation(theirs.address, more, mine.cookie);
    const back = await sandbox.signIn(headers.location ?? '', alice);
    expect((await send(back, { headers: { cookie: mine.cookie } })).status).toBe(200);
    expect(await hubsOf(mine.client)).toEqual(alice.hubs);
    expect(await askedAddress(theirs.client)).toContain('/signin?');
    expect(await postConfirmation(mine.address, { form: theirs.form }, mine.cookie)).toMatchObject(tooLate);
  });

  test('not when it is tampered with, made up, or missing', async () => {
    const { address, form, cookie } = await opened();
    const other = (await opened()).form.split('.');
    const forgeries = [
      // Each part of it from another form.
      ...form.split('.').flatMap((part, at) => {
        const mixed = form
          .split('.')
          .with(at, other[at] ?? '')
          .join('.');
        return part === other[at] ? [] : [mixed];
      }),
      ...[`${form}x`, form.slice(0, -4), '', 'a.b.c', '....'],
    ];
    expect(forgeries).toHaveLength(8);
    for (const forged of forgeries)
      expect(await postConfirmation(address, { form: forged }, cookie)).toMatchObject(tooLate);
    expect(await postConfirmation(address, {}, cookie)).toMatchObject(tooLate);
    expect((await postConfirmation(address, { form }, cookie)).status).toBe(303);
  });

  test('not when it is something else that this server has sealed', async () => {
    const { address, form, cookie } = await opened();
    const stateIn = (url = '') => new URL(url).searchParams.get('state') ?? '';
    const { headers } = await postConfirmation(address, { form }, cookie);
    for (const sealed of [stateIn(address), stateIn(headers.location)])
      expect(await postConfirmation(address, { form: sealed }, cookie)).toMatchObject(tooLate);
  });

  test.each<[from: string, headers: Record<string, string>]>([
    ['another site', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://localhost:1' }],
    ['a page that hides where it is', { origin: 'null' }],
    ['another site, as Sec-Fetch-Site has it', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbor, as Sec-Fetch-Site has it', { 'sec-fetch-site': 'same-site' }],
  ])('not from %s, and is good afterwards where it belongs', async (_from, headers) => {
    const { address, form, cookie } = await opened();
    const refused = await postConfirmation(address, { form }, cookie, headers);
    expect(refused).toMatchObject({ status: 403, body: htmlHeaded(headings.isForeignForm) });
    const { origin } = new URL(address);
    const own = { origin, 'sec-fetch-site': 'same-origin' };
    expect((await postConfirmation(address, { form }, cookie, own)).status).toBe(303);
  });

  test('not when it is larger than any may be', async () => {
    const { address, form, cookie } = await opened();
    const answer = await postConfirmation(address, { form, more: 'x'.repeat(70_000) }, cookie);
    expect(answer.status).toBe(413);
  });
});
