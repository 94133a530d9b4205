// Many people at one server: each sees their own data, and nothing else.
import { beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../sandbox/index.ts';
import { connect, newest } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { alice, benji, chien, people } from '../../support/people.ts';
import { post, toolCall } from '../../support/raw-http.ts';
import type { Served } from '../../support/serving.ts';
import { askedAddress, attended, open, signedIn, signInAt } from '../../support/sign-in.ts';
import { servePatiently, serveThreeLegged, serveUsers, threeLegged } from '../../support/three-legged.ts';
import { hubsOf } from '../../support/tool-results.ts';
import { until } from '../../support/until.ts';
import { waitingDefinition } from '../../support/waiting.ts';

const keep = closing();
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveThreeLegged(sandbox));
});

test('two people who sign in side by side: each gets their own hubs, whoever comes back first', async () => {
  const clients = [
    keep(await connect(served.url, 'legacy')),
    keep(await connect(served.url, 'legacy')),
  ] as const;
  const addresses = await Promise.all(clients.map((client) => askedAddress(client)));
  const [hers = '', his = ''] = addresses;
  const herWay = await sandbox.signIn(hers, alice);
  const hisWay = await sandbox.signIn(his, benji);
  expect((await open(hisWay)).text).toContain('Benji Builder');
  expect(await askedAddress(clients[0])).toContain('/authorize?');
  expect((await open(herWay)).text).toContain('Alice Architect');
  expect(await Promise.all(clients.map(hubsOf))).toEqual([alice.hubs, benji.hubs]);
});

test('nine sessions of three people, with calls in any order, never see each other’s hubs', async () => {
  const sessions = await Promise.all(
    Array.from({ length: 9 }, async (_, index) => ({
      person: people[index % 3] ?? alice,
      client: keep(await connect(served.url, 'legacy')),
    })),
  );
  const ways = await Promise.all(
    sessions.map(async ({ client, person }) => sandbox.signIn(await askedAddress(client), person)),
  );
  await Promise.all(ways.reverse().map(open));
  const calls = Array.from({ length: 5 }, () => sessions).flat();
  const seen = await Promise.all(calls.map(({ client }) => hubsOf(client)));
  expect(seen).toEqual(calls.map(({ person }) => person.hubs));
});

test('what one person may not see, their client cannot read by its id either', async () => {
  const client = keep(await signedIn(sandbox, served, benji));
  expect(
    await client.callTool({ name: 'list_projects', arguments: { hub_id: alice.hubs[0] } }),
  ).toMatchObject({ isError: true });
});

test('one person in two sessions signs in for each', async () => {
  const first = keep(await signedIn(sandbox, served, chien));
  const second = keep(await connect(served.url, 'legacy'));
  expect(await askedAddress(second)).toContain('/authorize?');
  expect(await hubsOf(first)).toEqual(chien.hubs);
});

test(`clients of ${newest}, which has no sessions, are one local user, and handshake clients are not`, async () => {
  const apart = keep(await serveThreeLegged(sandbox));
  const [one, other] = [
    keep(await connect(apart.url, { pin: newest })),
    keep(await connect(apart.url, { pin: newest })),
  ];
  const handshake = keep(await connect(apart.url, 'legacy'));
  await open(await sandbox.signIn(await askedAddress(one), chien));
  expect(await hubsOf(other)).toEqual(chien.hubs);
  expect(await askedAddress(handshake)).toContain('/authorize?');
});

describe('of a server that keeps few connections, who is pushed out by others', () => {
  /** Calls a tool in a session of its own. */
  const passerBy = async ({ url, service }: Served, tool: string) =>
    post(url, toolCall(tool), { 'mcp-session-id': await service.sessions.mint({ urlElicitation: false }) });

  test('in the middle of a call gets its answer, and so does the next call', async () => {
    const waiting = waitingDefinition();
    const busy = keep(
      await serveUsers(
        sandbox,
        (callbackUrl) => ({ ...threeLegged(sandbox, { callbackUrl }), server: waiting.server }),
        { mostConnections: 2 },
      ),
    );
    const headers = { 'mcp-session-id': await busy.service.sessions.mint({ urlElicitation: false }) };
    const begun = waiting.begun();
    const call = post(busy.url, toolCall('wait'), headers);
    await begun;
    for (let others = 0; others < 5; others += 1)
      expect((await passerBy(busy, 'echo')).body).toContain('"here"');
    waiting.finish();
    expect((await call).body).toContain('"finished"');
    expect((await post(busy.url, toolCall('echo'), headers)).body).toContain('"here"');
  });

  test('while a call waits for the person to sign in gets the data all the same', async () => {
    const small = keep(await servePatiently(sandbox, {}, { mostConnections: 2 }));
    const shown: string[] = [];
    const client = keep(
      await attended(small, { pin: newest }, (address) => {
        shown.push(address);
        return 'accept';
      }),
    );
    const call = hubsOf(client);
    await until(() => shown.length === 1 && small.service.running === 1);
    for (let others = 0; others < 5; others += 1)
      expect((await passerBy(small, 'list_hubs')).body).toContain('auth_required');
    await signInAt(sandbox, shown[0] ?? '', alice);
    expect(await call).toEqual(alice.hubs);
    expect(shown).toHaveLength(1);
  });

  test('stays signed in', async () => {
    const small = keep(await servePatiently(sandbox, {}, { mostConnections: 1 }));
    const clients = await Promise.all(
      people.map(async (person) => keep(await signedIn(sandbox, small, person))),
    );
    for (let round = 0; round < 2; round += 1)
      for (const [index, client] of clients.entries())
        expect(await hubsOf(client)).toEqual(people[index]?.hubs);
  });
});
