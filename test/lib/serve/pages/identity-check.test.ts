// Whose sign-in a link is: the person who opens it signs in where MCP users do, and must be the one it was made for.
import { describe, expect, test } from 'vitest';
import { later, minutes, seconds } from '../../../support/clock.ts';
import { closing } from '../../../support/closing.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import {
  atProviderPage,
  type IdentifyingServer,
  identifyAs,
  linkFor,
  serveIdentifying,
} from '../../../support/identity.ts';
import { alice, benji } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import {
  employees,
  type OpenIdLikeness,
  openIdLikenesses,
  type Sandbox,
  startSandbox,
} from '../../../support/sandbox.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import { signInOn } from '../../../support/signing-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const keep = closing();
const [ada] = employees;
const emil = employees[1] ?? ada;

const notYours = { status: 403, html: htmlHeaded(headings.notYours) };
const stale = { status: 400, html: htmlHeaded(headings.linkIsStale) };
const done = { status: 200, html: htmlHeaded(headings.signedIn) };

const redeemed = ({ requests }: Sandbox) =>
  requests.filter(({ grant, path }) => grant === 'authorization_code' && path.startsWith('/openid')).length;
const atAutodesk = ({ requests }: Sandbox) =>
  requests.filter(({ path }) => path.startsWith('/authentication/')).length;

/** A page that a test finds as it was left. */
const pageOf = ({ html }: { html: string }) => ({
  field: (id: string) =>
    new RegExp(`<dd id="${id}">(.*?)</dd>`, 's').exec(html)?.[1]?.replaceAll(/<[^>]*>/g, ''),
});

describe.each<[string, OpenIdLikeness | undefined]>([
  ['of no particular kind', undefined],
  ...openIdLikenesses.map((it): [string, OpenIdLikeness] => [`like ${it}`, it]),
])('at a provider %s, a link', async (_name, openIdLike) => {
  const sandbox = keep(await startSandbox({ openIdLike }));
  const served = keep(await serveIdentifying(sandbox));

  test('that was made for one person and is opened by another completes no sign-in', async () => {
    const { client, address } = keep(await linkFor(sandbox, served, emil));
    const before = atAutodesk(sandbox);
    const page = await identifyAs(openBrowser(), address, ada);
    expect(page).toMatchObject(notYours);
    const { field } = pageOf(page);
    expect(field('expected')).not.toBe(field('person'));
    expect(atAutodesk(sandbox)).toBe(before);
    // It changed nothing: the link is there for its person.
    const browser = openBrowser();
    const autodesk = await identifyAs(browser, address, emil);
    expect(await signInOn(autodesk, browser, benji.userId)).toMatchObject(done);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });
});

