// Hundreds of grants that end while tokens are issued and renewed, at two instances over a store that takes its time: whatever
// comes first, none outlives its end.
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ApsError } from '../../../../../lib/aps/errors.ts';
import { accountSignIn } from '../../../../../lib/aps-sign-in/account-sign-in.ts';
import { digest } from '../../../../../lib/digest.ts';
import { randomKeys } from '../../../../../lib/sealed.ts';
import { createAllowedUsers } from '../../../../../lib/serve/client-sign-in/allowed-users.ts';
import { createClientAuthentication } from '../../../../../lib/serve/client-sign-in/autodesk/client-authentication.ts';
import { createCodes } from '../../../../../lib/serve/client-sign-in/autodesk/codes.ts';
import { createGrants } from '../../../../../lib/serve/client-sign-in/autodesk/grants.ts';
import { tokenRoutes } from '../../../../../lib/serve/client-sign-in/autodesk/token.ts';
import { minutes, seconds } from '../../../../support/clock.ts';
import { closing } from '../../../../support/closing.ts';
import { distantStore, randomFrom } from '../../../../support/distant-store.ts';
import { inFull } from '../../../../support/in-full.ts';
import { newPkce } from '../../../../support/oauth-requests.ts';

const keep = closing();
const many = inFull(1000);
const some = inFull(200);
/** The most that an operation of the store takes, in milliseconds. */
const longest = 20;
const seed = Date.now() % 2 ** 31;
const random = randomFrom(seed);
const store = keep(distantStore(random, longest));
let passed = 0;
const now = () => Date.now() + passed;

const origin = 'http://localhost:5002';
const redirectUri = 'http://localhost/callback';
const clientId = 'a-client';
const keys = randomKeys();
const codes = createCodes(keys, now);

const taken = new Set<string>();
/** What is to happen while a code is redeemed. */
const meanwhile = new Map<string, () => Promise<unknown>>();

/** Redeems each code once, as APS does, and says that it is for the account of that name. */
async function redeem(code: string) {
  await wait(random() * longest);
  const isFirst = !taken.has(code);
  taken.add(code);
  await wait(random() * longest);
  if (!isFirst) throw new ApsError('APS refused', { code: 'invalid_grant', advice: 'Sign in again.' });
  return { access_token: code, expires_in: 3600, refresh_token: `refresh ${code}` };
}

/** An instance of the authorization server: what it keeps for itself is its own, the store and the keys are not. */
function instance() {
  const accounts = {
    ...accountSignIn({
      ...{ clientId: 'an-id', clientSecret: 'a-secret', baseUrl: 'http://localhost', scopes: ['data:read'] },
      ...{ callbackUrl: `${origin}/callback`, store, now },
    }),
    redeem,
    async accountOf({ access_token: sub }: { access_token: string }) {
      await meanwhile.get(sub)?.();
      return { sub };
    },
  };
  const grants = createGrants({
    ...{ keys, issuer: origin, resource: `${origin}/mcp`, scopes: ['data:read'], store, now },
    ...{ grantLifetime: 24 * 3600, signInIdOf: accounts.signInIdOf },
  });
  const routes = tokenRoutes({
    ...{ resource: `${origin}/mcp`, codes, grants, accounts, registration: false, store },
    allowedUsers: createAllowedUsers(undefined),
    clients: {
      find: async (id) => ({ id, name: 'A Client', redirectUris: [redirectUri] }),
      register: async () => ({}),
    },
    authentication: createClientAuthentication([origin], async () => ({}), store),
  });
  return { routes, grants };
}
const instances = [instance(), instance()] as const;
const anyOf = () => instances[random() < 0.5 ? 0 : 1];

const tokensSchema = z.object({ access_token: z.string(), refresh_token: z.string() });
type Tokens = z.infer<typeof tokensSchema>;

/** Asks for tokens, at one instance or the other, after a while. */
async function ask(form: Record<string, string>, after = 0, at = anyOf()): Promise<Tokens | undefined> {
  await wait(random() * after);
  const body = new URLSearchParams({ ...form, client_id: clientId });
  const answer = await at.routes.request('/oauth/token', { method: 'POST', body });
  return answer.status === 200 ? tokensSchema.parse(await answer.json()) : undefined;
}

const renewal = ({ refresh_token }: Tokens) => ({ grant_type: 'refresh_token', refresh_token });

