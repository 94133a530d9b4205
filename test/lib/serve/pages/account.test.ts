// Signing in and out on the page of a server: only the person at this browser, and only for themselves.
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { digest } from '../../../../lib/digest.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { changedAt } from '../../../support/changed-text.ts';
import { connect } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import { type IdentifyingServer, linkFor, serveIdentifying } from '../../../support/identity.ts';
import { connectSigningIn } from '../../../support/oauth-client.ts';
import { alice, benji, profileOf } from '../../../support/people.ts';
import { post, send, toolCall } from '../../../support/raw-http.ts';
import { startRecordingAps } from '../../../support/recording-aps.ts';
import { employees, type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import { atAutodesk, type ServedHttp, serveWith, signInOn } from '../../../support/signing-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser, type Page, type WebBrowser } from '../../../support/web-browser.ts';

const keep = closing();
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
});
afterEach(() => {
  vi.useRealTimers();
});

type Server = { url: string };
const [ada, emil = ada] = employees;

/** What a page offers: the values of its buttons. */
const offers = ({ html }: Page) =>
  [...html.matchAll(/<button[^>]*name="action" value="([^"]*)"/g)].map(([, it]) => it);
const formIn = (html: string) => /name="form" value="([^"]*)"/.exec(html)?.[1] ?? '';

/** Presses a button of the front page. */
async function press(browser: WebBrowser, { url }: Server, action: string): Promise<Page> {
  return browser.submit(await browser.open(`${url}/`), { action });
}

/** Sends a form of the page by itself. */
function sendForm(
  { url }: Server,
  cookie: string,
  form: string,
  action: string,
  more: Record<string, string> = {},
) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...(cookie && { cookie }), ...more };
  return send(`${url}/account`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ form, action }).toString(),
  });
}

/** The page as a browser without a past gets it: its cookie, and its form. */
async function firstVisit({ url }: Server) {
  const { headers, body } = await send(`${url}/`);
  return {
    cookie: (headers['set-cookie'] ?? []).map((it) => it.split(';')[0]).join('; '),
    form: formIn(body),
  };
}

describe('on a server of this machine, whose clients do not sign in', () => {
  let served: ServedHttp;
  beforeAll(async () => {
    served = keep(await serveWith(sandbox, threeLegged, 'none'));
  });
  afterEach(async () => {
    const client = await connect(served.url, 'legacy');
    await client.callTool({ name: 'sign_out' });
    await client.close();
  });

  async function signIn(browser = openBrowser()): Promise<Page> {
    return signInOn(await press(browser, served, 'sign-in'), browser, alice.userId);
  }

  test('a person signs in on the page, comes back to it, and signs out: their clients follow', async () => {
    const browser = openBrowser();
    expect(offers(await browser.open(served.url))).toEqual(['sign-in']);
    const end = await signIn(browser);
    expect(end).toMatchObject({ status: 200, html: htmlHeaded(headings.signedIn) });
    expect(end.html).toContain('<a href="/">');
    expect(offers(await browser.open(served.url))).toEqual(['sign-out']);
    const client = keep(await connect(served.url, 'legacy'));
    expect(await hubsOf(client)).toEqual(alice.hubs);

    const out = await press(browser, served, 'sign-out');
    expect(out).toMatchObject({ status: 200, html: htmlHeaded(/signed out/) });
    expect(offers(await browser.open(served.url))).toEqual(['sign-in']);
    expect(await askedAddress(client)).toContain('/authorize?');
    expect(sandbox.requests.filter(({ path }) => path.endsWith('/revoke'))).not.toEqual([]);
  });

  test.each([
    ['without the cookie of its page', {}, false, 400],
    ['from a page of somebody else', { origin: 'https://evil.example' }, true, 403],
    ['from another server of this machine', { origin: 'http://localhost:9999' }, true, 403],
    ['that a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }, true, 403],
    ['that a browser calls same-site', { 'sec-fetch-site': 'same-site' }, true, 403],
    ['under a rebound name', { host: 'evil.example' }, true, 403],
  ])('a form %s changes nothing', async (_what, headers, withCookie, status) => {
    await signIn();
    const { cookie, form } = await firstVisit(served);
    expect(await sendForm(served, withCookie ? cookie : '', form, 'sign-out', headers)).toMatchObject({
      status,
    });
    expect(offers(await openBrowser().open(served.url))).toEqual(['sign-out']);
    // Where it belongs, it counts.
    expect(await sendForm(served, cookie, form, 'sign-out')).toMatchObject({ status: 200 });
  });

  test('a form that is made up, or asks for what there is not, changes nothing', async () => {
    const { cookie, form } = await firstVisit(served);
    expect(await sendForm(served, cookie, 'made up', 'sign-in')).toMatchObject({ status: 400 });
    for (const action of ['identify', 'leave', 'nothing', ''])
      expect(await sendForm(served, cookie, form, action)).toMatchObject({ status: 400 });
  });

  test('it says so when Autodesk could not be told of the sign-out', async () => {
    const aps = keep(await startRecordingAps(sandbox));
    const at = keep(await serveWith(sandbox, threeLegged, 'none', { env: { APS_BASE_URL: aps.url } }));
    const browser = openBrowser();
    await signInOn(await press(browser, at, 'sign-in'), browser, alice.userId);
    aps.refusesRevocations = true;
    const out = await press(browser, at, 'sign-out');
    expect(out.html).toMatch(/Autodesk could not be reached/);
  });

  test('through a proxy there is no page, and so no sign-in', async () => {
    const answer = await send(`${served.url}/`, {
      headers: { 'x-forwarded-for': '203.0.113.1', accept: 'text/html' },
    });
    expect(answer.status).toBe(403);
    expect(formIn(answer.body)).toBe('');
  });
});

test.each([
  ['2lo, whose tokens belong to nobody', twoLegged, 'none', {}],
  ['keys, which prove no person', threeLegged, 'key', { MCP_API_KEYS: `nightly=${'Zq7wKx3v'.repeat(6)}` }],
  [
    'a provider at which the server is no client',
    threeLegged,
    'oidc',
    { MCP_AUTH_ISSUER: 'https://login.example.com', MCP_AUTH_SCOPES: 'mcp:tools' },
  ],
  ['a public address, behind which nobody signs in', threeLegged, 'none', {}, 'https://mcp.example.com'],
] as const)(
  'with %s, nobody signs in on the page',
  async (_what, definition, mode, env, publicUrl?: string) => {
    const { url } = keep(await serveWith(sandbox, definition, mode, { env, publicUrl }));
    const answer = await send(`${url}/`);
    expect(answer.status).toBe(200);
    expect(formIn(answer.body)).toBe('');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await sendForm({ url }, '', '', 'sign-in')).toMatchObject({ status: 404 });
  },
);

