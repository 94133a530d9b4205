// Signing in as a service account: what the assertion says, how often it is used, and what refusals mean.
import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { decodeJwt, jwtVerify } from 'jose';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ApsError } from '../../../lib/aps/errors.ts';
import { localUser } from '../../../lib/caller.ts';
import type { TokenSource } from '../../../lib/token-source.ts';
import { apsErrorOf } from '../../support/aps-calls.ts';
import { closing } from '../../support/closing.ts';
import { always, type LocalServer, startLocalServer } from '../../support/local-server.ts';
import { type Fault, type Sandbox, startSandbox } from '../../support/sandbox.ts';
import { everythingOf } from '../../support/secrets.ts';
import { accountIn, administer, serviceAccountSource } from '../../support/service-accounts.ts';
import { hasty } from '../../support/serving.ts';

const keep = closing();
const start = Date.UTC(2026, 0, 5, 9, 0, 0, 500);
const minute = 60_000;
let clock = start;
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox({ now: () => clock }));
});
afterEach(() => {
  clock += 10 * minute;
  sandbox.trouble.reset();
  sandbox.requests.length = 0;
});

const tokenRequests = () => sandbox.requests.filter(({ path }) => path === '/authentication/v2/token');

function source(changes: Parameters<typeof serviceAccountSource>[1] = {}): TokenSource {
  return serviceAccountSource(sandbox, { now: () => clock, ...changes });
}

/** A token endpoint that keeps what it is sent, and answers with `statuses` in turn, the last of them for ever. */
async function tokenEndpoint(
  ...statuses: [number, ...number[]]
): Promise<LocalServer & { bodies: string[] }> {
  const bodies: string[] = [];
  const server = await startLocalServer(async (request, response) => {
    bodies.push(await text(request));
    const status = statuses[bodies.length - 1] ?? statuses.at(-1);
    const token = { access_token: 'a-token', token_type: 'Bearer', expires_in: 3599 };
    always(status === 200 ? token : {}, status)(request, response);
  });
  return keep({ ...server, bodies });
}

const formsIn = ({ bodies }: { bodies: string[] }) => bodies.map((body) => new URLSearchParams(body));
const assertionsIn = (endpoint: { bodies: string[] }) =>
  formsIn(endpoint).map((form) => form.get('assertion') ?? '');

describe('the assertion', () => {
  test('is signed with RS256, and says who asks, as whom, where, for what, and for how long', async () => {
    const endpoint = await tokenEndpoint(200);
    const account = { ...accountIn(sandbox), scopes: ['data:read', 'data:write'], now: () => clock };
    expect(await source({ ...account, baseUrl: endpoint.url }).get(localUser)).toBe('a-token');
    const [assertion = ''] = assertionsIn(endpoint);
    const { payload, protectedHeader } = await jwtVerify(assertion, createPublicKey(account.privateKey), {
      currentDate: new Date(clock),
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: sandbox.env.APS_SSA_KEY_ID });
    expect(payload).toMatchObject({
      iss: sandbox.env.APS_CLIENT_ID,
      sub: sandbox.env.APS_SSA_ID,
      aud: `${endpoint.url}/authentication/v2/token`,
      scope: ['data:read', 'data:write'],
      jti: expect.any(String),
    });
    const lifetime = (payload.exp ?? 0) - clock / 1000;
    expect(lifetime).toBeGreaterThan(60);
    expect(lifetime).toBeLessThanOrEqual(300);
  });

  test('goes to the token endpoint with the grant type and, in a header, the application’s credentials', async () => {
    const endpoint = await tokenEndpoint(200);
    await source({ baseUrl: endpoint.url }).get(localUser);
    const credentials = `${sandbox.env.APS_CLIENT_ID}:${sandbox.env.APS_CLIENT_SECRET}`;
    expect(endpoint.requests).toMatchObject([{ method: 'POST', target: '/authentication/v2/token' }]);
    expect(endpoint.requests[0]?.headers.authorization).toMatch(/^Basic /);
    const sent = endpoint.requests[0]?.headers.authorization?.slice('Basic '.length) ?? '';
    expect(decodeURIComponent(Buffer.from(sent, 'base64').toString())).toBe(credentials);
    const [form] = formsIn(endpoint);
    expect([...(form?.keys() ?? [])].sort()).toEqual(['assertion', 'grant_type']);
    expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
  });

  test('gets a token that acts for the service account, with the scopes that are needed', async () => {
    const token = await source({ scopes: ['data:read', 'account:read'] }).get(localUser);
    expect(decodeJwt(token)).toMatchObject({
      userid: sandbox.env.APS_SSA_ID,
      scope: ['data:read', 'account:read'],
    });
  });

  test('is a fresh one for every exchange', async () => {
    const endpoint = await tokenEndpoint(200);
    const tokens = source({ baseUrl: endpoint.url });
    for (let round = 0; round < 3; round += 1) tokens.drop(localUser, await tokens.get(localUser));
    const sent = assertionsIn(endpoint);
    expect(new Set(sent).size).toBe(3);
    expect(new Set(sent.map((assertion) => decodeJwt(assertion).jti)).size).toBe(3);
  });

  test('is a fresh one, dated anew, for every retry', async () => {
    const endpoint = await tokenEndpoint(503, 429, 200);
    const backoff = () => {
      clock += 20_000;
      return 0;
    };
    await source({ baseUrl: endpoint.url, retryPolicy: { backoff } }).get(localUser);
    const sent = assertionsIn(endpoint).map((assertion) => decodeJwt(assertion));
    expect(new Set(sent.map(({ jti }) => jti)).size).toBe(3);
    const [first = 0, second = 0, third = 0] = sent.map(({ exp }) => exp);
    expect([second - first, third - second]).toEqual([20, 20]);
    expect(formsIn(endpoint).map((form) => form.get('grant_type'))).toEqual(
      Array(3).fill('urn:ietf:params:oauth:grant-type:jwt-bearer'),
    );
  });

  const faults: Fault[] = [
    { status: 503 },
    { status: 429, retryAfter: '0' },
    { drop: 'before' },
    { drop: 'midway' },
  ];
  test.each(faults)('that met %j is not sent again: another is, and is no replay', async (fault) => {
    sandbox.trouble.set({ sequence: [fault, fault] });
    expect(await source().get(localUser)).toMatch(/^eyJ/);
    expect(tokenRequests().map(({ status }) => status)).toEqual([
      ...Array(2).fill('status' in fault ? fault.status : 0),
      200,
    ]);
  });
});

