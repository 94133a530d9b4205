// Who calls: without client sign-in everybody is the local user; with it, each caller has their own data.
import { beforeAll, describe, expect, test } from 'vitest';
import { connect, newest } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { alice, benji, chien, people } from '../../../support/people.ts';
import { post, toolCall } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { callerHeader, callersByHeader, type Served } from '../../../support/serving.ts';
import { askedAddress, attended, open, signedIn, signInAt } from '../../../support/sign-in.ts';
import { servePatiently, serveThreeLegged, serveUsers, threeLegged } from '../../../support/three-legged.ts';
import { hubsOf } from '../../../support/tool-results.ts';
import { until } from '../../../support/until.ts';
import { waitingDefinition } from '../../../support/waiting.ts';

const keep = closing();
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
});

describe('without client sign-in, everybody is the local user', () => {
  test('one sign-in serves clients of both eras, and clients that come later', async () => {
    const served = keep(await serveThreeLegged(sandbox));
    const [modern, handshake] = [
      keep(await connect(served.url, { pin: newest })),
      keep(await connect(served.url, 'legacy')),
    ];
    await open(await sandbox.signIn(await askedAddress(handshake), chien));
    const later = keep(await connect(served.url, 'legacy'));
    for (const client of [handshake, modern, later]) expect(await hubsOf(client)).toEqual(chien.hubs);
  });

  test('an agent that opens a new session for every call signs in once', async () => {
    const served = keep(await serveThreeLegged(sandbox));
    const inNewSession = async <T>(work: (client: Awaited<ReturnType<typeof connect>>) => Promise<T>) => {
      const client = await connect(served.url, 'legacy');
      return work(client).finally(() => client.close());
    };
    await open(await sandbox.signIn(await inNewSession((client) => askedAddress(client)), benji));
    for (let calls = 0; calls < 3; calls += 1) expect(await inNewSession(hubsOf)).toEqual(benji.hubs);
  });

  test('signing out ends the one sign-in', async () => {
    const served = keep(await serveThreeLegged(sandbox));
    const first = keep(await signedIn(sandbox, served, alice));
    const second = keep(await connect(served.url, 'legacy'));
    await second.callTool({ name: 'sign_out' });
    expect(await askedAddress(first)).toContain('/authorize?');
  });

  test('what the person has no access to, their client cannot read by its id either', async () => {
    const client = keep(await signedIn(sandbox, keep(await serveThreeLegged(sandbox)), benji));
    expect(
      await client.callTool({ name: 'list_projects', arguments: { hub_id: alice.hubs[0] } }),
    ).toMatchObject({ isError: true });
  });
});

describe('with few connections, a caller whose connection is closed to make room for others', () => {
  const as = (caller: string) => ({ [callerHeader]: caller });
  const options = { clientSignIn: callersByHeader };
  /** Calls a tool as somebody who comes by once. */
  const passerBy = ({ url }: Served, tool: string, index: number) =>
    post(url, toolCall(tool), as(`passer-by ${index}`));

  test('in the middle of a call gets its answer, and so does the next call', async () => {
    const waiting = waitingDefinition();
    const busy = keep(
      await serveUsers(
        sandbox,
        (browser) => ({ ...threeLegged(sandbox, { browser }), server: waiting.server }),
        { ...options, mostConnections: 2 },
      ),
    );
    const begun = waiting.begun();
    const call = post(busy.url, toolCall('wait'), as('somebody'));
    await begun;
    for (let others = 0; others < 5; others += 1)
      expect((await passerBy(busy, 'echo', others)).body).toContain('"here"');
    waiting.finish();
    expect((await call).body).toContain('"finished"');
    expect((await post(busy.url, toolCall('echo'), as('somebody'))).body).toContain('"here"');
  });

  test('while a call waits for the person to sign in gets the data all the same', async () => {
    const small = keep(await servePatiently(sandbox, {}, { ...options, mostConnections: 2 }));
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
      expect((await passerBy(small, 'list_hubs', others)).body).toContain('auth_required');
    await signInAt(sandbox, shown[0] ?? '', alice);
    expect(await call).toEqual(alice.hubs);
    expect(shown).toHaveLength(1);
  });

  test('stays signed in', async () => {
    const small = keep(await servePatiently(sandbox, {}, { ...options, mostConnections: 1 }));
    const call = (name: string) => post(small.url, toolCall('list_hubs'), as(name));
    for (const person of people) {
      const url = /"auth_url":"([^"]+)"/.exec((await call(person.userId)).body)?.[1] ?? '';
      await signInAt(sandbox, url, person);
    }
    for (let round = 0; round < 2; round += 1)
      for (const person of people) expect((await call(person.userId)).body).toContain(person.hubs[0]);
  });
});
