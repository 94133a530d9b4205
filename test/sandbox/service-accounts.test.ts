// The Secure Service Account API: accounts, their keys, and access.
import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { assertion, demoAccount, exchange, serviceAccountToken } from './assertion-calls.ts';
import { accessToken, demo, other, withoutApis } from './calls.ts';

const path = '/authentication/v2/service-accounts';
const scopes = [
  'application:service_account:read',
  'application:service_account:write',
  'application:service_account_key:read',
  'application:service_account_key:write',
];
const names = { name: 'night-shift', firstName: 'Night', lastName: 'Shift' };
const published = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \+0000 UTC$/;

let clock = Date.UTC(2026, 0, 5, 9);
let sandbox: Sandbox;
let token: string;
const started: Sandbox[] = [];

beforeEach(async () => {
  sandbox = await startSandbox({ now: () => clock });
  started.push(sandbox);
  token = await accessToken(sandbox, scopes.join(' '));
});
afterAll(async () => {
  for (const each of started) await each.close();
});

async function call(method: string, below = '', body?: unknown, bearer = token) {
  const answer = await fetch(`${sandbox.url}${path}${below}`, {
    method,
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers };
}
const create = async (account = names) => String((await call('POST', '', account)).body.serviceAccountId);

describe('an account', () => {
  test('is created with an id and an email address in the published format', async () => {
    expect(await call('POST', '', names)).toMatchObject({
      status: 201,
      body: {
        serviceAccountId: expect.stringMatching(/^[A-Z0-9]{12}$/),
        email: `night-shift@${demo.id}.adskserviceaccount.autodesk.com`,
      },
    });
  });

  test('is listed and read with its details', async () => {
    const id = await create();
    const expected = {
      serviceAccountId: id,
      email: `night-shift@${demo.id}.adskserviceaccount.autodesk.com`,
      createdBy: demo.id,
      status: 'ENABLED',
      createdAt: expect.stringMatching(published),
      accessedAt: expect.stringMatching(published),
      expiresAt: expect.stringMatching(published),
    };
    expect(await call('GET', `/${id}`)).toMatchObject({ status: 200, body: expected });
    const { body } = await call('GET');
    expect(body.serviceAccounts).toHaveLength(2);
    expect(body.serviceAccounts[0].serviceAccountId).toBe(sandbox.env.APS_SSA_ID);
    expect(body.serviceAccounts[1]).toEqual(expected);
  });

  test('can be disabled and enabled; setting the current status is 400', async () => {
    const id = await create();
    expect((await call('PATCH', `/${id}`, { status: 'ENABLED' })).status).toBe(400);
    expect(await call('PATCH', `/${id}`, { status: 'DISABLED' })).toMatchObject({
      status: 200,
      body: { serviceAccountId: id, status: 'DISABLED' },
    });
    expect((await call('PATCH', `/${id}`, { status: 'DISABLED' })).status).toBe(400);
    expect((await call('PATCH', `/${id}`, { status: 'ENABLED' })).body.status).toBe('ENABLED');
    expect((await call('PATCH', `/${id}`, { status: 'GONE' })).status).toBe(400);
    expect((await call('PATCH', `/${id}`)).status).toBe(400);
  });

  test('is deleted with its keys', async () => {
    const { id } = demoAccount(sandbox);
    const signed = await assertion(sandbox, clock);
    expect((await call('DELETE', `/${id}`)).status).toBe(204);
    expect((await call('GET', `/${id}`)).status).toBe(404);
    expect((await call('GET', `/${id}/keys`)).status).toBe(404);
    expect((await exchange(sandbox, signed)).status).toBe(400);
  });

  test('is deactivated after a year without use, and can be enabled again', async () => {
    const id = await create();
    clock += 367 * 24 * 3_600_000;
    token = await accessToken(sandbox, scopes.join(' '));
    expect((await call('GET', `/${id}`)).body.status).toBe('DEACTIVATED');
    expect((await call('POST', `/${id}/keys`)).status).toBe(400);
    expect((await call('PATCH', `/${id}`, { status: 'ENABLED' })).body.status).toBe('ENABLED');
  });

  test.each([
    ['without name', { ...names, name: undefined }],
    ['with a name of 4 characters', { ...names, name: 'four' }],
    ['with a name of 101 characters', { ...names, name: 'n'.repeat(101) }],
    ['with an underscore in the name', { ...names, name: 'night_shift' }],
    ['with a name of dashes', { ...names, name: '------' }],
    ['with a short first name', { ...names, firstName: 'Jo' }],
    ['with a percent sign in the first name', { ...names, firstName: 'Night%' }],
    ['with an underscore in the last name', { ...names, lastName: 'Shift_' }],
    ['with a name that is taken', { ...names, name: 'Sandbox-Service' }],
    ['with a list instead of an object', []],
  ])('%s is 400 with a reason', async (_case, body) => {
    expect(await call('POST', '', body)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.any(String) },
    });
  });

  test('can have an underscore in its first name', async () => {
    expect((await call('POST', '', { ...names, firstName: 'Night_1' })).status).toBe(201);
  });

  test('can be the eleventh of its application only after another is deleted', async () => {
    const ids: string[] = [];
    for (let count = 2; count <= 10; count++) ids.push(await create({ ...names, name: `night-${count}` }));
    expect(await call('POST', '', names)).toMatchObject({ status: 403, body: { error: 'limit_exceeded' } });
    await call('DELETE', `/${ids[0]}`);
    expect((await call('POST', '', names)).status).toBe(201);
  });

  test('of another application is 404', async () => {
    const theirs = await accessToken(sandbox, scopes.join(' '), other);
    const below = `/${sandbox.env.APS_SSA_ID}`;
    expect((await call('GET', '', undefined, theirs)).body).toEqual({ serviceAccounts: [] });
    expect((await call('GET', below, undefined, theirs)).status).toBe(404);
    expect((await call('PATCH', below, { status: 'DISABLED' }, theirs)).status).toBe(404);
    expect((await call('DELETE', below, undefined, theirs)).status).toBe(404);
    expect((await call('POST', `${below}/keys`, undefined, theirs)).status).toBe(404);
  });
});

