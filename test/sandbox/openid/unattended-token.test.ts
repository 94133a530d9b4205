// Tokens of the OpenID provider without a browser: from the sandbox object, and with curl.
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { employees } from '../../support/sandbox.ts';
import { startClockedSandbox } from '../clock.ts';
import { resource } from './calls.ts';

const { sandbox, clock } = await startClockedSandbox();

const seconds = () => Math.floor(clock.now / 1000);
const issuer = sandbox.openIdIssuer;
const [ada] = employees;

describe('openIdToken gives a token', () => {
  test('of the first employee for userinfo, by default', async () => {
    const token = await sandbox.openIdToken();
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${issuer}/jwks`)), {
      issuer,
      typ: 'at+jwt',
      currentDate: new Date(clock.now),
    });
    expect(payload).toEqual({
      iss: issuer,
      ...ada,
      aud: `${issuer}/userinfo`,
      iat: seconds(),
      exp: seconds() + 3599,
      jti: expect.any(String),
      client_id: 'sandbox',
      scope: 'openid profile email mcp:tools',
    });
  });

  test('of another employee, with another audience, scope and lifetime', async () => {
    const choices = { user: 'emp-1002', audience: resource, scope: 'anything', lifetimeSeconds: 5 };
    expect(decodeJwt(await sandbox.openIdToken(choices))).toMatchObject({
      sub: 'emp-1002',
      name: 'Emil Engineer',
      aud: resource,
      scope: 'anything',
      exp: seconds() + 5,
    });
  });

  test('that has expired, and was issued no later than it expired', async () => {
    const { iat, exp } = decodeJwt(await sandbox.openIdToken({ lifetimeSeconds: -60 }));
    expect([iat, exp]).toEqual([seconds() - 60, seconds() - 60]);
  });

  test('with claims replaced, added and removed', async () => {
    const claims = { aud: ['a', 'b'], groups: ['staff'], email: undefined };
    const payload = decodeJwt(await sandbox.openIdToken({ claims }));
    expect(payload).toMatchObject({ aud: ['a', 'b'], groups: ['staff'] });
    expect(payload).not.toHaveProperty('email');
  });

  test('only of a known employee', async () => {
    const token = sandbox.openIdToken({ user: 'SBXUSERALICE' });
    await expect(token).rejects.toThrow(/SBXUSERALICE.*emp-1001, emp-1002, emp-1003/);
  });
});

describe('curl gets a token', () => {
  const address = `${sandbox.url}/_sandbox/openid-token`;
  const tokenOf = async (answer: Response) => {
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain; charset=UTF-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const text = await answer.text();
    expect(text).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    return decodeJwt(text);
  };

  test('with only the address', async () => {
    expect(await tokenOf(await fetch(address))).toMatchObject({ iss: issuer, sub: ada.sub });
    expect(await tokenOf(await fetch(address, { method: 'POST' }))).toMatchObject({ sub: ada.sub });
  });

  const choices = { user: 'emp-1003', audience: resource, scope: 'mcp:tools', lifetime: '-60' };
  test.each([
    ['a query', () => fetch(`${address}?${new URLSearchParams(choices)}`)],
    ['a form', () => fetch(address, { method: 'POST', body: new URLSearchParams(choices) })],
    ['JSON', () => fetch(address, { method: 'POST', body: JSON.stringify({ ...choices, lifetime: -60 }) })],
  ])('with its choices in %s', async (_case, ask) => {
    expect(await tokenOf(await ask())).toMatchObject({
      sub: 'emp-1003',
      aud: resource,
      scope: 'mcp:tools',
      exp: seconds() - 60,
    });
  });

  test('with the current lifetime of the sandbox', async () => {
    sandbox.trouble.set({ tokenLifetimeSeconds: 7 });
    const { exp } = await tokenOf(await fetch(address));
    expect(exp).toBe(seconds() + 7);
    expect(decodeJwt(await sandbox.openIdToken()).exp).toBe(exp);
    sandbox.trouble.reset();
  });

  test.each([
    'user=SBXUSERALICE',
    'lifetime=long',
    'lifetime=',
    'audience=',
    'who=emp-1001',
    '{"user":1}',
    '{',
  ])('or the reason why %s is invalid', async (body) => {
    const answer = await fetch(address, { method: 'POST', body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      problems: expect.arrayContaining([expect.objectContaining({ message: expect.any(String) })]),
    });
  });
});
