// What browsers bring back from Autodesk's page, and what the page that answers them says.
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { memoryStore } from '../../../../lib/store/memory.ts';
import { closing } from '../../../support/closing.ts';
import { headings } from '../../../support/headings.ts';
import { always, startLocalServer } from '../../../support/local-server.ts';
import { alice, benji, profileOf } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { callersByHeader, type Served } from '../../../support/serving.ts';
import { askedAddress, connectAsSomebody, open, signInAt } from '../../../support/sign-in.ts';
import { servePatiently, serveThreeLegged } from '../../../support/three-legged.ts';
import { hubsOf } from '../../../support/tool-results.ts';

const keep = closing();
const minute = 60_000;
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveThreeLegged(sandbox, { clientSignIn: callersByHeader }));
});
afterEach(() => sandbox.trouble.reset());

/** A client that has called a tool, and the address that it was given. */
async function asked(at: Pick<Served, 'url'> = served) {
  const client = keep(await connectAsSomebody(at));
  return { client, address: await askedAddress(client) };
}

/** The callback address with this query. */
function callback(query: string | Record<string, string>, { url }: Pick<Served, 'url'> = served): URL {
  const address = new URL('/callback', url);
  address.search = new URLSearchParams(query).toString();
  return address;
}

const stateIn = (address: URL | string) => new URL(address).searchParams.get('state') ?? '';
const tokenRequests = () => sandbox.requests.filter(({ path }) => path === '/authentication/v2/token');

/** The page for a sign-in that is not waited for. */
const unknown = {
  status: 400,
  heading: expect.stringMatching(headings.linkIsStale),
  text: expect.stringMatching(/expired.*been used/),
};

test('who signs in is told whose account it is, and their client gets the data', async () => {
  const { client, address } = await asked();
  const page = await signInAt(sandbox, address, benji);
  const { name, email } = profileOf(benji);
  expect(page).toMatchObject({ status: 200, heading: expect.stringMatching(headings.signedIn) });
  expect(page.text).toContain(`${name} (${email})`);
  expect(await hubsOf(client)).toEqual(benji.hubs);
});

test('who received access is said where clients sign in, and is the person themselves where they do not', async () => {
  const page = await signInAt(sandbox, (await asked()).address, alice);
  for (const part of ['These can now read', 'MCP user', 'Signed in as', 'MCP client'])
    expect(page.text).toContain(part);
  const alone = await signInAt(sandbox, (await asked(keep(await serveThreeLegged(sandbox)))).address, alice);
  expect(alone.text).toContain('Your MCP client can now read the data of this account.');
  expect(alone.text).not.toContain('MCP user');
});

test('nothing in the name of an account reorders, hides or pushes away the rest of the page', async () => {
  const tokens = { access_token: 'a', token_type: 'Bearer', refresh_token: 'b', expires_in: 3599 };
  const profile = { name: `Alice \u202E${' '.repeat(3000)}x`, email: 'y'.repeat(3000) };
  const aps = keep(
    await startLocalServer((request, response) =>
      always(request.method === 'POST' ? tokens : profile)(request, response),
    ),
  );
  const elsewhere = keep(await servePatiently(sandbox, { baseUrl: aps.url }));
  const { address } = await asked(elsewhere);
  const { html } = await open(callback(`state=${stateIn(address)}&code=any`, elsewhere));
  expect(html).toContain(`<strong>Alice x (${'y'.repeat(99)}…)</strong>`);
});

test('who signs in while APS does not say whose account it is, is signed in all the same', async () => {
  const tokens = { access_token: 'a', token_type: 'Bearer', refresh_token: 'b', expires_in: 3599 };
  const aps = keep(
    await startLocalServer((request, response) =>
      request.method === 'POST' ? always(tokens)(request, response) : always({}, 404)(request, response),
    ),
  );
  const elsewhere = keep(await servePatiently(sandbox, { baseUrl: aps.url }));
  const { address } = await asked(elsewhere);
  const page = await open(callback(`state=${stateIn(address)}&code=any`, elsewhere));
  expect(page).toMatchObject({ status: 200, heading: expect.stringMatching(headings.signedIn) });
  expect(page.text).toMatch(/did not say whose account/);
});