describe('a key', () => {
  test('is created with an RSA private key in PEM, and listed without it', async () => {
    const id = await create();
    const { status, body, headers } = await call('POST', `/${id}/keys`);
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(body).sort()).toEqual(['kid', 'privateKey']);
    expect(body.privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(createPrivateKey(body.privateKey).asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect((await call('GET', `/${id}/keys`)).body).toEqual({
      keys: [
        {
          kid: body.kid,
          status: 'ENABLED',
          createdAt: expect.stringMatching(published),
          accessedAt: expect.stringMatching(published),
        },
      ],
    });
  });

  test('of a new account gets tokens until it is disabled or deleted', async () => {
    const id = await create();
    const { body } = await call('POST', `/${id}/keys`);
    const account = { id, kid: body.kid, privateKey: body.privateKey };
    const works = async () =>
      (await exchange(sandbox, await assertion(sandbox, clock, {}, {}, account))).status === 200;
    expect(await works()).toBe(true);

    const key = `/${id}/keys/${body.kid}`;
    expect((await call('PATCH', key, { status: 'DISABLED' })).status).toBe(204);
    expect(await works()).toBe(false);
    expect((await call('PATCH', key, { status: 'DISABLED' })).status).toBe(400);
    expect((await call('PATCH', key, { status: 'ENABLED' })).status).toBe(204);
    expect(await works()).toBe(true);
    expect((await call('DELETE', key)).status).toBe(204);
    expect(await works()).toBe(false);
    expect((await call('DELETE', key)).status).toBe(404);
    expect((await call('PATCH', key, { status: 'ENABLED' })).status).toBe(404);
  });

  test('can be the fourth of its account only after another is deleted', async () => {
    const below = `/${sandbox.env.APS_SSA_ID}/keys`;
    const kids = [await call('POST', below), await call('POST', below)].map(({ body }) => body.kid);
    expect(await call('POST', below)).toMatchObject({ status: 403, body: { error: 'limit_exceeded' } });
    await call('DELETE', `${below}/${kids[0]}`);
    expect((await call('POST', below)).status).toBe(201);
  });

  test('of a disabled account cannot be managed', async () => {
    const { id, kid } = demoAccount(sandbox);
    await call('PATCH', `/${id}`, { status: 'DISABLED' });
    expect((await call('GET', `/${id}/keys`)).status).toBe(400);
    expect((await call('POST', `/${id}/keys`)).status).toBe(400);
    expect((await call('PATCH', `/${id}/keys/${kid}`, { status: 'DISABLED' })).status).toBe(400);
    expect((await call('DELETE', `/${id}/keys/${kid}`)).status).toBe(400);
  });
});

describe('a request is refused', () => {
  const calls: Array<[string, string, string]> = [
    ['POST', '', 'application:service_account:write'],
    ['GET', '', 'application:service_account:read'],
    ['GET', '/x', 'application:service_account:read'],
    ['PATCH', '/x', 'application:service_account:write'],
    ['DELETE', '/x', 'application:service_account:write'],
    ['POST', '/x/keys', 'application:service_account_key:write'],
    ['GET', '/x/keys', 'application:service_account_key:read'],
    ['PATCH', '/x/keys/y', 'application:service_account_key:write'],
    ['DELETE', '/x/keys/y', 'application:service_account_key:write'],
  ];

  test.each(calls)('%s %s without %s', async (method, below, scope) => {
    const rest = await accessToken(sandbox, scopes.filter((each) => each !== scope).join(' '));
    const body = method === 'PATCH' ? { status: 'DISABLED' } : method === 'POST' ? names : undefined;
    expect(await call(method, below, body, rest)).toMatchObject({
      status: 403,
      body: { errorCode: 'AUTH-010' },
    });
    expect((await call(method, below, body, 'garbled')).status).toBe(401);
  });

  test('401 with a three-legged token', async () => {
    const threeLegged = await serviceAccountToken(sandbox, clock, scopes.join(' '));
    expect((await call('GET', '', undefined, threeLegged)).status).toBe(401);
  });

  test('403 for an application that is not server-to-server', async () => {
    const theirs = await accessToken(sandbox, scopes.join(' '), withoutApis);
    expect(await call('POST', '', names, theirs)).toMatchObject({
      status: 403,
      body: { error: 'invalid_client' },
    });
  });
});