describe('with an OpenID provider at which the server is a client', () => {
  let served: IdentifyingServer;
  beforeAll(async () => {
    served = keep(await serveIdentifying(sandbox));
  });

  /** Signs in at the browser as an employee: the page to which that leads. */
  async function identify(
    { sub }: { sub: string },
    browser = openBrowser(),
    at: Server = served,
  ): Promise<Page> {
    return browser.submit(await press(browser, at, 'identify'), { user: sub, decision: 'allow' });
  }

  test('nobody is told anything before they have signed in at this browser', async () => {
    const { client, address } = keep(await linkFor(sandbox, served, ada));
    const page = await openBrowser().open(`${served.url}/`);
    expect(offers(page)).toEqual(['identify']);
    for (const { name, sub } of employees) {
      expect(page.html).not.toContain(name);
      expect(page.html).not.toContain(sub);
    }
    expect(address).toContain('/signin?');
    await client.close();
  });

  test('a person signs in there, sees themselves, connects their account, and signs out: nobody else', async () => {
    const { client } = keep(await linkFor(sandbox, served, ada));
    const { client: other } = keep(await linkFor(sandbox, served, emil));
    const browser = openBrowser();
    const page = await identify(ada, browser);
    expect(page.url.href).toBe(`${served.url}/`);
    expect(page.html).toContain(ada.name);
    expect(offers(page)).toEqual(['sign-in', 'leave']);

    const signedIn = await signInOn(await press(browser, served, 'sign-in'), browser, alice.userId);
    expect(signedIn).toMatchObject({ status: 200, html: htmlHeaded(headings.signedIn) });
    expect(signedIn.html).toContain(ada.name);
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(await askedAddress(other)).toContain('/signin?');

    const neighbor = openBrowser();
    const theirs = await identify(emil, neighbor);
    expect(theirs.html).toContain(emil.name);
    expect(theirs.html).not.toContain(ada.name);
    expect(offers(theirs)).toEqual(['sign-in', 'leave']);

    expect(offers(await browser.open(served.url))).toEqual(['sign-out', 'leave']);
    await press(browser, served, 'sign-out');
    expect(await askedAddress(client)).toContain('/signin?');
    expect(offers(await press(browser, served, 'leave'))).toEqual(['identify']);
  });

  test('an address at the provider that was passed on signs in nobody', async () => {
    const mallory = openBrowser();
    const atProvider = await press(mallory, served, 'identify');
    const back = await mallory.submit(
      atProvider,
      { user: emil.sub, decision: 'allow' },
      `${served.url}/signin/callback`,
    );
    const browser = openBrowser();
    expect(await browser.open(back.url)).toMatchObject({ status: 403, html: htmlHeaded(headings.notYours) });
    expect(offers(await browser.open(served.url))).toEqual(['identify']);
  });

  test('a form that was made for one person does not act for another in the same browser', async () => {
    const { client } = keep(await linkFor(sandbox, served, emil));
    const browser = openBrowser();
    const pageOfAda = await identify(ada, browser);
    await press(browser, served, 'leave');
    await identify(emil, browser);
    expect(await browser.submit(pageOfAda, { action: 'sign-in' })).toMatchObject({ status: 400 });
    expect(await askedAddress(client)).toContain('/signin?');
  });

  test('a person who declines at the provider is told so, and is not signed in', async () => {
    const browser = openBrowser();
    const page = await browser.submit(await press(browser, served, 'identify'), {
      user: ada.sub,
      decision: 'deny',
    });
    expect(page).toMatchObject({ status: 403, html: htmlHeaded(headings.denied) });
    expect(page.html).toContain('<a href="/">');
    expect(offers(await browser.open(served.url))).toEqual(['identify']);
  });

  /** Signs in as an employee: the line that sets the cookie. */
  async function sessionOf({ sub: user }: { sub: string }): Promise<string> {
    const { cookie, form } = await firstVisit(served);
    const toProvider = await sendForm(served, cookie, form, 'identify');
    expect(toProvider.status).toBe(303);
    const browser = openBrowser();
    const page = await browser.open(toProvider.headers.location ?? '');
    const back = await browser.submit(page, { user, decision: 'allow' }, `${served.url}/signin/callback`);
    const landed = await send(back.url, { headers: { cookie } });
    expect(landed).toMatchObject({ status: 302, headers: { location: '/' } });
    return landed.headers['set-cookie']?.join() ?? '';
  }

  test('the cookie is for this host alone, unseen by pages, and of no use after an hour, or at another server', async () => {
    const other = keep(await serveIdentifying(sandbox));
    const line = await sessionOf(ada);
    expect(line).toMatch(/^mcp-session-[\w-]{8}=[\w.-]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(line).not.toContain(ada.sub);
    const [pair = ''] = line.split(';');
    const pageWith = async (server: Server, cookie: string) =>
      (await send(`${server.url}/`, { headers: { cookie } })).body;
    expect(await pageWith(served, pair)).toContain(ada.name);
    const [name = '', value = ''] = pair.split('=');
    const elsewhere = `mcp-session-${digest(other.url).slice(0, 8)}`;
    expect(await pageWith(other, `${elsewhere}=${value}`)).not.toContain(ada.name);
    for (const cookie of [`${name}=${changedAt(value, -2)}`, `${name}=`, `${name}=x`])
      expect(await pageWith(served, cookie)).not.toContain(ada.name);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 3601_000);
    expect(await pageWith(served, pair)).not.toContain(ada.name);
  });

  test('servers of one machine have a cookie each, whatever their ports', async () => {
    const other = keep(await serveIdentifying(sandbox));
    const browser = openBrowser();
    await identify(ada, browser);
    expect((await identify(emil, browser, other)).html).toContain(emil.name);
    expect((await browser.open(served.url)).html).toContain(ada.name);
  });

  test('the cookie of the page calls no tool', async () => {
    const [cookie = ''] = (await sessionOf(ada)).split(';');
    expect(await post(served.url, toolCall('list_hubs'), { cookie })).toMatchObject({ status: 401 });
  });

  test('on HTTPS the cookie is one that no neighboring host can set', async () => {
    const { url } = keep(await serveIdentifying(sandbox, {}, { publicUrl: 'https://mcp.example.com' }));
    const { headers } = await send(`${url}/`);
    expect(headers['set-cookie']?.join()).toMatch(/^__Host-mcp-browser-[^;]*;.*Secure/);
  });

  test('every instance of a deployment knows who has signed in', async () => {
    const secret = 'a-secret-that-all-instances-share-0123456789';
    const publicUrl = 'https://mcp.example.com';
    sandbox.registerOpenIdRedirectUri(`${publicUrl}/signin/callback`);
    sandbox.registerOpenIdApi(`${publicUrl}/mcp`);
    const [one, two] = [
      keep(await serveIdentifying(sandbox, {}, { secret, publicUrl })),
      keep(await serveIdentifying(sandbox, {}, { secret, publicUrl })),
    ];
    // The load balancer of this deployment.
    const at = (server: Server, address: URL) => new URL(address.href.replace(publicUrl, server.url));
    const browser = openBrowser();
    const atProvider = await press(browser, one, 'identify');
    const back = await browser.submit(
      atProvider,
      { user: ada.sub, decision: 'allow' },
      `${publicUrl}/signin/callback`,
    );
    const page = await browser.open(at(two, back.url));
    expect(page.html).toContain(ada.name);
    expect((await browser.open(one.url)).html).toContain(ada.name);
  });

  test('under another name of this machine the page leads to the one on which a sign-in can end', async () => {
    const page = await send(served.url.replace('localhost', '127.0.0.1'));
    expect(formIn(page.body)).toBe('');
    expect(page.body).toContain(`<a href="${served.url}/">`);
  });
});

