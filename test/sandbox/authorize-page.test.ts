// The page of the authorization endpoint: its contents, its headers, and what its answers do.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSandboxApp, createSandboxState } from '../support/sandbox.ts';
import { startClockedSandbox } from './clock.ts';
import { alice, authorizeUrl, benji, open } from './sign-in-calls.ts';

const { sandbox, clock } = await startClockedSandbox();

const transactionOf = (page: string) => /name="transaction" value="([\w-]+)"/.exec(page)?.[1] ?? '';
const press = (form: Record<string, string>) =>
  fetch(new URL('/authentication/v2/authorize', sandbox.url), {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });

describe('the page', () => {
  test('shows that it is the sandbox, the application, the scopes and every user', async () => {
    const page = await (await open(authorizeUrl(sandbox, { scope: 'data:read openid', nonce: 'n' }))).text();
    expect(page).toMatch(/<p class="notice"><strong>[^<]*sandbox/);
    expect(page).toContain('<h1>Sign in to Sandbox Demo</h1>');
    for (const scope of ['data:read', 'openid'])
      expect(page).toMatch(new RegExp(`<li>[^<]+ <small><code>${scope}</code>`));
    for (const text of ['Alice Architect', 'Benji Builder', '陳 Chien']) expect(page).toContain(text);
    for (const id of [`user-${alice}`, 'allow', 'deny', 'sign-in']) expect(page).toContain(`id="${id}"`);
    expect(page).toMatch(/<html lang="en">/);
    expect(page).not.toContain('<script');
  });

  test('forbids caching, framing, scripts, and styles other than its own', async () => {
    const answer = await open(authorizeUrl(sandbox));
    const page = await answer.text();
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=UTF-8',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    const policy = answer.headers.get('content-security-policy')?.split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "form-action 'self' http: https:",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
  });

  test('escapes the name of an application and a scope', async () => {
    const state = await createSandboxState();
    const application = {
      type: 'confidential',
      clientId: 'evil',
      clientSecret: 'evil',
      name: '<img src=x onerror="alert(1)"> & Sons',
      apis: [],
      redirectUris: ['http://localhost:1/?a="><b>&c'],
      serverToServer: false,
    } as const;
    const app = createSandboxApp({ ...state, applications: [application] });
    const query = new URLSearchParams({
      client_id: 'evil',
      response_type: 'code',
      redirect_uri: 'http://localhost:1/?a="><b>&c',
      scope: 'data:read:<script>alert(1)</script>"',
    });
    const answer = await app.request(`/authentication/v2/authorize?${query}`);
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; Sons');
    expect(page).toContain('See and download only &lt;script&gt;alert(1)&lt;/script&gt;&quot;');
    expect(page).toContain('http://localhost:1/?a=&quot;&gt;&lt;b&gt;&amp;c');
    for (const harm of ['<img', '<script', '<b>']) expect(page).not.toContain(harm);
  });

  test('works once', async () => {
    const transaction = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const form = { transaction, user: benji, decision: 'allow' };
    const first = await press(form);
    expect(first.status).toBe(303);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.headers.get('referrer-policy')).toBe('no-referrer');
    for (const decision of ['allow', 'deny']) {
      const again = await press({ ...form, decision });
      expect(again.status).toBe(400);
      expect(again.headers.get('location')).toBeNull();
      expect(await again.text()).toContain('This sign-in is over');
    }
  });

  test('is valid for ten minutes, and not a millisecond longer', async () => {
    const timely = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const late = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const answer = { user: alice, decision: 'allow' };
    clock.now += 599_999;
    expect((await press({ ...answer, transaction: timely })).status).toBe(303);
    clock.now += 1;
    expect((await press({ ...answer, transaction: late })).status).toBe(400);
  });

  test('uses the stored request, whatever the form says', async () => {
    const transaction = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const answer = await press({
      transaction,
      user: alice,
      decision: 'allow',
      redirect_uri: 'https://attacker.example',
      state: 'other',
      scope: 'data:write',
    });
    expect(answer.headers.get('location')).toMatch(
      /^http:\/\/localhost:5002\/callback\?code=[\w-]+&state=state-1$/,
    );
  });

  test.each([
    ['nobody', { decision: 'allow' }],
    ['a user that is not on it', { decision: 'allow', user: '<b>me</b>' }],
    ['no decision', { user: alice }],
    ['another decision', { user: alice, decision: 'maybe' }],
  ])('asks for a complete answer after %s', async (_case, form: Record<string, string>) => {
    const transaction = transactionOf(await (await open(authorizeUrl(sandbox))).text());
    const answer = await press({ transaction, ...form });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('<b>');
    expect((await press({ transaction, user: alice, decision: 'allow' })).status).toBe(303);
  });

  test.each([
    ['an unknown one', { transaction: 'guess', user: alice, decision: 'allow' }],
    ['none', {}],
  ])('refuses an unknown transaction: %s', async (_case, form: Record<string, string>) => {
    const answer = await press(form);
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });
});