describe('a state', () => {
  test.each([
    ['that nobody made', 'state=made-up&code=a-code'],
    ['that is missing', 'code=a-code'],
    ['that is empty', 'state=&code=a-code'],
    ['of an error that is not expected', 'state=made-up&error=access_denied'],
  ])('%s is refused, and APS is asked nothing', async (_which, query) => {
    const before = tokenRequests().length;
    expect(await open(callback(query))).toMatchObject(unknown);
    expect(tokenRequests()).toHaveLength(before);
  });

  test('is good once: the same link again is refused, and who signed in stays signed in', async () => {
    const { client, address } = await asked();
    const back = await sandbox.signIn(address, alice);
    expect((await open(back)).status).toBe(200);
    expect(await open(back)).toMatchObject(unknown);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('is good once, also when the same link is opened several times at the same moment', async () => {
    const { address } = await asked();
    const back = await sandbox.signIn(address, alice);
    const pages = await Promise.all(Array.from({ length: 5 }, () => open(back)));
    expect(pages.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400]);
  });

  test('of another deployment is refused by this one, and is still good where it was made', async () => {
    const elsewhere = keep(await serveThreeLegged(sandbox));
    const { client, address } = await asked(elsewhere);
    const back = await sandbox.signIn(address, alice);
    expect(await open(new URL(back.pathname + back.search, served.url))).toMatchObject(unknown);
    expect((await open(back)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('that is given twice is refused, whichever comes first, and is not used up', async () => {
    const { client, address } = await asked();
    const back = await sandbox.signIn(address, alice);
    const { state = '', code = '' } = Object.fromEntries(back.searchParams);
    for (const states of [`${state}&state=${state}`, `${state}&state=made-up`, `made-up&state=${state}`])
      expect(await open(callback(`state=${states}&code=${code}`))).toMatchObject(unknown);
    expect((await open(back)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test.each([
    [10 * minute - 1000, { status: 200, heading: expect.stringMatching(headings.signedIn) }],
    [10 * minute + 1000, unknown],
  ])('that is brought after %i ms is answered as it should be', async (milliseconds, page) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const store = memoryStore();
    const apart = keep(await servePatiently(sandbox, { store }));
    const { address } = await asked(apart);
    vi.setSystemTime(Date.now() + milliseconds);
    // The page of the sandbox waits no longer than that either: it is opened late.
    expect(await open(await sandbox.signIn(address, alice))).toMatchObject(page);
  });

  test('is not guessable: long, and never the same', async () => {
    const { client } = await asked();
    const states = await Promise.all(
      Array.from({ length: 20 }, async () => stateIn(await askedAddress(client))),
    );
    expect(new Set(states).size).toBe(20);
    for (const state of states) expect(state).toMatch(/^[\w.-]{43,}$/);
  });
});

describe('a code', () => {
  test('that was used before is refused, also with a state that is good', async () => {
    const first = await asked();
    const second = await asked();
    const back = await sandbox.signIn(first.address, alice);
    expect((await open(back)).status).toBe(200);
    const code = back.searchParams.get('code') ?? '';
    expect(await open(callback({ state: stateIn(second.address), code }))).toMatchObject({
      status: 400,
      heading: expect.stringMatching(headings.refused),
    });
    expect(await askedAddress(second.client)).toContain('/authorize?');
  });

  test('of somebody else’s sign-in is of no use: the verifier is another', async () => {
    const victim = await asked();
    const attacker = await asked();
    const code = (await sandbox.signIn(victim.address, alice)).searchParams.get('code') ?? '';
    expect((await open(callback({ state: stateIn(attacker.address), code }))).status).toBe(400);
    expect(await askedAddress(attacker.client)).toContain('/authorize?');
  });

  test.each([
    ['missing', ''],
    ['empty', '&code='],
  ])('that is %s is said to be so, and does not spend the link', async (_how, rest) => {
    const { address } = await asked();
    expect(await open(callback(`state=${stateIn(address)}${rest}`))).toMatchObject({
      status: 400,
      heading: expect.stringMatching(headings.unfinished),
      text: expect.stringMatching(/without .*code/),
    });
    expect((await signInAt(sandbox, address, alice)).status).toBe(200);
  });

  test('that is given twice is not used', async () => {
    const { client, address } = await asked();
    const back = await sandbox.signIn(address, alice);
    back.searchParams.append('code', 'another');
    const before = tokenRequests().length;
    expect(await open(back)).toMatchObject({
      status: 400,
      heading: expect.stringMatching(headings.unfinished),
    });
    expect(tokenRequests()).toHaveLength(before);
    expect(await askedAddress(client)).toContain('/authorize?');
  });
});

describe('an error', () => {
  test('access_denied is the person’s own choice, and nobody is blamed', async () => {
    const { client, address } = await asked();
    const page = await signInAt(sandbox, address, { allow: false });
    expect(page).toMatchObject({ status: 403, heading: expect.stringMatching(headings.denied) });
    for (const part of ['Nothing was changed', 'a new link']) expect(page.text).toContain(part);
    expect(await askedAddress(client)).toContain('/authorize?');
  });

  test.each(['invalid_scope', 'server_error', 'unauthorized_client', 'temporarily_unavailable'])(
    '%s is shown with its description',
    async (error) => {
      const { address } = await asked();
      const page = await open(
        callback({ state: stateIn(address), error, error_description: 'Ask your admin' }),
      );
      expect(page).toMatchObject({ status: 400, heading: expect.stringMatching(headings.refused) });
      expect(page.text).toContain(`${error}, Ask your admin`);
    },
  );

  test.each(['error', 'error_description'])(
    '%s cannot bring markup or script into the page',
    async (name) => {
      const { address } = await asked();
      const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>"'&</p><h1>Owned`;
      const page = await open(callback({ state: stateIn(address), error: 'server_error', [name]: evil }));
      expect(page.status).toBe(400);
      expect(page.html).not.toMatch(/<script|<img|<h1>Owned/);
      expect(page.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(page.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; /,
      );
    },
  );

  test('does not spend the link: who declined, and then agrees, is signed in', async () => {
    const { client, address } = await asked();
    for (let times = 0; times < 2; times += 1)
      expect((await signInAt(sandbox, address, { allow: false })).status).toBe(403);
    expect((await signInAt(sandbox, address, alice)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(await signInAt(sandbox, address, alice)).toMatchObject(unknown);
  });

  test('of an application whose secret is wrong says that APS refused, and which variables to check', async () => {
    const env = { APS_CLIENT_SECRET: 'not-the-secret' };
    const { address } = await asked(keep(await serveThreeLegged(sandbox, { env })));
    const page = await signInAt(sandbox, address);
    expect(page).toMatchObject({ status: 400, heading: expect.stringMatching(headings.refused) });
    expect(page.text).toMatch(/APS_CLIENT_ID and APS_CLIENT_SECRET/);
    expect(page.html).not.toContain('not-the-secret');
  });

  test.each([{ status: 503 }, { drop: 'before' }] as const)(
    'of an APS that is in trouble (%j) says so, and the same link works when it is over',
    async (failAll) => {
      const patiently = keep(await servePatiently(sandbox));
      const { client, address } = await asked(patiently);
      const back = await sandbox.signIn(address, alice);
      sandbox.trouble.set({ failAll });
      expect(await open(back)).toMatchObject({
        status: 502,
        heading: expect.stringMatching(headings.unreachable),
      });
      sandbox.trouble.reset();
      expect((await open(back)).status).toBe(200);
      expect(await hubsOf(client)).toEqual(alice.hubs);
    },
  );
});

describe('a request for the callback', () => {
  test('with HEAD, as link checkers send it, does not use the state up', async () => {
    const { client, address } = await asked();
    const back = await sandbox.signIn(address, alice);
    expect((await send(back, { method: 'HEAD' })).status).toBeGreaterThanOrEqual(400);
    expect((await open(back)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test.each(['POST', 'PUT', 'OPTIONS'])('with %s does not use the state up', async (method) => {
    const { address } = await asked();
    const back = await sandbox.signIn(address, alice);
    expect((await send(back, { method })).body).not.toMatch(headings.signedIn);
    expect((await open(back)).status).toBe(200);
  });

  test('under a name that is not of this machine is refused, and does not use the state up', async () => {
    const { address } = await asked();
    const back = await sandbox.signIn(address, alice);
    expect((await send(back, { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await open(back)).status).toBe(200);
  });

  test('may come from Autodesk’s page, whatever it says of its origin', async () => {
    const { address } = await asked();
    const back = await sandbox.signIn(address, alice);
    expect((await send(back, { headers: { origin: 'null' } })).status).toBe(200);
  });
});

describe('every page', () => {
  test('is plain, closed to everything outside, kept nowhere, and repeats nothing of the address', async () => {
    const { address } = await asked();
    const back = await sandbox.signIn(address, alice);
    const pages = [await open(back), await open(back), await open(callback({ state: '', code: 'a-code' }))];
    for (const { html, headers } of pages) {
      expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(html.match(/<h1>/g)).toHaveLength(1);
      expect(html).not.toMatch(/<script|<link|<img|<form|javascript:|https?:\/\//);
      for (const value of back.searchParams.values()) expect(html).not.toContain(value);
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      });
    }
  });
});

describe('the address of a sign-in', () => {
  test('asks for a code with PKCE (S256), for data:read, and to come back here', async () => {
    const { address } = await asked();
    const { origin, pathname, searchParams } = new URL(address);
    expect(origin + pathname).toBe(`${sandbox.url}/authentication/v2/authorize`);
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: sandbox.env.APS_CLIENT_ID,
      redirect_uri: `${served.url}/callback`,
      scope: 'data:read',
      state: expect.any(String),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  test('has no challenge with APS_PKCE=off, and the sign-in works', async () => {
    const { client, address } = await asked(
      keep(await serveThreeLegged(sandbox, { env: { APS_PKCE: 'off' } })),
    );
    expect([...new URL(address).searchParams.keys()].filter((name) => name.includes('challenge'))).toEqual(
      [],
    );
    expect((await signInAt(sandbox, address, alice)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });
});