describe('with Autodesk accounts', () => {
  let served: ServedHttp;
  beforeAll(async () => {
    served = keep(await serveWith(sandbox, threeLegged, 'autodesk'));
  });

  /** Signs in at the browser: the page to which that leads. */
  async function identify(
    { userId }: { userId: string },
    browser = openBrowser(),
    at: Server = served,
  ): Promise<Page> {
    return signInOn(await press(browser, at, 'identify'), browser, userId);
  }

  test('a person sees whether their clients are signed in, and signs them out, and nobody else', async () => {
    const browser = openBrowser();
    const before = await identify(alice, browser);
    expect(before.url.href).toBe(`${served.url}/`);
    expect(before.html).toContain(profileOf(alice).name);
    expect(offers(before)).toEqual(['leave']);

    const client = keep(await connectSigningIn(served.url, 'legacy', atAutodesk(alice)));
    const other = keep(await connectSigningIn(served.url, 'legacy', atAutodesk(benji)));
    expect(offers(await browser.open(served.url))).toEqual(['sign-out', 'leave']);
    // Another sign-in on the page, of the same person, ends none.
    await identify(alice);
    expect(await hubsOf(client)).toEqual(alice.hubs);

    expect(await press(browser, served, 'sign-out')).toMatchObject({
      status: 200,
      html: htmlHeaded(/signed out/),
    });
    await expect(client.callTool({ name: 'list_hubs' })).rejects.toThrow();
    expect(await hubsOf(other)).toEqual(benji.hubs);
    expect(offers(await browser.open(served.url))).toEqual(['leave']);
  });

  test('a sign-in on the page leaves no access to the account behind', async () => {
    const revoked = () => sandbox.requests.filter(({ path }) => path.endsWith('/revoke')).length;
    const before = revoked();
    const page = await identify(
      benji,
      openBrowser(),
      keep(await serveWith(sandbox, threeLegged, 'autodesk')),
    );
    expect(offers(page)).toEqual(['leave']);
    expect(revoked() - before).toBe(2);
  });

  test('an address at Autodesk that was passed on signs in nobody', async () => {
    const mallory = openBrowser();
    const back = await mallory.submit(
      await press(mallory, served, 'identify'),
      { user: benji.userId, decision: 'allow' },
      `${served.url}/callback`,
    );
    expect(await openBrowser().open(back.url)).toMatchObject({
      status: 403,
      html: htmlHeaded(headings.notYours),
    });
  });

  test('who is not on the list of users is told so, and is not signed in', async () => {
    const at = keep(
      await serveWith(sandbox, threeLegged, 'autodesk', {
        env: { MCP_ALLOWED_USERS: profileOf(alice).email },
      }),
    );
    const browser = openBrowser();
    const page = await identify(benji, browser, at);
    expect(page).toMatchObject({ status: 403, html: htmlHeaded(headings.denied) });
    expect(page.html).toContain('MCP_ALLOWED_USERS');
    expect(offers(await browser.open(at.url))).toEqual(['identify']);
    expect((await identify(alice, openBrowser(), at)).html).toContain(profileOf(alice).name);
  });

  test('a failure of Autodesk is told, and signs in nobody', async () => {
    const browser = openBrowser();
    const back = await browser.submit(
      await press(browser, served, 'identify'),
      { user: alice.userId, decision: 'allow' },
      `${served.url}/callback`,
    );
    back.url.searchParams.set('code', 'spoiled');
    expect(await browser.open(back.url)).toMatchObject({ status: 400, html: htmlHeaded(headings.refused) });
    expect(offers(await browser.open(served.url))).toEqual(['identify']);
  });
});
