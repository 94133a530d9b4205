// Replacing SESSION_SECRET: the new one stands first, the old one behind it, and nobody has to sign in again.
import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../../../lib/store/memory.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import { decide, shown } from '../../../support/consent.ts';
import { clientCallback } from '../../../support/oauth-client.ts';
import {
  askToken,
  authorizeAddress,
  call,
  codeForm,
  newClient,
  newTokens,
  refreshForm,
  tokensFor,
} from '../../../support/oauth-requests.ts';
import { inNewestEra } from '../../../support/oidc.ts';
import { alice } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import { serveWith } from '../../../support/signing-in.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const store = memoryStore();
const [oldSecret, newSecret] = [
  'an old secret that all instances share',
  'a new secret that all instances share',
];

const serve = async (clientAuth: 'autodesk' | 'none', secret: readonly string[], publicUrl?: string) =>
  keep(await serveWith(sandbox, threeLegged, clientAuth, { secret, store, publicUrl }));
const before = await serve('autodesk', [oldSecret]);
// Somewhere in the middle of the rollout: the new secret is known everywhere, and not yet first everywhere.
const during = await serve('autodesk', [oldSecret, newSecret], before.url);
const after = await serve('autodesk', [newSecret, oldSecret], before.url);
const later = await serve('autodesk', [newSecret], before.url);

describe('an instance with a new secret before the old one accepts', () => {
  test('a registration, and access and refresh tokens', async () => {
    const tokens = await newTokens(before);
    expect((await call(after, tokens.access)).status).toBe(200);
    const renewed = await tokensFor(after, refreshForm(tokens));
    expect((await call(after, renewed.access)).status).toBe(200);
    const address = authorizeAddress(after, tokens.clientId, { resource: undefined });
    expect((await send(address)).status).toBe(200);
  });

  test('a form, a sign-in under way, and a code', async () => {
    const { form, cookie } = await shown(before);
    expect((await decide(after, { form, decision: 'allow' }, cookie)).status).toBe(303);
    const browser = openBrowser();
    const consent = await browser.open(authorizeAddress(before, await newClient(before)), clientCallback);
    const { url } = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
    const { search } = await sandbox.signIn(url, alice);
    const page = await browser.open(`${after.url}/callback${search}`, clientCallback);
    expect(page.url.searchParams.has('code')).toBe(true);
    expect((await askToken(after, await codeForm(before))).status).toBe(200);
  });

  test('the state of a question', async () => {
    const one = await serve('none', [oldSecret]);
    const other = await serve('none', [newSecret, oldSecret], one.url);
    const stranger = await serve('none', [newSecret], one.url);
    const ask = async ({ url }: { url: string }, further = {}) => {
      const { body } = await inNewestEra(url, 'list_hubs', {}, further);
      return JSON.parse(body.replace(/^.*?data: /s, ''));
    };
    const { requestState } = (await ask(one)).result;
    const answer = { inputResponses: { sign_in: { action: 'decline' } }, requestState };
    expect(await ask(other, answer)).toMatchObject({ result: { isError: true } });
    expect(await ask(stranger, answer)).toMatchObject({
      error: { message: 'Invalid or expired requestState' },
    });
  });
});

test('it makes what it gives out with the new one: an instance with that alone accepts it', async () => {
  const { access } = await tokensFor(after, refreshForm(await newTokens(before)));
  expect((await call(later, access)).status).toBe(200);
  expect((await call(before, access)).status).toBe(401);
  const clientId = await newClient(after);
  const asked = [later, before].map((at) => send(authorizeAddress(at, clientId, { resource: undefined })));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 400]);
});

test('a refresh token is answered with the same next one, whichever secret stands first', async () => {
  for (const [first, second] of [
    [during, after],
    [after, during],
  ] as const) {
    const tokens = await newTokens(before);
    const next = await tokensFor(first, refreshForm(tokens));
    expect((await tokensFor(second, refreshForm(tokens))).refresh).toBe(next.refresh);
    expect((await askToken(second, refreshForm(next))).status).toBe(200);
  }
});

test('a first SESSION_SECRET stands before the secret in the store, and nobody registers or signs in again', async () => {
  const shared = memoryStore();
  const withSecrets = async (secret: readonly string[], publicUrl?: string) =>
    keep(await serveWith(sandbox, threeLegged, 'autodesk', { secret, store: shared, publicUrl }));
  const without = await withSecrets([]);
  const tokens = await newTokens(without);
  const first = await withSecrets([newSecret], without.url);
  expect((await call(first, tokens.access)).status).toBe(200);
  const renewed = await tokensFor(first, refreshForm(tokens));
  expect((await call(first, renewed.access)).status).toBe(200);
  // What it gives out is made with its own.
  const only = keep(
    await serveWith(sandbox, threeLegged, 'autodesk', {
      ...{ secret: [newSecret], store: memoryStore(), publicUrl: without.url },
    }),
  );
  const address = authorizeAddress(only, await newClient(first), { resource: undefined });
  expect((await send(address)).status).toBe(200);
});

test('without SESSION_SECRET, instances with one store share a secret that lies there', async () => {
  const shared = memoryStore();
  const withStore = async (publicUrl?: string) =>
    keep(await serveWith(sandbox, threeLegged, 'autodesk', { store: shared, publicUrl }));
  const one = await withStore();
  const tokens = await newTokens(one);
  expect((await call(await withStore(one.url), tokens.access)).status).toBe(200);
  const apart = keep(
    await serveWith(sandbox, threeLegged, 'autodesk', { store: memoryStore(), publicUrl: one.url }),
  );
  expect((await call(apart, tokens.access)).status).toBe(401);
});