// How a token is shared and renewed is the same for every source: see client-credentials.test.ts.
test('200 calls at once cause one exchange, and its token is good until 60 seconds before it expires', async () => {
  const tokens = source();
  const given = await Promise.all(Array.from({ length: 200 }, (_, id) => tokens.get({ id: `caller ${id}` })));
  expect(new Set(given).size).toBe(1);
  clock += 3_599_000 - minute - 1;
  expect(await tokens.get(localUser)).toBe(given[0]);
  expect(tokenRequests()).toMatchObject([{ status: 200 }]);
  clock += 1;
  const second = await tokens.get(localUser);
  expect(second).not.toBe(given[0]);
  tokens.drop(localUser, second);
  expect(await tokens.get(localUser)).not.toBe(second);
  expect(tokenRequests()).toHaveLength(3);
});

describe('a refusal', () => {
  const another = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

  /** A sandbox of the test's own: what happens to its account is nobody else's concern. */
  async function ownSandbox() {
    const own = await startSandbox({ now: () => clock });
    onTestFinished(() => own.close());
    const account = `/${own.env.APS_SSA_ID}`;
    return { own, account, key: `${account}/keys/${own.env.APS_SSA_KEY_ID}` };
  }

  async function expectAdvice(tokens: TokenSource): Promise<void> {
    const error = await apsErrorOf(tokens.get(localUser));
    expect(error).toMatchObject({ status: 400, code: 'invalid_grant', requestId: expect.any(String) });
    expect(error.message).toContain('refused');
    for (const part of ['APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64', 'npm run ssa:setup -- --list'])
      expect(error.advice).toContain(part);
    expect(error.message).toContain(error.advice);
  }

  test.each<[string, Parameters<typeof source>[0]]>([
    ['of a key that is another account’s', { privateKey: another }],
    ['of a key id that is wrong', { keyId: randomUUID() }],
    ['of an account id that is wrong', { accountId: 'SBXUSERALICE' }],
  ])('%s says what belongs together, and how to see it', async (_what, changes) => {
    await expectAdvice(source(changes));
    expect(tokenRequests()).toHaveLength(1);
  });

  test('of an account that was disabled says so, and ends when it is enabled', async () => {
    const { own, account } = await ownSandbox();
    const tokens = serviceAccountSource(own, { now: () => clock });
    expect(await administer(own, 'PATCH', account, { status: 'DISABLED' })).toMatchObject({ status: 200 });
    await expectAdvice(tokens);
    await administer(own, 'PATCH', account, { status: 'ENABLED' });
    expect(await tokens.get(localUser)).toMatch(/^eyJ/);
  });

  test('of a key that was disabled says so', async () => {
    const { own, key } = await ownSandbox();
    expect(await administer(own, 'PATCH', key, { status: 'DISABLED' })).toMatchObject({ status: 204 });
    await expectAdvice(serviceAccountSource(own, { now: () => clock }));
  });

  test('of an account that was deleted says so', async () => {
    const { own, account } = await ownSandbox();
    expect(await administer(own, 'DELETE', account)).toMatchObject({ status: 204 });
    await expectAdvice(serviceAccountSource(own, { now: () => clock }));
  });

  test('of a secret that is wrong speaks of the secret', async () => {
    const error = await apsErrorOf(source({ clientSecret: 'wrong' }).get(localUser));
    expect(error).toMatchObject({ status: 401 });
    expect(error.advice).toMatch(/APS_CLIENT_ID.+APS_CLIENT_SECRET/);
    expect(tokenRequests()).toHaveLength(1);
  });

  test('of a scope that APS does not know speaks of scopes', async () => {
    const error = await apsErrorOf(source({ scopes: ['data:fly'] }).get(localUser));
    expect(error).toMatchObject({ code: 'invalid_scope' });
    expect(error.message).toContain('data:fly');
  });
});