/** The form of a client whose person has just signed in. */
async function codeForm(apsCode: string = crypto.randomUUID()): Promise<Record<string, string>> {
  const { verifier, challenge } = newPkce();
  const code = await codes.seal({
    ...{ code: apsCode, verifier: crypto.randomUUID(), client: digest(clientId), clientName: 'A Client' },
    ...{ redirectUri: digest(redirectUri), codeChallenge: challenge },
  });
  return { grant_type: 'authorization_code', redirect_uri: redirectUri, code, code_verifier: verifier };
}

async function signedIn(): Promise<Tokens> {
  const tokens = await ask(await codeForm());
  if (!tokens) throw new Error('The code was refused');
  return tokens;
}

async function revoke(token: string, after = 0): Promise<void> {
  await wait(random() * after);
  const body = new URLSearchParams({ client_id: clientId, token });
  await anyOf().routes.request('/oauth/revoke', { method: 'POST', body });
}

/** Does something so many times, each time beginning a little later than the time before. */
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await wait(index / 2);
      return work(index);
    }),
  );

/** Whether anything works of what was handed out. The newest is last: it is tried first, since old ones end what lives. */
async function livesOn(given: readonly (Tokens | undefined)[]): Promise<boolean> {
  const tokens = given.filter((it) => it !== undefined);
  const verified = await Promise.allSettled(
    tokens.map(({ access_token }) => anyOf().grants.verify(access_token)),
  );
  if (verified.some(({ status }) => status === 'fulfilled')) return true;
  for (const each of tokens.toReversed()) if (await ask(renewal(each))) return true;
  return false;
}

async function expectNoneToLive(all: readonly (readonly (Tokens | undefined)[])[]): Promise<void> {
  const lives = await times(all.length, (index) => livesOn(all[index] ?? []));
  expect(lives.filter(Boolean), `of ${all.length}, with the seed ${seed}`).toHaveLength(0);
}

describe('no grant lives on', () => {
  test('of many whose code came twice, within the time that redeeming it takes', async () => {
    const given = await times(many, async () => {
      const form = await codeForm();
      return Promise.all([ask(form, 250), ask(form, 250)]);
    });
    await expectNoneToLive(given);
  });

  test('whose code came twice, while its first refresh token was used', async () => {
    const given = await times(some, async () => {
      const form = await codeForm();
      const first = await ask(form);
      if (!first) throw new Error('The code was refused');
      return [first, ...(await Promise.all([ask(renewal(first)), ask(form, 250)]))];
    });
    await expectNoneToLive(given);
  });

  test('of many whose used refresh token came again, while the next one was used', async () => {
    const before = await times(many, async () => {
      const first = await signedIn();
      const second = await ask(renewal(first));
      if (!second) throw new Error('The refresh token was refused');
      return [first, second] as const;
    });
    passed += 31 * seconds;
    const given = await times(many, async (index) => {
      const [first, second] = before[index] ?? [];
      if (!first || !second) throw new Error('Nobody signed in');
      return [first, second, ...(await Promise.all([ask(renewal(second)), ask(renewal(first), 250)]))];
    });
    await expectNoneToLive(given);
  });

  test('that its client revoked, while it was renewed', async () => {
    const given = await times(some, async () => {
      const first = await signedIn();
      const token = random() < 0.5 ? first.access_token : first.refresh_token;
      const [second] = await Promise.all([ask(renewal(first)), revoke(token, 250)]);
      return [first, second];
    });
    await expectNoneToLive(given);
  });
});

test.each([
  ['the same instance', instances[0]],
  ['another instance', instances[1]],
] as const)(
  'a code that comes again at %s while it is redeemed leaves nothing behind',
  async (_where, at) => {
    const sub = crypto.randomUUID();
    const form = await codeForm(sub);
    let again: Tokens | undefined;
    meanwhile.set(sub, async () => {
      again = await ask(form, 0, at);
    });
    expect([await ask(form, 0, instances[0]), again]).toEqual([undefined, undefined]);
    // Nor are the tokens of APS kept for the account.
    expect(await store.get(`tokens:${origin}#${sub}`)).toBeUndefined();
  },
);

test('and those that nobody ends live on', async () => {
  const given = await times(some, async () => [await signedIn()]);
  passed += minutes;
  const lives = await times(some, (index) => livesOn(given[index] ?? []));
  expect(lives.filter(Boolean)).toHaveLength(some);
});
