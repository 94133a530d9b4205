// The page between a client's link and Autodesk, where clients sign in with tokens: it says for whom the link was made.
import { UrlElicitationRequiredError } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { eras, newest } from '../../../support/clients.ts';
import {
  askedSomebody,
  cookieOf,
  formOf,
  postConfirmation,
  tokenOfSomebody,
} from '../../../support/confirm-page.ts';
import { connectBearing, signInThrough, startOidc } from '../../../support/oidc.ts';
import { alice, benji, chien, profileOf } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { askedAddress, attend, takesAddresses } from '../../../support/sign-in.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const { keep, sandbox, provider, served } = await startOidc(threeLegged);

const newToken = () => tokenOfSomebody(provider, served);

/** The link that somebody with such claims is given. */
async function newLink(claims?: Record<string, unknown>): Promise<string> {
  return keep(await askedSomebody(provider, served, claims)).address;
}

/** What a link to the page looks like: nothing but the page's address and a state. */
const linkToThePage = () => expect.stringMatching(new RegExp(`^${served.url}/signin\\?state=[\\w.-]{43,}$`));

describe('the link is to this page, and from there to Autodesk and the data,', () => {
  test(`for a client of ${newest} that takes its user there and waits`, async () => {
    const shown: string[] = [];
    const client = keep(await connectBearing(served.url, { pin: newest }, newToken(), takesAddresses));
    attend(client, async (address): Promise<'accept'> => {
      shown.push(address);
      expect((await signInThrough(address, benji)).html).toContain(profileOf(benji).email);
      return 'accept';
    });
    expect(await hubsOf(client)).toEqual(benji.hubs);
    expect(shown).toEqual([linkToThePage()]);
  });

  test('for a client of the handshake era that takes its user there', async () => {
    const client = keep(await connectBearing(served.url, 'legacy', newToken(), takesAddresses));
    const error: unknown = await client.callTool({ name: 'list_hubs' }).catch((reason) => reason);
    if (!(error instanceof UrlElicitationRequiredError)) throw error;
    const [address = '', ...more] = error.elicitations.map(({ url }) => url);
    expect([address, more]).toEqual([linkToThePage(), []]);
    expect(JSON.stringify(error)).not.toContain(sandbox.url);
    await signInThrough(address, alice);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test.each(eras)('for %s that knows nothing of it', async (_name, mode) => {
    const client = keep(await connectBearing(served.url, mode, newToken()));
    const result = JSON.stringify(await client.callTool({ name: 'list_hubs' }));
    expect(result).not.toContain(sandbox.url);
    const address = await askedAddress(client);
    expect(address).toEqual(linkToThePage());
    await signInThrough(address, chien);
    expect(await hubsOf(client)).toEqual(chien.hubs);
  });
});

describe('the page', () => {
  /** What the page says of who asks: the text of its fields. */
  async function fieldsOf(claims: Record<string, unknown>) {
    const { html } = await openBrowser().open(await newLink(claims));
    const field = (id: string) =>
      new RegExp(`<dd id="${id}">(.*?)</dd>`).exec(html)?.[1]?.replaceAll(/<[^>]*>/g, '');
    return { user: field('user'), subject: field('subject'), client: field('client') };
  }
  const at = (sub: string) => `${sub} at ${provider.issuer}`;

  test('names the MCP user and the client, as the token does, and warns', async () => {
    const claims = {
      sub: 'ann-1',
      name: 'Ann Ahlberg',
      email: 'ann@example.com',
      client_id: 'claude-desktop',
    };
    expect(await fieldsOf(claims)).toEqual({
      user: 'Ann Ahlberg, ann@example.com',
      subject: at('ann-1'),
      client: 'claude-desktop',
    });
    const { html } = await openBrowser().open(await newLink());
    for (const part of ['only if this is you', 'sent you this link, close this window'])
      expect(html).toContain(part);
  });

  test.each([
    ['only the subject', { sub: 'ann-2', client_id: undefined }, ['ann-2', 'unnamed']],
    [
      'another name and party',
      { client_id: undefined, azp: 'cli', preferred_username: 'ann' },
      ['ann', 'cli'],
    ],
    ['a name and a user name', { name: 'Ann', preferred_username: 'ann' }, ['Ann, ann', 'a-client']],
    [
      'more than there is room for',
      { name: 'Ann', preferred_username: 'ann', email: 'ann@example.com', azp: 'cli' },
      ['Ann, ann@example.com', 'a-client'],
    ],
  ])('makes do with %s', async (_what, claims, [user, client]) => {
    expect(await fieldsOf(claims)).toMatchObject({ user, client });
  });

  test('shows the whole subject, whatever is in it', async () => {
    for (const sub of ['ann#ben', '#', 'auth0|ann', 'ann at http://127.0.0.1'])
      expect(await fieldsOf({ sub })).toMatchObject({ subject: at(sub) });
  });

  test('shows nothing of a name that reorders, hides or pushes away what else there is', async () => {
    const long = 'x'.repeat(1000);
    const claims = {
      name: `Emil \u202E${' '.repeat(3000)}reenignE`,
      email: long,
      client_id: `claude\u200B\u0000${long}`,
      sub: `\u2066ann\u202E`,
    };
    const fields = await fieldsOf(claims);
    expect(fields).toEqual({
      user: `Emil reenignE, ${'x'.repeat(99)}…`,
      subject: at('ann'),
      client: `claude${'x'.repeat(93)}…`,
    });
  });

  test('shows markup in a name as text', async () => {
    const claims = {
      name: '<b id="user">Bob</b>',
      sub: '<i>o\'"&amp;',
      client_id: '"><script>alert(1)</script>',
    };
    const { html } = await openBrowser().open(await newLink(claims));
    expect(html).not.toMatch(/<b |<i>|<script/);
    expect(html).toContain('&lt;b id=&quot;user&quot;&gt;Bob&lt;/b&gt;');
    expect(html).toContain('&lt;i&gt;o&#39;&quot;&amp;amp;');
    expect(html).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('is plain, closed to everything outside, kept nowhere, and tells nobody where it leads', async () => {
    const address = await newLink();
    const answer = await send(address);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      // With no-referrer, browsers send the form with `Origin: null`.
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const policy = (answer.headers['content-security-policy'] ?? '').toString().split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      expect.stringMatching(/^style-src 'sha256-[\w+/=]+'$/),
      "base-uri 'none'",
      "form-action 'self' https: http:",
      "frame-ancestors 'none'",
    ]);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(answer.body).not.toMatch(/<script|<link|<img|<a |javascript:/);
    expect(answer.body).not.toContain(new URL(address).searchParams.get('state'));
    expect(answer.body).not.toContain(sandbox.url);
    expect(answer.body.match(/<form/g)).toHaveLength(1);
    expect(answer.body).toContain('<form method="post">');
  });

  test('goes on to Autodesk by 303, which is asked for this sign-in with PKCE', async () => {
    const address = await newLink();
    const page = await send(address);
    const answer = await postConfirmation(address, { form: formOf(page) }, cookieOf(page).pair);
    expect(answer).toMatchObject({
      status: 303,
      headers: { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
    });
    const to = new URL(answer.headers.location ?? '');
    expect(to.origin + to.pathname).toBe(`${sandbox.url}/authentication/v2/authorize`);
    // What the link brought does not get anybody past this page.
    expect(to.searchParams.get('state')).not.toBe(new URL(address).searchParams.get('state'));
    expect(Object.fromEntries(to.searchParams)).toEqual({
      response_type: 'code',
      client_id: sandbox.env.APS_CLIENT_ID,
      redirect_uri: `${served.url}/callback`,
      scope: 'data:read',
      state: expect.stringMatching(/^[\w.-]{43,}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });
});
