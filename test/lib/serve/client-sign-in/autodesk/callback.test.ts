// The way back from Autodesk: it ends in the browser that it began in, once, and at the client that asked.
import { afterEach, describe, expect, test } from 'vitest';
import { definition as twoLegged } from '../../../../../servers/2lo.ts';
import { later, minutes } from '../../../../support/clock.ts';
import { headings, htmlHeaded } from '../../../../support/headings.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import {
  askToken,
  authorizeAddress,
  call,
  codeForm,
  newClient,
  newPkce,
  newTokens,
  type Parameters,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { alice } from '../../../../support/people.ts';
import { serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';
import { serveWith } from '../../../../support/signing-in.ts';
import { watchedStore } from '../../../../support/watched-store.ts';
import { openBrowser, type WebBrowser } from '../../../../support/web-browser.ts';

const { keep, sandbox, served } = await startAutodesk();
afterEach(() => sandbox.trouble.reset());

/** Allows a client in a browser: the address at Autodesk that comes next. */
async function toAutodesk(browser: WebBrowser, changes: Parameters = {}, at = served): Promise<URL> {
  const clientId = await newClient(at, { redirect_uris: [changes.redirect_uri ?? clientCallback] });
  const consent = await browser.open(authorizeAddress(at, clientId, changes));
  return (await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`)).url;
}

/** The address with which Autodesk sends the browser back. */
async function wayBack(browser: WebBrowser, allow = true): Promise<URL> {
  return sandbox.signIn(await toAutodesk(browser), { ...alice, allow });
}

const isCode = expect.stringMatching(/^[\w-]+(\.[\w-]*){4}$/);

test.each([
  ['off', []],
  ['on', ['code_challenge', 'code_challenge_method']],
])(
  'with APS_PKCE=%s, the address at Autodesk has the challenge %j, and the sign-in works',
  async (setting, names) => {
    const at = keep(await serveWith(sandbox, twoLegged, 'autodesk', { env: { APS_PKCE: setting } }));
    const browser = openBrowser();
    const address = await toAutodesk(browser, {}, at);
    expect([...address.searchParams.keys()].filter((name) => name.includes('challenge'))).toEqual(names);
    expect((await call(at, (await newTokens(at)).access, 'list_buckets')).status).toBe(200);
  },
);

describe('a sign-in at Autodesk', () => {
  test('ends at the client, with a code, its state, and who answers (RFC 9207)', async () => {
    const browser = openBrowser();
    const { url } = await browser.open(await wayBack(browser), clientCallback);
    expect(url.origin + url.pathname).toBe(clientCallback);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      code: isCode,
      state: 'the-state',
      iss: served.url,
    });
  });

  test('gives the state back as it came, and leaves the query of the redirect address alone', async () => {
    const browser = openBrowser();
    const state = 'a b+c/ü&=%20"<>';
    const redirect_uri = 'http://127.0.0.1:4711/back?tenant=7&code=x';
    const back = await sandbox.signIn(await toAutodesk(browser, { state, redirect_uri }), alice);
    const { url } = await browser.open(back, 'http://127.0.0.1:4711');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: '7',
      code: isCode,
      state,
      iss: served.url,
    });
    expect(url.searchParams.getAll('code')).toHaveLength(1);
  });

  test('that the person denies there is denied to the client', async () => {
    const browser = openBrowser();
    const { url } = await browser.open(await wayBack(browser, false), clientCallback);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      error: 'access_denied',
      error_description: expect.stringContaining('at Autodesk'),
      state: 'the-state',
      iss: served.url,
    });
  });

  test('that Autodesk refuses is no code, and tells the client nothing of why', async () => {
    const browser = openBrowser();
    const back = await wayBack(browser);
    back.search = `?error=invalid_scope&error_description=Hello&state=${back.searchParams.get('state')}`;
    const { url } = await browser.open(back, clientCallback);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ error: 'server_error', iss: served.url });
    expect(url.href).not.toContain('Hello');
  });

  test.each([
    { status: 503 },
    { status: 429, retryAfter: '3600' },
    { drop: 'before' },
    { drop: 'midway' },
  ] as const)('ends at the client during trouble at APS (%j), too: APS is not asked', async (failAll) => {
    const browser = openBrowser();
    const back = await wayBack(browser);
    sandbox.trouble.set({ failAll });
    sandbox.requests.length = 0;
    const { url } = await browser.open(back, clientCallback);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      code: isCode,
      state: 'the-state',
      iss: served.url,
    });
    expect(sandbox.requests).toEqual([]);
  });
});

test('a sign-in ends at another instance with the same secret, too, and its client is served there', async () => {
  const secret = 'a secret that all instances of a deployment share';
  const one = keep(await serveAutodesk(sandbox, { secret }));
  const store = keep(watchedStore());
  const shared = { secret, store, publicUrl: one.url, resource: `${one.url}/mcp` };
  const other = keep(await serveAutodesk(sandbox, shared));
  const browser = openBrowser();
  const form = await codeForm(one, {
    async person(address) {
      const consent = await browser.open(address, clientCallback);
      const { url } = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
      const { search } = await sandbox.signIn(url, alice);
      return (await browser.open(`${other.url}/callback${search}`, clientCallback)).url;
    },
  });
  const { access } = await tokensFor(other, form);
  expect((await call(other, access)).body).toContain(alice.hubs[0]);
});

describe('nobody is signed in', () => {
  /** Nothing came of it: a page, no code, and APS was not asked for a token. */
  async function expectNothing(browser: WebBrowser, address: URL | string, status: number, heading: RegExp) {
    sandbox.requests.length = 0;
    const page = await browser.open(address, clientCallback);
    expect([page.status, page.url.href.startsWith(served.url)]).toEqual([status, true]);
    expect(page.html).toEqual(htmlHeaded(heading));
    expect(sandbox.requests.filter(({ grant }) => grant !== undefined)).toEqual([]);
  }

  test('in a browser to which the address at Autodesk was passed on', async () => {
    const theirs = openBrowser();
    const atAutodesk = await toAutodesk(openBrowser());
    const back = await sandbox.signIn(atAutodesk, alice);
    await expectNothing(theirs, back, 403, headings.notYours);
  });

  test('in a browser in which another client was allowed', async () => {
    const theirs = openBrowser();
    await toAutodesk(theirs);
    await expectNothing(theirs, await wayBack(openBrowser()), 403, headings.notYours);
  });

  test('twice with one way back: it leads to one code of APS, and is over when the client has redeemed it', async () => {
    const browser = openBrowser();
    const clientId = await newClient(served);
    const { verifier, challenge } = newPkce();
    const consent = await browser.open(authorizeAddress(served, clientId, { code_challenge: challenge }));
    const aps = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
    const back = await sandbox.signIn(aps.url, alice);
    const codes: string[] = [];
    for (let times = 0; times < 2; times += 1)
      codes.push((await browser.open(back, clientCallback)).url.searchParams.get('code') ?? '');
    const redeem = (code = '') =>
      askToken(served, {
        ...{ grant_type: 'authorization_code', client_id: clientId, redirect_uri: clientCallback },
        ...{ code, code_verifier: verifier },
      });
    expect((await redeem(codes[1])).status).toBe(200);
    await expectNothing(browser, back, 400, headings.isOver);
    expect(await redeem(codes[0])).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });

  test('after a denial, with a code that somebody adds to the way back: APS refuses it', async () => {
    const browser = openBrowser();
    const form = await codeForm(served, {
      async person(address) {
        const consent = await browser.open(address, clientCallback);
        const aps = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
        const denied = await sandbox.signIn(aps.url, { ...alice, allow: false });
        const { url } = await browser.open(`${denied.href}&code=made-up`, clientCallback);
        expect(url.searchParams.get('error')).toBe('access_denied');
        denied.search = new URLSearchParams({
          state: denied.searchParams.get('state') ?? '',
          code: 'made-up',
        }).toString();
        return (await browser.open(denied, clientCallback)).url;
      },
    });
    expect(await askToken(served, form)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });

  test('with a state that is made up, missing, or given twice', async () => {
    const browser = openBrowser();
    const back = await wayBack(browser);
    const state = back.searchParams.get('state') ?? '';
    for (const query of ['', '?code=x', '?code=x&state=made-up', `?code=x&state=${state}&state=${state}`])
      await expectNothing(browser, `${served.url}/callback${query}`, 400, headings.isOver);
    expect((await browser.open(back, clientCallback)).url.searchParams.has('code')).toBe(true);
  });

  test('more than ten minutes after they allowed it', async () => {
    later(0);
    const [early, late] = [openBrowser(), openBrowser()];
    const ways = [await wayBack(early), await wayBack(late)] as const;
    later(5 * minutes - 1000);
    expect((await early.open(ways[0], clientCallback)).url.searchParams.has('code')).toBe(true);
    later(5 * minutes + 2000);
    await expectNothing(late, ways[1], 400, headings.isOver);
  });
});

test('whoever only looks at the way back (HEAD) does not use it up', async () => {
  const browser = openBrowser();
  const back = await wayBack(browser);
  const looked = await fetch(back, { method: 'HEAD', redirect: 'manual' });
  expect([looked.status, looked.headers.get('allow')]).toEqual([405, 'GET']);
  expect((await browser.open(back, clientCallback)).url.searchParams.has('code')).toBe(true);
});
