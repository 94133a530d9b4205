// How a sign-in ends, and how it does not: by the person's will and APS's final no, and never by trouble that passes.
import { afterEach, describe, expect, test } from 'vitest';
import { later, minutes, now, seconds } from '../../../../support/clock.ts';
import { closing } from '../../../../support/closing.ts';
import {
  askToken,
  call,
  codeForm,
  newTokens,
  refreshForm,
  type Tokens,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { alice, benji } from '../../../../support/people.ts';
import { startRecordingAps } from '../../../../support/recording-aps.ts';
import { startSandbox } from '../../../../support/sandbox.ts';
import { serveAutodesk } from '../../../../support/serving-autodesk.ts';
import { atAutodesk } from '../../../../support/signing-in.ts';
import { until } from '../../../../support/until.ts';

const keep = closing();
const sandbox = keep(await startSandbox({ now }));
const aps = keep(await startRecordingAps(sandbox));
const served = keep(
  await serveAutodesk({ ...sandbox, url: aps.url, env: { ...sandbox.env, APS_BASE_URL: aps.url } }),
);

afterEach(() => {
  sandbox.trouble.reset();
  aps.refusesRenewals = false;
});

const renewals = () => sandbox.requests.filter((it) => it.grant === 'refresh_token').map((it) => it.status);
const renew = (tokens: Tokens) => askToken(served, refreshForm(tokens));

/** Somebody signed in so long ago that the next renewal of the client needs one at APS. The clock stands. */
async function signedInAWhileAgo(): Promise<Tokens> {
  later(0);
  const tokens = await newTokens(served);
  later(59 * minutes);
  sandbox.requests.length = 0;
  return tokens;
}

const goodNow = { status: 200 };
const notNow = {
  status: 503,
  json: {
    error: 'temporarily_unavailable',
    error_description: expect.stringMatching(/APS.+again in (a minute|3600 seconds)/),
  },
};
const unreachable = {
  status: 503,
  json: {
    error: 'temporarily_unavailable',
    error_description: expect.stringMatching(/^APS did not answer.+Check the network.+then try again/),
  },
};

describe('the APS token', () => {
  test('is renewed when the client renews its own, once for all clients of a person', async () => {
    later(0);
    const clients = [await newTokens(served), await newTokens(served), await newTokens(served)];
    later(59 * minutes);
    sandbox.requests.length = 0;
    for (const answer of await Promise.all(clients.map(renew))) expect(answer).toMatchObject(goodNow);
    expect(renewals()).toEqual([200]);
  });

  test('that APS refuses in the middle of twenty calls is renewed once, and all answer', async () => {
    const { access } = await newTokens(served);
    sandbox.requests.length = 0;
    expect(sandbox.revokeAccessTokens()).toBeGreaterThan(0);
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(served, access)));
    for (const { body } of answers) expect(body).toContain(alice.hubs[0]);
    expect(renewals()).toEqual([200]);
  });
});

describe('a person who withdrew their consent at Autodesk', () => {
  test('is told so by the tool, and the next request makes the client sign in again', async () => {
    const tokens = await newTokens(served);
    const his = await newTokens(served, { person: atAutodesk(benji) });
    sandbox.revokeUserTokens(alice.userId);
    const told = await call(served, tokens.access);
    expect(told.body).toMatch(/Autodesk account.*Sign in again/);
    expect(told.body).toContain('"isError":true');
    expect(await call(served, tokens.access)).toMatchObject({ status: 401 });
    expect(await renew(tokens)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await call(served, his.access)).toMatchObject(goodNow);
    expect((await call(served, (await newTokens(served)).access)).body).toContain(alice.hubs[0]);
  });

  test('is noticed when the client renews its tokens', async () => {
    const tokens = await signedInAWhileAgo();
    sandbox.revokeUserTokens(alice.userId);
    expect(await renew(tokens)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await call(served, tokens.access)).toMatchObject({ status: 401 });
  });
});

