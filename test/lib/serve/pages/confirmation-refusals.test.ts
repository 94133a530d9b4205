// Links that reach somebody else than they were made for: nobody's Autodesk account is tied to the sender.
import { describe, expect, test } from 'vitest';
import { defineServer } from '../../../../lib/serve/launch/start.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { later, minutes, seconds } from '../../../support/clock.ts';
import { askedSomebody } from '../../../support/confirm-page.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import { serveOidc, startOidc } from '../../../support/oidc.ts';
import { alice, benji } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import { serveWith, signInOn } from '../../../support/signing-in.ts';
import { threeLegged as builtThreeLegged } from '../../../support/three-legged.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const { keep, sandbox, provider, served } = await startOidc(threeLegged);

const asked = async () => keep(await askedSomebody(provider, served));
const codesSpent = () => sandbox.requests.filter(({ grant }) => grant === 'authorization_code').length;

const elsewhere = { status: 403, html: htmlHeaded(headings.notYours) };
const tooLate = { status: 400, body: htmlHeaded(headings.linkIsStale) };
const tooLatePage = { status: 400, html: htmlHeaded(headings.linkIsStale) };
const done = { status: 200, html: htmlHeaded(headings.signedIn) };

describe('who passes on Autodesk’s address in place of the link', () => {
  test.each([
    ['nothing', async () => openBrowser()],
    [
      'the cookie of the page, which they have open for a sign-in of their own',
      async () => {
        const browser = openBrowser();
        await browser.open((await asked()).address);
        return browser;
      },
    ],
  ])('gets nothing from a browser that has %s', async (_what, browserOf) => {
    const { client, address } = await asked();
    const sender = openBrowser();
    const autodesk = await sender.submit(await sender.open(address), {});
    const victim = await browserOf();
    const before = codesSpent();
    expect(await signInOn(await victim.open(autodesk.url), victim, alice.userId)).toMatchObject(elsewhere);
    expect(codesSpent()).toBe(before);
    expect(await askedAddress(client)).toContain('/signin?');
    // It spent nothing either: who confirmed the sign-in finishes it, with an account of their own.
    expect(await signInOn(autodesk, sender, benji.userId)).toMatchObject(done);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('cannot make it up from the state of the link, and so skip the page', async () => {
    // Without PKCE there is nothing in the address that they do not know.
    const plain = keep(await serveOidc(sandbox, threeLegged, provider, { env: { APS_PKCE: 'off' } }));
    const { client, address } = keep(await askedSomebody(provider, plain));
    const autodesk = new URL('/authentication/v2/authorize', sandbox.url);
    autodesk.search = new URLSearchParams({
      response_type: 'code',
      client_id: sandbox.env.APS_CLIENT_ID ?? '',
      redirect_uri: `${plain.url}/callback`,
      scope: 'data:read',
      state: new URL(address).searchParams.get('state') ?? '',
    }).toString();
    const before = codesSpent();
    const victim = openBrowser();
    expect(await signInOn(await victim.open(autodesk), victim, alice.userId)).toMatchObject(elsewhere);
    expect(codesSpent()).toBe(before);
    expect(await askedAddress(client)).toContain('/signin?');
  });

  test('cannot do so either once the page was opened, but not answered, in the same browser', async () => {
    const { address } = await asked();
    const browser = openBrowser();
    await browser.open(address);
    const back = new URL('/callback', served.url);
    back.search = new URLSearchParams({
      state: new URL(address).searchParams.get('state') ?? '',
      code: 'a',
    }).toString();
    expect(await browser.open(back)).toMatchObject(elsewhere);
  });
});

describe('a link', () => {
  test('is of no use after the sign-in: neither the page nor a form that was left open', async () => {
    const { client, address } = await asked();
    const browser = openBrowser();
    const page = await browser.open(address);
    expect(await signInOn(await browser.submit(page, {}), browser, benji.userId)).toMatchObject(done);
    expect(await browser.open(address)).toMatchObject(tooLatePage);
    expect(await browser.submit(page, {})).toMatchObject(tooLatePage);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('may be opened by whoever looks at links, as often as they like: that spends nothing', async () => {
    const { client, address } = await asked();
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) await send(address, { method });
    const browser = openBrowser();
    await browser.open(address);
    const page = await browser.open(address);
    expect(await signInOn(await browser.submit(page, {}), browser, alice.userId)).toMatchObject(done);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test.each(['state=made-up', 'state=', '', 'State=x'])(
    'that nobody made (%s) says so, and sets no cookie',
    async (query) => {
      const answer = await send(new URL(`/signin?${query}`, served.url));
      expect(answer).toMatchObject(tooLate);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    },
  );

  test('of another server is not known here', async () => {
    const other = keep(await serveOidc(sandbox, threeLegged, provider));
    const { search } = new URL(keep(await askedSomebody(provider, other)).address);
    expect(await send(new URL(`/signin${search}`, served.url))).toMatchObject(tooLate);
  });

  test('is good for ten minutes, from the first to the last step', async () => {
    later(0);
    const apart = keep(await serveOidc(sandbox, threeLegged, provider));
    const link = async () => keep(await askedSomebody(provider, apart)).address;
    const [slow, slower, slowest] = [await link(), await link(), await link()];
    const browser = openBrowser();
    const [page, stale] = [await browser.open(slow), await browser.open(slowest)];
    later(9 * minutes);
    const late = await browser.submit(await browser.open(slower), {});
    later(1 * minutes - seconds);
    const inTime = await browser.submit(page, {});
    expect(await signInOn(inTime, browser, alice.userId)).toMatchObject(done);
    later(2 * seconds);
    expect(await browser.open(slowest)).toMatchObject(tooLatePage);
    expect(await browser.submit(stale, {})).toMatchObject(tooLatePage);
    expect(await signInOn(late, browser, alice.userId)).toMatchObject(tooLatePage);
  });

  test('is not good for longer where it is kept for longer', async () => {
    let clock = Date.now();
    const forgetful = defineServer({
      ...{ name: 'forgetful', apsSignIn: '3-legged', port: 0, userScopes: ['data:read'], variables: {} },
      create: (_settings, { browser }) => builtThreeLegged(sandbox, { browser, now: () => clock }),
    });
    const apart = keep(await serveOidc(sandbox, forgetful, provider));
    const browser = openBrowser();
    const page = await browser.open(keep(await askedSomebody(provider, apart)).address);
    clock += 10 * minutes;
    expect(await browser.submit(page, {})).toMatchObject(tooLatePage);
  });
});

test('where clients do not sign in, or sign in to Autodesk, there is no such page', async () => {
  for (const mode of ['none', 'autodesk'] as const) {
    const { url } = keep(await serveWith(sandbox, threeLegged, mode));
    expect((await send(new URL('/signin?state=any', url))).status).toBe(404);
  }
});
