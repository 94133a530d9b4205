// Whatever happens around a sign-in, nothing that is printed, told in an error, or shown on a page has a token, a code, a
// verifier, a cookie or the secret of the application in it.
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { later, minutes, now } from '../../../../support/clock.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import {
  askToken,
  authorizeAddress,
  call,
  codeForm,
  newClient,
  newTokens,
  refreshForm,
  register,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { alice } from '../../../../support/people.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { expectNone } from '../../../../support/secrets.ts';
import { type ServedAutodesk, serveAutodesk } from '../../../../support/serving-autodesk.ts';
import { type WatchedStore, watchedStore } from '../../../../support/watched-store.ts';
import { openBrowser } from '../../../../support/web-browser.ts';

let sandbox: Sandbox;
let served: ServedAutodesk;
let store: WatchedStore;
let seen: string[];
let secrets: Set<string>;
beforeEach(async () => {
  sandbox = await startSandbox({ now });
  store = watchedStore();
  served = await serveAutodesk(sandbox, { store });
  secrets = new Set([sandbox.env.APS_CLIENT_SECRET ?? '']);
  seen = [];
  const listen = (...said: unknown[]) => void seen.push(said.map(String).join(' '));
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation(listen);
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      listen(text);
      return true;
    });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await served.close();
  await sandbox.close();
});

/** Everything in the store that is worth stealing. */
function storedSecrets(): string[] {
  return store.given.flatMap(({ value }) =>
    Object.entries(value ?? {}).flatMap(([name, field]) =>
      ['access', 'refresh'].includes(name) ? [String(field)] : [],
    ),
  );
}

/** Keeps what an answer said. It must be a refusal: other answers have tokens in them. */
function keepRefusal(answer: { status: number; body?: string; json?: unknown; headers: unknown }): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  seen.push(JSON.stringify(answer));
}

function expectSilence(least: number): void {
  for (const secret of storedSecrets()) secrets.add(secret);
  secrets.delete('');
  expect(secrets.size).toBeGreaterThanOrEqual(least);
  expectNone(secrets, seen);
  expect(seen.join('\n')).not.toMatch(/Basic [\w+/]{8}|code_verifier=|\.ts:\d/);
}

test('not in what is said of requests that are refused', async () => {
  const form = await codeForm(served);
  const tokens = await tokensFor(served, form);
  for (const value of [form.code, form.code_verifier, tokens.access, tokens.refresh])
    secrets.add(value ?? '');
  const other = await newClient(served);
  keepRefusal(await askToken(served, form));
  keepRefusal(await askToken(served, { ...form, client_id: other }));
  keepRefusal(await askToken(served, { ...form, code: [form.code ?? '', 'x'] }));
  keepRefusal(await askToken(served, { ...refreshForm(tokens), client_id: other }));
  keepRefusal(await askToken(served, { grant_type: tokens.refresh, refresh_token: tokens.refresh }));
  keepRefusal(await askToken(served, form, { authorization: `Basic ${form.code_verifier}` }));
  keepRefusal(await askToken(served, form, { authorization: `Bearer ${tokens.access}` }));
  keepRefusal(await call(served, tokens.access));
  keepRefusal(await call(served, tokens.refresh));
  keepRefusal(await register(served, { redirect_uris: [`https://x:${form.code_verifier}@x.example/`] }));
  expectSilence(7);
});

test('not in what people see, of a sign-in that succeeds or does not', async () => {
  const browser = openBrowser();
  const clientId = await newClient(served);
  const consent = await browser.open(authorizeAddress(served, clientId, { state: 'a-state-of-a-client' }));
  const cookie = (await fetch(authorizeAddress(served, clientId))).headers.getSetCookie()[0] ?? '';
  secrets.add(/=([\w-]{43});/.exec(cookie)?.[1] ?? '');
  // The form has to be on the page; what is in it does not tell who the browser is.
  seen.push(consent.html);
  const aps = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
  const back = await sandbox.signIn(aps.url, alice);
  for (const name of ['code', 'state']) secrets.add(back.searchParams.get(name) ?? '');
  seen.push((await openBrowser().open(back)).html);
  seen.push((await browser.open(`${served.url}/callback?code=x&state=made-up`)).html);
  const { url } = await browser.open(back, clientCallback);
  // The client gets a code: not the one of APS, nor anything else that came with it.
  seen.push(url.href);
  seen.push(
    (await browser.open(authorizeAddress(served, clientId, { redirect_uri: 'https://x.example' }))).html,
  );
  expectSilence(4);
});

test.each([
  { status: 503 },
  { status: 429, retryAfter: '3600' },
  { drop: 'before' },
  { drop: 'midway' },
] as const)('not in what is said of trouble at APS (%j)', async (failAll) => {
  later(0);
  const tokens = await newTokens(served);
  const form = await codeForm(served);
  for (const value of [form.code, form.code_verifier, tokens.access, tokens.refresh])
    secrets.add(value ?? '');
  const browser = openBrowser();
  const consent = await browser.open(authorizeAddress(served, await newClient(served)));
  const aps = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
  const back = await sandbox.signIn(aps.url, alice);
  secrets.add(back.searchParams.get('code') ?? '');
  sandbox.trouble.set({ failAll });
  seen.push((await browser.open(back, clientCallback)).url.href);
  keepRefusal(await askToken(served, form));
  later(59 * minutes);
  keepRefusal(await askToken(served, refreshForm(tokens)));
  expectSilence(7);
});

test('not in what is printed when the store breaks', async () => {
  const tokens = await newTokens(served);
  const form = await codeForm(served);
  for (const value of [form.code, form.code_verifier, tokens.access, tokens.refresh])
    secrets.add(value ?? '');
  const broken = vi.spyOn(store, 'get').mockRejectedValue(new Error('the store is gone'));
  onTestFinished(() => broken.mockRestore());
  expect(await askToken(served, refreshForm(tokens))).toMatchObject({
    status: 500,
    json: { error: 'server_error', error_description: 'Internal error' },
  });
  expect(seen.join()).toContain('the store is gone');
  // Where it happened is for the log, and it is all there is.
  seen = seen.map((text) => text.replaceAll(/\n +at .*/g, ''));
  expectSilence(7);
});
