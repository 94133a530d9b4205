// The form on the page that asks whether a sign-in is one's own: it counts from one browser, for one sign-in.
import { describe, expect, test } from 'vitest';
import { definition as threeLegged } from '../../../servers/3lo.ts';
import { askedSomebody, cookieOf, formOf, postConfirmation } from '../../support/confirm-page.ts';
import { headings, htmlHeaded } from '../../support/headings.ts';
import { startOidc } from '../../support/oidc.ts';
import { post, send } from '../../support/raw-http.ts';

const { keep, provider, served } = await startOidc(threeLegged);

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
    const state = (address: string) => new URL(address).searchParams.get('state');
    const more = { form: mine.form, state: state(theirs.address) ?? '' };
    const { headers } = await postConfirmation(theirs.address, more, mine.cookie);
    expect(state(headers.location ?? '')).toBe(state(mine.address));
    expect(await postConfirmation(mine.address, { form: theirs.form }, mine.cookie)).toMatchObject(tooLate);
  });

  test('not when it is tampered with, made up, or missing', async () => {
    const { address, form, cookie } = await opened();
    const [header = '', payload = '', signature = ''] = form.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const changed = encoded({
      ...claims,
      content: new URL((await asked()).address).searchParams.get('state'),
    });
    const forgeries = [
      [header, changed, signature].join('.'),
      [encoded({ alg: 'none', typ: 'mcp-form' }), payload, ''].join('.'),
      ...[`${form}x`, form.slice(0, -4), new URL(address).searchParams.get('state') ?? '', '', 'a.b.c'],
    ];
    for (const forged of forgeries)
      expect(await postConfirmation(address, { form: forged }, cookie)).toMatchObject(tooLate);
    expect(await postConfirmation(address, {}, cookie)).toMatchObject(tooLate);
    expect((await postConfirmation(address, { form }, cookie)).status).toBe(303);
  });

  test('not when it is something else that this server has signed', async () => {
    const { address, cookie } = await opened();
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    };
    const { headers } = await post(
      served.url,
      { jsonrpc: '2.0', id: 0, method: 'initialize', params },
      { authorization: `Bearer ${provider.token(served.url)}` },
    );
    const form = String(headers['mcp-session-id']);
    expect(await postConfirmation(address, { form }, cookie)).toMatchObject(tooLate);
  });

  test('not when it is larger than any may be', async () => {
    const { address, form, cookie } = await opened();
    const answer = await postConfirmation(address, { form, more: 'x'.repeat(70_000) }, cookie);
    expect(answer.status).toBe(413);
  });
});