describe('a person who signs out', () => {
  test('is signed out in each of their clients, and nobody else is', async () => {
    const [one, other] = [await newTokens(served), await newTokens(served)];
    const his = await newTokens(served, { person: atAutodesk(benji) });
    expect((await call(served, one.access, 'sign_out')).body).toContain('was revoked');
    for (const tokens of [one, other]) {
      expect(await call(served, tokens.access)).toMatchObject({ status: 401 });
      expect(await renew(tokens)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    }
    expect(await call(served, his.access)).toMatchObject(goodNow);
  });

  test('is signed out for good in a client from before, also after they sign in with another', async () => {
    const before = await newTokens(served);
    await call(served, before.access, 'sign_out');
    await newTokens(served);
    expect(await call(served, before.access)).toMatchObject({ status: 401 });
    expect(await renew(before)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });
});

describe('nobody is signed out by trouble of APS', () => {
  test.each([{ status: 503 }, { status: 429, retryAfter: '3600' }, { drop: 'before' }] as const)(
    'and a client that comes for its first tokens can try again with the same code (%j)',
    async (failAll) => {
      const form = await codeForm(served);
      sandbox.trouble.set({ failAll });
      for (let times = 0; times < 2; times += 1)
        expect(await askToken(served, form)).toMatchObject({
          status: 503,
          json: {
            error: 'temporarily_unavailable',
            error_description: expect.stringMatching(/^APS .*again/),
          },
        });
      sandbox.trouble.reset();
      expect(await askToken(served, form)).toMatchObject(goodNow);
    },
  );

  test('but it must begin anew if APS takes the code, and then does not say whose account it is', async () => {
    const form = await codeForm(served);
    // The token endpoint answers at the fifth attempt; whose token it is, not even then.
    const fault = { status: 503 } as const;
    sandbox.trouble.set({ sequence: [fault, fault, fault, fault] });
    const taken = () => sandbox.requests.some((it) => it.grant === 'authorization_code' && it.status === 200);
    sandbox.requests.length = 0;
    const answer = askToken(served, form);
    await until(taken);
    sandbox.trouble.set({ failAll: fault });
    expect(await answer).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant', error_description: expect.stringMatching(/APS.*account/) },
    });
    sandbox.trouble.reset();
    expect(await askToken(served, form)).toMatchObject({ json: { error: 'invalid_grant' } });
  });

  test('while a client renews its tokens: it is told to try again, and succeeds when it does', async () => {
    const tokens = await signedInAWhileAgo();
    sandbox.trouble.set({ failAll: { drop: 'before' } });
    expect(await renew(tokens)).toMatchObject(unreachable);
    sandbox.trouble.reset();
    expect(await renew(tokens)).toMatchObject(goodNow);
  });

  test.each([{ status: 503 }, { status: 429, retryAfter: '3600' }] as const)(
    'while a client renews its tokens: it is told to try again (%j), and succeeds when it does',
    async (failAll) => {
      const tokens = await signedInAWhileAgo();
      sandbox.trouble.set({ failAll });
      expect(await renew(tokens)).toMatchObject(notNow);
      sandbox.trouble.reset();
      expect(await renew(tokens)).toMatchObject(goodNow);
    },
  );

  test('while a client renews its tokens: it may try again a minute later, as it is told', async () => {
    const tokens = await signedInAWhileAgo();
    sandbox.trouble.set({ failAll: { drop: 'before' } });
    expect(await renew(tokens)).toMatchObject(unreachable);
    sandbox.trouble.reset();
    later(minutes);
    expect(await renew(tokens)).toMatchObject(goodNow);
  });

  test('while a client calls a tool', async () => {
    const tokens = await newTokens(served);
    sandbox.trouble.set({ failAll: { status: 429, retryAfter: '3600' } });
    expect((await call(served, tokens.access)).body).toContain('"isError":true');
    sandbox.trouble.reset();
    expect((await call(served, tokens.access)).body).toContain(alice.hubs[0]);
    expect((await call(served, (await tokensFor(served, refreshForm(tokens))).access)).body).toContain('hub');
  });
});

test('whose renewals a gateway refuses for a quarter of an hour must sign in again, until one succeeds', async () => {
  later(0);
  sandbox.trouble.set({ tokenLifetimeSeconds: 61 });
  const tokens = await newTokens(served);
  later(2 * seconds);
  aps.refusesRenewals = true;
  for (const wait of [0, 5, 10]) {
    later(wait * minutes);
    expect((await call(served, tokens.access)).body).toContain('"isError":true');
  }
  expect(await call(served, tokens.access)).toMatchObject({ status: 401 });
  expect(await renew(tokens)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  aps.refusesRenewals = false;
  expect(await call(served, tokens.access)).toMatchObject({ status: 401 });
  later(minutes);
  expect(await renew(tokens)).toMatchObject(goodNow);
  expect((await call(served, tokens.access)).body).toContain(alice.hubs[0]);
});