describe('the check', async () => {
  const sandbox = keep(await startSandbox());
  const served = keep(await serveIdentifying(sandbox));
  const link = async (at: IdentifyingServer = served) => keep(await linkFor(sandbox, at, emil));
  const callback = (query: Record<string, string>) =>
    new URL(`/signin/callback?${new URLSearchParams(query)}`, served.url);

  /** The address with which a browser comes back from the provider, which nobody has opened yet. */
  async function comeBack(browser = openBrowser(), employee = emil, at?: IdentifyingServer) {
    const { client, address } = await link(at);
    const page = await atProviderPage(browser, address);
    const decision = { user: employee.sub, decision: 'allow' };
    const back = await browser.submit(page, decision, `${(at ?? served).url}/signin/callback`);
    return { client, address, page, back: back.url };
  }

  test('asks for a token as MCP clients do, with PKCE, by the client of this server', async () => {
    const { page } = await comeBack();
    expect(Object.fromEntries(page.url.searchParams)).toEqual({
      response_type: 'code',
      client_id: sandbox.openIdServerClient.clientId,
      redirect_uri: `${served.url}/signin/callback`,
      scope: 'mcp:tools',
      resource: `${served.url}/mcp`,
      state: expect.stringMatching(/^[\w.-]{43,2000}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  test('is announced on the page of the link, and ends on a page that says who received access', async () => {
    const { address } = await link();
    const browser = openBrowser();
    expect((await browser.open(address)).html).toContain(`<code>${sandbox.openIdIssuer}</code> first`);
    const last = await signInOn(await identifyAs(browser, address, emil), browser, alice.userId);
    expect(last).toMatchObject(done);
    const { field } = pageOf(last);
    expect(field('user')).toBe(`${emil.name}, ${emil.email}`);
    expect(field('subject')).toBe(`${emil.sub} at ${sandbox.openIdIssuer}`);
    expect(field('client')).toBe('sandbox');
  });

  test('says to another person who the two are, and no more', async () => {
    const { address } = await link();
    const page = await identifyAs(openBrowser(), address, ada);
    const { field } = pageOf(page);
    const at = (sub: string) => `, ${sub} at ${sandbox.openIdIssuer}`;
    expect(field('expected')).toBe(`${emil.name}, ${emil.email}${at(emil.sub)}`);
    expect(field('person')).toBe(`${ada.name}, ${ada.email}${at(ada.sub)}`);
    expect(page.html).toContain('Nothing was changed');
    expect(page.html).not.toMatch(/eyJ|<form|<a /);
  });

  test('knows people by the claim that the operator chose, and not by what they are called', async () => {
    const alike = { name: ada.name, email: ada.email, preferred_username: ada.preferred_username };
    const { address } = keep(await linkFor(sandbox, served, emil, alike));
    expect(await identifyAs(openBrowser(), address, ada)).toMatchObject(notYours);
  });

  test.each(['GET', 'POST', 'HEAD', 'PUT', 'DELETE'])(
    'gives nothing to %s without a cookie',
    async (method) => {
      const { back } = await comeBack();
      const before = redeemed(sandbox);
      const { status, headers } = await send(back, { method });
      expect(status).toBe(method === 'GET' ? 403 : method === 'HEAD' ? 405 : 404);
      expect(headers).not.toHaveProperty('location');
      expect(headers).not.toHaveProperty('set-cookie');
      expect(redeemed(sandbox)).toBe(before);
    },
  );

  test('is not used up by HEAD: the person goes on', async () => {
    const browser = openBrowser();
    const { back } = await comeBack(browser);
    await send(back, { method: 'HEAD' });
    expect((await browser.open(back)).url.pathname).toBe('/authentication/v2/authorize');
  });

  test('of one browser is nothing in another, even with a cookie of its own', async () => {
    const { back, client } = await comeBack();
    const other = openBrowser();
    await other.open((await link()).address);
    const before = redeemed(sandbox);
    expect(await other.open(back)).toMatchObject(notYours);
    expect(redeemed(sandbox)).toBe(before);
    expect(await askedAddress(client)).toContain('/signin?');
  });

  test('cannot be had from somebody else: who signs in at an address that was passed on proves nothing to it', async () => {
    // Mallory opens her own link, and passes on the address behind it.
    const mallory = openBrowser();
    const { address, client } = keep(await linkFor(sandbox, served, ada));
    const page = await atProviderPage(mallory, address);
    const victim = openBrowser();
    const passedOn = await victim.open(page.url);
    expect(await victim.submit(passedOn, { user: emil.sub, decision: 'allow' })).toMatchObject(notYours);
    // And if she gets hold of where the victim's browser ended, she is not the one it names.
    const back = await victim.submit(
      await victim.open(page.url),
      { user: emil.sub, decision: 'allow' },
      `${served.url}/signin/callback`,
    );
    expect(await mallory.open(back.url)).toMatchObject(notYours);
    expect(await askedAddress(client)).toContain('/signin?');
  });

  test('does not let the address at Autodesk behind it be passed on', async () => {
    const sender = openBrowser();
    const { client, address } = keep(await linkFor(sandbox, served, ada));
    const autodesk = await identifyAs(sender, address, ada);
    expect(autodesk.url.pathname).toBe('/authentication/v2/authorize');
    const victim = openBrowser();
    expect(await signInOn(await victim.open(autodesk.url), victim, alice.userId)).toMatchObject(notYours);
    expect(await askedAddress(client)).toContain('/signin?');
  });

  test('takes no code of another sign-in, of another client, or that was made up', async () => {
    const browser = openBrowser();
    const mine = await comeBack(browser);
    const others = await comeBack();
    const state = mine.back.searchParams.get('state') ?? '';
    const iss = sandbox.openIdIssuer;
    const unfinished = { status: 400, html: htmlHeaded(headings.unfinished) };
    for (const code of [others.back.searchParams.get('code') ?? '', await codeOfClient(), 'made-up'])
      expect(await browser.open(callback({ code, state, iss }))).toMatchObject(unfinished);
    expect(await browser.open(callback({ state, iss }))).toMatchObject(unfinished);
    // Nothing was spent.
    expect((await browser.open(mine.back)).url.pathname).toBe('/authentication/v2/authorize');
  });

  /** A code that an MCP client got for Emil. */
  async function codeOfClient(): Promise<string> {
    const redirect_uri = 'http://localhost:6274/callback';
    const registration = await fetch(`${sandbox.openIdIssuer}/register`, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [redirect_uri] }),
    });
    const { client_id } = (await registration.json()) as { client_id: string };
    const url = new URL(`${sandbox.openIdIssuer}/authorize`);
    url.search = new URLSearchParams({
      ...{ response_type: 'code', client_id, redirect_uri, scope: 'mcp:tools' },
      ...{ resource: `${served.url}/mcp`, code_challenge_method: 'S256', code_challenge: 'x'.repeat(43) },
    }).toString();
    const back = await sandbox.openIdSignIn(url, { user: emil.sub });
    return back.searchParams.get('code') ?? '';
  }

  test('takes no answer of another issuer (RFC 9207), or that names none', async () => {
    const browser = openBrowser();
    const { back } = await comeBack(browser);
    const before = redeemed(sandbox);
    for (const iss of ['https://login.attacker.example', `${sandbox.openIdIssuer}/`, '']) {
      const answered = new URL(back);
      answered.searchParams.set('iss', iss);
      expect(await browser.open(answered)).toMatchObject({
        status: 400,
        html: htmlHeaded(headings.unfinished),
      });
    }
    expect(redeemed(sandbox)).toBe(before);
  });

  test('works once: neither its answer nor its link begins anything after the sign-in', async () => {
    const browser = openBrowser();
    const { back, address, client } = await comeBack(browser);
    expect(await signInOn(await browser.open(back), browser, benji.userId)).toMatchObject(done);
    expect(await browser.open(back)).toMatchObject(stale);
    expect(await browser.open(address)).toMatchObject(stale);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('takes its code once: coming back with it again says so', async () => {
    const browser = openBrowser();
    const { back } = await comeBack(browser);
    await browser.open(back);
    expect(await browser.open(back)).toMatchObject({ status: 400, html: htmlHeaded(headings.unfinished) });
  });

  test.each([
    ['made up', 'made-up'],
    ['empty', ''],
  ])('knows no state that is %s', async (_what, state) => {
    expect(await openBrowser().open(callback({ state, code: 'x' }))).toMatchObject(stale);
  });

  test('knows neither the state of a link, nor one of another server, nor two', async () => {
    const browser = openBrowser();
    const { address, back } = await comeBack(browser);
    const ofLink = new URL(address).searchParams.get('state') ?? '';
    expect(await browser.open(callback({ state: ofLink, code: 'x' }))).toMatchObject(stale);
    const elsewhere = await comeBack(openBrowser(), emil, keep(await serveIdentifying(sandbox)));
    const foreign = Object.fromEntries(elsewhere.back.searchParams);
    expect(await browser.open(callback(foreign))).toMatchObject(stale);
    const twice = new URL(back);
    twice.searchParams.append('state', 'x');
    expect(await browser.open(twice)).toMatchObject(stale);
  });

  test('has the ten minutes of its link', async () => {
    later(0);
    const at = keep(await serveIdentifying(sandbox));
    const browser = openBrowser();
    const { address } = await link(at);
    const page = await browser.open(address);
    later(9 * minutes);
    const company = await browser.submit(page, {});
    later(1 * minutes - seconds);
    const decision = { user: emil.sub, decision: 'allow' };
    const back = await browser.submit(company, decision, `${at.url}/signin/callback`);
    later(2 * seconds);
    expect(await browser.open(back.url)).toMatchObject(stale);
  });

  test('is known to every instance of a deployment', async () => {
    const secret = 'shared-by-all-instances-of-a-deployment';
    const one = keep(await serveIdentifying(sandbox, {}, { secret }));
    const browser = openBrowser();
    const { back } = await comeBack(browser, emil, one);
    const other = keep(await serveIdentifying(sandbox, {}, { secret, publicUrl: one.url }));
    const page = await browser.open(new URL(back.pathname + back.search, other.url));
    expect(page.url.origin).toBe(sandbox.url);
    expect(page.url.searchParams.get('redirect_uri')).toBe(`${one.url}/callback`);
  });

  test('tells a person who declines at the provider that nothing was changed', async () => {
    const browser = openBrowser();
    const { address, client } = await link();
    const page = await atProviderPage(browser, address);
    const denied = await browser.submit(page, { decision: 'deny' });
    expect(denied).toMatchObject({ status: 403, html: htmlHeaded(headings.denied) });
    expect(denied.html).toContain('Nothing was changed');
    expect(await askedAddress(client)).toContain('/signin?');
  });

  test('shows of what a provider says no more than a few words, as text', async () => {
    const browser = openBrowser();
    const { back } = await comeBack(browser);
    const refused = new URL(back);
    refused.searchParams.delete('code');
    refused.searchParams.set('error', 'invalid_scope');
    refused.searchParams.set('error_description', `<b>\u202E${'x'.repeat(3000)}</b>`);
    const { status, html } = await browser.open(refused);
    expect([status, html]).toEqual([400, htmlHeaded(headings.refused)]);
    expect(html).toContain('invalid_scope, &lt;b&gt;xxx');
    expect(html).not.toMatch(/\u202E|x{300}/);
  });

  test.each([
    ['another secret', { MCP_AUTH_CLIENT_SECRET: 'guess' }, headings.refused, 400],
    ['no secret', { MCP_AUTH_CLIENT_SECRET: '' }, headings.refused, 400],
  ])('with %s says what to compare', async (_what, env, heading, status) => {
    const at = keep(await serveIdentifying(sandbox, env));
    const page = await identifyAs(openBrowser(), (await link(at)).address, emil);
    expect(page).toMatchObject({ status, html: htmlHeaded(heading) });
    expect(page.html).toContain('MCP_AUTH_CLIENT_ID and MCP_AUTH_CLIENT_SECRET');
    expect(page.html).not.toContain('guess');
  });

  test('takes no token for another server, and says why', async () => {
    const at = keep(await serveIdentifying(sandbox));
    const other = keep(
      await serveIdentifying(sandbox, {
        MCP_AUTH_AUDIENCE: at.audience,
        MCP_AUTH_RESOURCE: 'https://a.example',
      }),
    );
    const page = await identifyAs(openBrowser(), (await link(other)).address, emil);
    expect(page).toMatchObject({ status: 400, html: htmlHeaded(headings.refused) });
    expect(page.html).toContain('not issued for this server');
  });

  test('takes no token that lacks the scope', async () => {
    const at = keep(await serveIdentifying(sandbox, { MCP_AUTH_SCOPES_SUPPORTED: 'openid profile' }));
    const page = await identifyAs(openBrowser(), (await link(at)).address, emil);
    expect(page).toMatchObject({ status: 400, html: htmlHeaded(headings.refused) });
    expect(page.html).toContain('Insufficient scope');
  });

  test('with a client that has no secret works by PKCE alone', async () => {
    const registration = await fetch(`${sandbox.openIdIssuer}/register`, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: ['http://localhost/signin/callback'] }),
    });
    const { client_id } = (await registration.json()) as { client_id: string };
    const env = { MCP_AUTH_CLIENT_ID: client_id, MCP_AUTH_CLIENT_SECRET: '' };
    const at = keep(await serveIdentifying(sandbox, env));
    const browser = openBrowser();
    const { client, address } = await link(at);
    expect(await identifyAs(openBrowser(), address, ada)).toMatchObject(notYours);
    expect(await signInOn(await identifyAs(browser, address, emil), browser, benji.userId)).toMatchObject(
      done,
    );
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });
});

test('without a client there is no such address, and the page of the link leads to Autodesk', async () => {
  const sandbox = keep(await startSandbox());
  const served = keep(
    await serveIdentifying(sandbox, { MCP_AUTH_CLIENT_ID: '', MCP_AUTH_CLIENT_SECRET: '' }),
  );
  expect((await send(new URL('/signin/callback?state=x', served.url))).status).toBe(404);
  const { address } = keep(await linkFor(sandbox, served, emil));
  expect((await atProviderPage(openBrowser(), address)).url.pathname).toBe('/authentication/v2/authorize');
});
