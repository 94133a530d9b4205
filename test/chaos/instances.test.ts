// Two instances behind nginx with one Redis, while they and Redis are killed and stand still: nobody who was signed in is signed
// out, but for renewals whose answer died with the instance that asked; and nobody ever sees what is another's.
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { randomFrom } from '../support/distant-store.ts';
import { type Instance, startInstances } from '../support/instances.ts';
import { noNginx } from '../support/nginx.ts';
import { askToken, call, newTokens, refreshForm, type Tokens } from '../support/oauth-requests.ts';
import { startRecordingAps } from '../support/recording-aps.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { startSandbox } from '../support/sandbox.ts';
import { atAutodesk } from '../support/signing-in.ts';
import { describeWith } from '../support/with-programs.ts';
import { createFaults } from './faults.ts';
import { createRenewals } from './renewals.ts';

/** In full, or as much as CI has time for. */
const faultCount = Number(process.env.CHAOS_FAULTS ?? 100);
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);
const secret = 'a-secret-that-the-instances-share-0815';

const people = Array.from({ length: 20 }, (_, index) => ({
  ...{ userId: `PERSON${index}`, name: `Person ${index}`, email: `person${index}@works.example` },
}));

/** Gives each request of an instance to APS a header that says which instance it is, and which life of it. */
const marked = (name: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(
    `const send = globalThis.fetch;
     globalThis.fetch = (input, init) => {
       const request = new Request(input, init);
       request.headers.set('x-instance', ${JSON.stringify(name)});
       return send(request);
     };`,
  )}`,
});

describeWith('while instances and Redis fail', [noRedis, noNginx], () => {
  test('nobody is signed out without an explanation, and nobody sees what is another’s', async () => {
    const hubs = people.map(({ userId, name }) => ({
      name: `Hub of ${name}`,
      members: [userId],
      projects: [],
    }));
    const sandbox = await startSandbox({ rateLimits: false, users: people, hubs, tokenLifetimeSeconds: 60 });
    onTestFinished(() => sandbox.close());
    const renewals = createRenewals();
    const aps = await startRecordingAps(sandbox, renewals.hear);
    onTestFinished(() => aps.close());
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const at = await startInstances(sandbox, ['3lo', '--client-auth', 'autodesk'], {
      env: (_url, index) => ({
        ...{ APS_BASE_URL: aps.url, STORE_URL: redis.url, STORE_SECRET: secret, SESSION_SECRET: secret },
        ...marked(`${index}.0`),
      }),
    });
    onTestFinished(() => at.close());

    const lives = new Map<Instance, number>(at.instances.map((instance) => [instance, 0]));
    const nameOf = (instance: Instance) => `${at.instances.indexOf(instance)}.${lives.get(instance)}`;
    const random = randomFrom(seed);
    const faults = createFaults(
      at.instances,
      redis,
      random,
      (instance) => {
        lives.set(instance, (lives.get(instance) ?? 0) + 1);
        return marked(nameOf(instance));
      },
      (instance) => renewals.killed(nameOf(instance)),
    );

    const sums = { answers: 0, refusals: 0, signIns: 0, signInsFailed: 0, clientRenewals: 0, signedOut: 0 };
    const wrong: string[] = [];
    const answered = new Set<string>();
    let ended = false;

    /** Signs in, as often as it takes. */
    async function signedIn(person: (typeof people)[number]): Promise<Tokens | undefined> {
      while (!ended) {
        try {
          const tokens = await newTokens(at, { person: atAutodesk(person) });
          sums.signIns += 1;
          return tokens;
        } catch {
          sums.signInsFailed += 1;
          await wait(200);
        }
      }
      return undefined;
    }

    /** Renews what a client has, as often as it takes; undefined if its person must sign in. */
    async function renewed(tokens: Tokens): Promise<Tokens | undefined> {
      while (!ended) {
        const answer = await askToken(at, refreshForm(tokens)).catch(() => undefined);
        if (answer?.status === 200) {
          sums.clientRenewals += 1;
          return {
            ...tokens,
            access: String(answer.json.access_token),
            refresh: String(answer.json.refresh_token),
          };
        }
        if (answer?.status === 400) return undefined;
        if (answer?.status === 500) wrong.push(`A renewal got 500: ${JSON.stringify(answer.json)}`);
        await wait(100);
      }
      return tokens;
    }

    /** What somebody's client does all the time. */
    async function live(person: (typeof people)[number]): Promise<void> {
      const own = `Hub of ${person.name}`;
      let tokens = await signedIn(person);
      for (let calls = 1; tokens && !ended; calls += 1) {
        const answer = await call(at, tokens.access).catch(() => undefined);
        const seen = [...(answer?.body.matchAll(/Hub of Person \d+(?!\d)/g) ?? [])].map(([hub]) => hub);
        const foreign = seen.filter((hub) => hub !== own);
        if (foreign.length > 0) wrong.push(`${person.name} saw ${foreign.join()}`);
        if (answer && /\n\s+at |node:internal/.test(answer.body)) wrong.push(`A stack: ${answer.body}`);
        if (answer?.status === 500) wrong.push(`A call got 500: ${answer.body}`);
        if (answer?.status === 200 && seen.includes(own)) {
          sums.answers += 1;
          answered.add(own);
        } else sums.refusals += 1;
        // A client renews when its token is refused, and now and then.
        if (answer?.status === 401 || calls % 10 === 0) tokens = await renewed(tokens);
        if (!tokens && !ended) {
          sums.signedOut += 1;
          tokens = await signedIn(person);
        }
        await wait(50 + random() * 100);
      }
    }

    const living = Promise.all(people.map(live));
    while (sums.signIns < people.length) await wait(50);
    const happened = new Map<string, number>();
    for (let count = 0; count < faultCount; count += 1) {
      await wait(300 + random() * 700);
      const what = await faults.next();
      happened.set(what, (happened.get(what) ?? 0) + 1);
    }
    // Whoever was signed out notices by then: the next renewal waits ten seconds for the one that died.
    answered.clear();
    await expect.poll(() => answered.size, { timeout: 60_000 }).toBe(people.length);
    ended = true;
    await living;

    const lost = renewals.lost();
    const summary = [
      `seed ${seed}: ${[...happened].map(([what, count]) => `${what} ${count} times`).join(', ')}`,
      `${sums.answers} answers, ${sums.refusals} refusals, ${sums.signIns} sign-ins (${sums.signInsFailed} attempts failed)`,
      `${renewals.count} renewals at APS, ${renewals.refused} refused; ${sums.clientRenewals} renewals of clients`,
      `${sums.signedOut} people signed out, after ${lost.length} renewals whose answer died with an instance`,
    ];
    console.error(summary.join('\n'));
    expect(wrong).toEqual([]);
    expect(renewals.unexplained(), summary[0]).toEqual([]);
    expect(sums.signedOut, summary[0]).toBeLessThanOrEqual(lost.length);
    expect(sums.answers).toBeGreaterThan(faultCount * 10);
  });
});
