// What a service account has access to: nothing, until somebody invites it.
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { assertion, exchange, serviceAccountToken } from './assertion-calls.ts';
import { accessToken, get, json } from './calls.ts';
import { namesOf, projectsOf, readerOf } from './documents.ts';

const sandbox = await startSandbox({ regionWarnings: true });
afterAll(() => sandbox.close());
const { read, refusal } = readerOf(sandbox, await serviceAccountToken(sandbox));
const seen = ['Sandbox Construction', 'Sandbox Europe'];

const created = z.object({ serviceAccountId: z.string(), email: z.string() });
const key = z.object({ kid: z.string(), privateKey: z.string() });
let count = 0;

/** A new service account of the demo application, and a token for it. */
async function newAccount() {
  const scope = 'application:service_account:write application:service_account_key:write';
  const authorization = `Bearer ${await accessToken(sandbox, scope)}`;
  const create = async (path: string, body: unknown) => {
    const url = `${sandbox.url}/authentication/v2/service-accounts${path}`;
    return (
      await fetch(url, { method: 'POST', headers: { authorization }, body: JSON.stringify(body) })
    ).json();
  };
  count += 1;
  const names = { name: `night-${count}`, firstName: 'Night', lastName: 'Shift' };
  const { serviceAccountId: id, email } = created.parse(await create('', names));
  const account = { id, ...key.parse(await create(`/${id}/keys`, {})) };
  const answer = await exchange(sandbox, await assertion(sandbox, Date.now(), {}, {}, account));
  return { id, email, token: String((await json(answer)).access_token) };
}

const invite = (body: unknown) =>
  fetch(`${sandbox.url}/_sandbox/invite`, { method: 'POST', body: JSON.stringify(body) });

test('the service account that the sandbox starts with is invited', async () => {
  expect(namesOf((await read('/project/v1/hubs')).list)).toEqual(seen);
});

describe('a new service account', () => {
  test('sees no hub, and cannot open one', async () => {
    const { token } = await newAccount();
    const { list, meta } = await read('/project/v1/hubs', token);
    expect(list).toEqual([]);
    expect(meta?.warnings.map((each) => each.HttpStatusCode)).toEqual(['401', '401', '403', '401']);
    for (const path of [`/project/v1/hubs/${demoHubs.europe}`, projectsOf(demoHubs.europe)])
      expect(await refusal(path, token)).toEqual({ status: 403, code: 'BIM360DM_ERROR' });
  });

  test.each(['id', 'email'] as const)('sees the hubs after an invitation by its %s', async (which) => {
    const account = await newAccount();
    const answer = await invite({ account: account[which] });
    expect(answer.status).toBe(200);
    expect(await json(answer)).toEqual({
      id: account.id,
      email: account.email,
      hubs: [...seen, 'Sandbox Pacific'],
    });
    expect(namesOf((await read('/project/v1/hubs', account.token)).list)).toEqual(seen);
    const uninvited = await newAccount();
    expect((await read('/project/v1/hubs', uninvited.token)).list).toEqual([]);
  });

  test('can be invited by the program that started the sandbox', async () => {
    const { email, token } = await newAccount();
    expect(sandbox.inviteServiceAccount(email)).toMatchObject({ email });
    expect(namesOf((await read('/project/v1/hubs', token)).list)).toEqual(seen);
  });
});

test('nobody else can be invited, and the refusal says so', async () => {
  const answer = await invite({ account: 'nobody@example.com' });
  expect(answer.status).toBe(404);
  expect(await json(answer)).toEqual({ problem: expect.stringContaining('nobody@example.com') });
  expect((await invite({})).status).toBe(400);
  expect(() => sandbox.inviteServiceAccount('nobody')).toThrow('nobody');
});

test('an account from another sandbox counts as invited', async () => {
  const { APS_SSA_KEY_BASE64 = '' } = sandbox.env;
  const known = {
    id: 'KNOWNACCOUNT',
    kid: 'known-key',
    privateKey: Buffer.from(APS_SSA_KEY_BASE64, 'base64').toString(),
  };
  const adopting = await startSandbox({ serviceAccount: known });
  try {
    const token = await serviceAccountToken(adopting);
    expect(adopting.env.APS_SSA_ID).toBe(known.id);
    expect(namesOf((await readerOf(adopting, token).read('/project/v1/hubs')).list)).toEqual(seen);
  } finally {
    await adopting.close();
  }
});

test('a deleted service account leaves no valid token', async () => {
  const { id, token } = await newAccount();
  await invite({ account: id });
  expect((await get(sandbox, '/project/v1/hubs', token)).status).toBe(200);
  const authorization = `Bearer ${await accessToken(sandbox, 'application:service_account:write')}`;
  const url = `${sandbox.url}/authentication/v2/service-accounts/${id}`;
  expect((await fetch(url, { method: 'DELETE', headers: { authorization } })).status).toBe(204);
  for (const path of ['/project/v1/hubs', '/userinfo']) {
    const answer = await get(sandbox, path, token);
    expect([answer.status, (await json(answer)).errorCode]).toEqual([401, 'AUTH-006']);
  }
});