describe('a clock', () => {
  test.each([-149, -120, 120, 150])('that differs by %i seconds does no harm', async (seconds) => {
    expect(await source({ now: () => clock + seconds * 1000 }).get(localUser)).toMatch(/^eyJ/);
  });

  test.each([
    [4, '4 minutes ahead'],
    [-4, '4 minutes behind'],
    [75, '75 minutes ahead'],
    [-720, '720 minutes behind'],
  ])('that is %i minutes off is what the error names', async (minutes, words) => {
    const error = await apsErrorOf(source({ now: () => clock + minutes * minute }).get(localUser));
    expect(error).toMatchObject({ status: 400, code: 'invalid_grant' });
    expect(error.message).toMatch(new RegExp(`clock .*${words}.* APS`));
    expect(error.advice).toContain('Set the clock');
    expect(error.message).not.toContain('APS_SSA_ID');
  });

  test('that is wrong is noticed with the real clock, too', async () => {
    const real = keep(await startSandbox());
    const error = await apsErrorOf(
      serviceAccountSource(real, { now: () => Date.now() - 30 * minute }).get(localUser),
    );
    expect(error.message).toMatch(/clock .*30 minutes behind.* APS/);
  });

  test('that is right is not blamed for a refusal', async () => {
    const error = await apsErrorOf(source({ keyId: randomUUID() }).get(localUser));
    expect(error.message).not.toContain('clock');
  });
});

describe('silent', () => {
  const secret = 'S3cr3t-0815-that-nobody-may-see';
  const pem = () => Buffer.from(sandbox.env.APS_SSA_KEY_BASE64 ?? '', 'base64').toString();

  function expectSilence(error: ApsError): void {
    const shown = everythingOf(error);
    expect(shown).not.toMatch(/eyJ[\w-]{8}|Basic |assertion=|PRIVATE KEY/);
    const keyLines = pem().split('\n').slice(1, 4);
    for (const spelling of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').slice(0, 16),
      sandbox.env.APS_CLIENT_SECRET ?? '',
      sandbox.env.APS_SSA_KEY_BASE64?.slice(64, 128) ?? '',
      ...keyLines,
    ]) {
      expect(spelling).not.toBe('');
      expect(shown).not.toContain(spelling);
    }
    expect(error.advice).not.toBe('');
  }

  test.each<[string, () => Parameters<typeof source>[0]]>([
    ['a wrong secret', () => ({ clientSecret: secret })],
    ['a wrong key id', () => ({ keyId: randomUUID() })],
    ['a wrong clock', () => ({ now: () => clock + 10 * minute })],
    ['a wrong address', () => ({ baseUrl: `${sandbox.url}/nowhere` })],
  ])('%s is an error without secret, key or assertion', async (_what, changes) => {
    expectSilence(await apsErrorOf(source(changes()).get(localUser)));
  });

  test.each<Fault>([{ status: 503 }, { drop: 'before' }, { drop: 'midway' }])(
    'so is %j without end',
    async (failAll) => {
      sandbox.trouble.set({ failAll });
      expectSilence(await apsErrorOf(source({ clientSecret: secret }).get(localUser)));
    },
  );

  test.each([
    ['never answers', () => {}],
    ['answers something else', always({ access_token: 7, echo: secret })],
    ['answers a page', always(`<html>${secret}</html>`, 200, { 'content-type': 'text/html' })],
    ['repeats what it was sent', always({ error: 'invalid_request', echo: secret }, 400)],
    ['sends elsewhere', always({}, 307, { location: 'http://127.0.0.1:9/' })],
  ])('so is an APS that %s', async (_what, answer) => {
    const server = keep(await startLocalServer(answer));
    const retryPolicy = { ...hasty, timeout: 50, retries: 1 };
    expectSilence(
      await apsErrorOf(source({ baseUrl: server.url, clientSecret: secret, retryPolicy }).get(localUser)),
    );
  });
});
