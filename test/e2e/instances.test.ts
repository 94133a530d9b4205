// Two instances of 3lo as programs, with a Redis of their own, taking turns behind nginx.
import type { Client } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test } from 'vitest';
import { connect, eras, newest } from '../support/clients.ts';
import { identifyAs } from '../support/identity.ts';
import { type Deployment, type Instance, startInstances } from '../support/instances.ts';
import { noNginx } from '../support/nginx.ts';
import { connectSigningIn } from '../support/oauth-client.ts';
import { connectBearing } from '../support/oidc.ts';
import { alice, benji } from '../support/people.ts';
import { noRedis, type Redis, startRedis } from '../support/redis.ts';
import { employees, type Sandbox, startSandbox } from '../support/sandbox.ts';
import { askedAddress, attended, open } from '../support/sign-in.ts';
import { atAutodesk, signInOn } from '../support/signing-in.ts';
import { hubsOf } from '../support/tool-results.ts';
import { openBrowser } from '../support/web-browser.ts';
import { describeWith } from '../support/with-programs.ts';

const secret = 'a-secret-that-the-instances-share-0815';

/** A person for each protocol era. */
const perEra = [
  ['legacy', alice],
  [{ pin: newest }, benji],
] as const;

type Shared = Deployment & { sandbox: Sandbox; redis: Redis; one: Instance; other: Instance };

/** Two instances, behind `url`, that share a store. */
async function deploy(
  options: readonly string[] = [],
  sandboxOptions: Parameters<typeof startSandbox>[0] = {},
): Promise<Shared> {
  const sandbox = await startSandbox({ rateLimits: false, ...sandboxOptions });
  onTestFinished(() => sandbox.close());
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const deployment = await startInstances(sandbox, ['3lo', ...options], {
    env: (url) => ({
      ...(options.includes('oidc') && sandbox.openIdEnv(`${url}/mcp`)),
      ...{ STORE_URL: redis.url, STORE_SECRET: secret, SESSION_SECRET: secret },
    }),
  });
  onTestFinished(() => deployment.close());
  const [one, other] = deployment.instances;
  if (!other) throw new Error('There must be two instances');
  return { ...deployment, sandbox, redis, one, other };
}

/** Calls more often than there are instances: nginx gives each a turn. */
async function expectOnBoth(client: Client, hubs: readonly string[]): Promise<void> {
  for (let call = 0; call < 4; call += 1) expect(await hubsOf(client)).toEqual(hubs);
}

describeWith('two instances with one store', [noRedis, noNginx], () => {
  test('a sign-in that was started at one and finished at the other counts at both, in both eras', async () => {
    const { sandbox, url, one, other } = await deploy();
    for (const [mode, { userId, hubs }] of perEra) {
      const client = await connect(url, mode);
      const asked = await askedAddress(await connect(one.url, mode));
      const back = await sandbox.signIn(asked, { userId });
      expect((await open(new URL(back.pathname + back.search, other.url))).status).toBe(200);
      await expectOnBoth(client, hubs);
      await client.callTool({ name: 'sign_out' });
      expect(await askedAddress(await connect(one.url, mode))).toContain('/authorize?');
      expect(await askedAddress(await connect(other.url, mode))).toContain('/authorize?');
    }
  });

  test('a call that waits at one is answered when its person has signed in at the other', async () => {
    const { sandbox, one, other } = await deploy();
    const client = await attended(one, { pin: newest }, async (address): Promise<'accept'> => {
      // The client is told at once that its person has agreed, and the call waits.
      void sandbox
        .signIn(address, { userId: alice.userId })
        .then((back) => open(new URL(back.pathname + back.search, other.url)));
      return 'accept';
    });
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('with oidc, people of the company sign in at either, and call at both', async () => {
    const { sandbox, url, one, other } = await deploy(['--client-auth', 'oidc']);
    const token = await sandbox.openIdToken({ user: employees[0].sub, audience: `${url}/mcp` });
    for (const [, mode] of eras) {
      const client = await connectBearing(url, mode, token);
      const asked = await askedAddress(await connectBearing(one.url, mode, token));
      const browser = openBrowser();
      const atApsPage = await identifyAs(browser, asked, employees[0]);
      const page = await signInOn(atApsPage, browser, benji.userId);
      expect(page.status).toBe(200);
      await expectOnBoth(client, benji.hubs);
      await expectOnBoth(await connectBearing(other.url, mode, token), benji.hubs);
      await client.callTool({ name: 'sign_out' });
    }
  });

  test('with autodesk, clients sign in, renew and call, whoever answers', async () => {
    const { url } = await deploy(['--client-auth', 'autodesk']);
    for (const [mode, person] of perEra) {
      const client = await connectSigningIn(url, mode, atAutodesk(person));
      await expectOnBoth(client, person.hubs);
    }
  });

  test('of 200 calls of 20 people whose tokens have expired, each person has one renewal, and nobody is signed out', async () => {
    const users = Array.from({ length: 20 }, (_, index) => ({
      ...{ userId: `PERSON${index}`, name: `Person ${index}`, email: `person${index}@works.example` },
    }));
    const { sandbox, url } = await deploy(['--client-auth', 'autodesk'], { users });
    sandbox.trouble.set({ tokenLifetimeSeconds: 60 });
    const clients = await Promise.all(
      users.map((user) => connectSigningIn(url, { pin: newest }, atAutodesk(user))),
    );
    sandbox.trouble.set({ tokenLifetimeSeconds: 3599 });
    const before = sandbox.requests.length;
    const calls = Array.from({ length: 200 }, (_, index) => clients[index % clients.length]);
    const answers = await Promise.all(calls.map((client) => client?.callTool({ name: 'list_hubs' })));
    expect(answers.filter((answer) => answer?.isError)).toEqual([]);
    const renewals = sandbox.requests.slice(before).filter(({ path }) => path.endsWith('/token'));
    expect(renewals.map(({ status }) => status)).toEqual(users.map(() => 200));
  });
});
