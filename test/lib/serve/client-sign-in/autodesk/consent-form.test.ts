// The form on the page of consent: what it leads to, and that it counts in one browser alone, for a while.
import { beforeAll, describe, expect, test } from 'vitest';
import { later, minutes } from '../../../../support/clock.ts';
import { closing } from '../../../../support/closing.ts';
import { decide, shown } from '../../../../support/consent.ts';
import { headings, htmlHeaded } from '../../../../support/headings.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import { authorizeAddress, newClient, newPkce } from '../../../../support/oauth-requests.ts';
import { alice } from '../../../../support/people.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedAutodesk, serveAutodesk } from '../../../../support/serving-autodesk.ts';
import { openBrowser } from '../../../../support/web-browser.ts';

const keep = closing();
let sandbox: Sandbox;
let served: ServedAutodesk;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveAutodesk(sandbox));
});

describe('the form', () => {
  test('sends the browser on to Autodesk, with a state and a challenge of this server’s own', async () => {
    const { challenge } = newPkce();
    const { form, cookie } = await shown(served, { code_challenge: challenge });
    const { status, headers } = await decide(served, { form, decision: 'allow' }, cookie);
    expect([status, headers['cache-control']]).toEqual([303, 'no-store']);
    const address = new URL(headers.location ?? '');
    expect(address.origin + address.pathname).toBe(`${sandbox.url}/authentication/v2/authorize`);
    expect(Object.fromEntries(address.searchParams)).toEqual({
      response_type: 'code',
      client_id: sandbox.env.APS_CLIENT_ID,
      redirect_uri: `${served.url}/callback`,
      scope: 'data:read',
      state: expect.not.stringMatching('the-state'),
      code_challenge: expect.not.stringMatching(challenge),
      code_challenge_method: 'S256',
    });
  });

  test.each(['deny', '', 'ALLOW'])(
    'with the decision "%s" goes back to the client, and not to Autodesk',
    async (decision) => {
      const { form, cookie } = await shown(served);
      const { status, headers } = await decide(served, { form, decision }, cookie);
      expect(status).toBe(303);
      const back = new URL(headers.location ?? '');
      expect(back.origin + back.pathname).toBe(clientCallback);
      expect(Object.fromEntries(back.searchParams)).toEqual({
        error: 'access_denied',
        error_description: expect.any(String),
        state: 'the-state',
        iss: served.url,
      });
    },
  );

  test('is nothing without the cookie, or with that of another browser', async () => {
    const [{ form }, another] = [await shown(served), await shown(served)];
    for (const cookie of [undefined, another.cookie, 'mcp-browser=', `__Host-${another.cookie}`])
      for (const decision of ['allow', 'deny']) {
        const { status, headers, body } = await decide(served, { form, decision }, cookie);
        expect([status, headers.location]).toEqual([400, undefined]);
        expect(body).toEqual(htmlHeaded(headings.isOver));
      }
  });

  test('of each of two pages that were opened at the same moment counts, in a browser without a cookie', async () => {
    const browser = openBrowser();
    const callbacks = [clientCallback, 'http://localhost:4711/'];
    const clients = await Promise.all(callbacks.map((uri) => newClient(served, { redirect_uris: [uri] })));
    const address = (index: number) =>
      authorizeAddress(served, clients[index] ?? '', { redirect_uri: callbacks[index] });
    // Both go without a cookie, and each answer brings one.
    const pages = await Promise.all([browser.open(address(0)), browser.open(address(1))]);
    const aps = [];
    for (const page of pages)
      aps.push((await browser.submit(page, { decision: 'allow' }, `${sandbox.url}/`)).url);
    for (const index of [1, 0]) {
      const back = await sandbox.signIn(aps[index] ?? '', alice);
      const { url } = await browser.open(back, callbacks[index]);
      expect([url.origin + url.pathname, url.searchParams.has('code')]).toEqual([callbacks[index], true]);
    }
  });

  test('is refused if it was changed, made up, or left out', async () => {
    const { form, cookie } = await shown(served);
    const other = (await shown(served)).form.split('.');
    // Each part of it from another form.
    const mixed = form
      .split('.')
      .map((_part, at, parts) => parts.with(at, other[at] ?? '').join('.'))
      .filter((made) => made !== form);
    expect(mixed).toHaveLength(3);
    for (const made of [...mixed, `${form}x`, form.slice(0, -4), 'a.b.c', '....', 'x', ''])
      expect(await decide(served, { form: made, decision: 'allow' }, cookie)).toMatchObject({ status: 400 });
    expect((await decide(served, { decision: 'allow' }, cookie)).status).toBe(400);
    expect((await decide(served, { form, decision: 'allow' }, cookie)).status).toBe(303);
  });

  test.each<[from: string, headers: Record<string, string>]>([
    ['another site', { origin: 'https://evil.example' }],
    ['a page that hides where it is', { origin: 'null' }],
    ['another site, as Sec-Fetch-Site has it', { 'sec-fetch-site': 'cross-site' }],
  ])('is refused from %s, and counts afterwards where it belongs', async (_from, headers) => {
    const { form, cookie } = await shown(served);
    for (const decision of ['allow', 'deny']) {
      const answer = await decide(served, { form, decision }, cookie, headers);
      expect(answer).toMatchObject({ status: 403, body: htmlHeaded(headings.isForeignForm) });
      expect(answer.headers.location).toBeUndefined();
    }
    const fromHere = { origin: served.url, 'sec-fetch-site': 'same-origin' };
    for (const own of [fromHere, { ...fromHere, 'sec-fetch-site': 'none' }])
      expect((await decide(served, { form, decision: 'allow' }, cookie, own)).status).toBe(303);
  });

  test('counts from the public address, whatever Host the proxy in front of the server sends', async () => {
    const publicUrl = 'https://mcp.example.com';
    const proxied = keep(await serveAutodesk(sandbox, { publicUrl, resource: `${publicUrl}/mcp` }));
    const { form, cookie } = await shown(proxied, { resource: `${publicUrl}/mcp` });
    const send = (origin: string) => decide(proxied, { form, decision: 'allow' }, cookie, { origin });
    expect((await send('http://mcp.example.com')).status).toBe(403);
    expect((await send(publicUrl)).status).toBe(303);
  });

  test('of another server is refused here, even in the same browser', async () => {
    const other = keep(await serveAutodesk(sandbox));
    const { form, cookie } = await shown(other);
    expect((await decide(served, { form, decision: 'allow' }, cookie)).status).toBe(400);
    expect((await decide(other, { form, decision: 'allow' }, cookie)).status).toBe(303);
  });

  test('counts at every instance with the same SESSION_SECRET', async () => {
    const secret = 'a secret that all instances of a deployment share';
    const one = keep(await serveAutodesk(sandbox, { secret }));
    const other = keep(await serveAutodesk(sandbox, { secret, publicUrl: one.url }));
    const { form, cookie } = await shown(one);
    expect((await decide(other, { form, decision: 'allow' }, cookie)).status).toBe(303);
  });

  test('is good for ten minutes, and no longer', async () => {
    const browser = openBrowser();
    const page = await browser.open(authorizeAddress(served, await newClient(served)));
    later(10 * minutes - 1000);
    expect((await browser.submit(page, { decision: 'deny' }, clientCallback)).url.href).toContain('denied');
    later(2000);
    expect((await browser.submit(page, { decision: 'deny' }, clientCallback)).status).toBe(400);
  });
});
