// Signing out of APS.
import { afterAll, expect, test } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { get } from './calls.ts';
import { callback, open, userTokens } from './sign-in-calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());

const logout = (query = '') => open(new URL(`/authentication/v2/logout${query}`, sandbox.url));

test('logout redirects to a registered address', async () => {
  const answer = await logout(`?post_logout_redirect_uri=${encodeURIComponent(callback)}`);
  expect(answer.status).toBe(302);
  expect(answer.headers.get('location')).toBe(callback);
});

test('logout without an address ends at a page of the sandbox', async () => {
  const answer = await logout();
  expect(answer.status).toBe(302);
  const page = await fetch(new URL(answer.headers.get('location') ?? '', sandbox.url));
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('Signed out');
});

test.each(['http://localhost:5002/elsewhere', 'https://attacker.example/', ''])(
  'logout does not redirect to %s, which is not registered',
  async (uri) => {
    const answer = await logout(`?post_logout_redirect_uri=${encodeURIComponent(uri)}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
  },
);

test('logout leaves tokens valid', async () => {
  const { access } = await userTokens(sandbox);
  await logout();
  expect((await get(sandbox, '/project/v1/hubs', access)).status).toBe(200);
});
