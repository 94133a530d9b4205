// How a client of the handshake era over stdio is asked to sign its user in: in the middle of the call, for 45 seconds.
import { Client, type ElicitResult } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { localUser } from '../../../../lib/caller.ts';
import { createMcpService } from '../../../../lib/serve/mcp/service.ts';
import { closing } from '../../../support/closing.ts';
import { alice, benji } from '../../../support/people.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import { open, signInAt, takesAddresses } from '../../../support/sign-in.ts';
import { serveUsers, threeLegged } from '../../../support/three-legged.ts';
import { hubIdsIn, hubsOf, said } from '../../../support/tool-results.ts';
import { until } from '../../../support/until.ts';

const keep = closing();
const second = 1000;
const sandbox = keep(await startSandbox());

/** A client that is connected as over stdio, and shows its person a link whose answer the test gives. */
async function connectInLine() {
  const release = vi.fn();
  let built: ReturnType<typeof threeLegged> | undefined;
  // Over HTTP is only where browsers come back to.
  const pages = keep(
    await serveUsers(sandbox, (browser) => {
      built = threeLegged(sandbox, { browser: { ...browser, release } });
      return built;
    }),
  );
  if (!built) throw new Error('It was not built');
  const service = createMcpService(built);
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const server = await service.serverFor({ caller: localUser });
  await server.connect(theirs);
  const client = new Client({ name: 'test', version: '1.0.0' }, takesAddresses);
  const shown: string[] = [];
  let answer: (action: ElicitResult['action'] | Error) => void = () => {};
  client.setRequestHandler('elicitation/create', ({ params }) => {
    shown.push(params.mode === 'url' ? params.url : '');
    return new Promise<ElicitResult>((resolve, reject) => {
      answer = (action) => (action instanceof Error ? reject(action) : resolve({ action }));
    });
  });
  await client.connect(ours);
  onTestFinished(async () => {
    await client.close();
    await service.close();
  });
  const asked = () => until(() => shown.length > 0 && service.running === 1);
  return {
    client,
    shown,
    asked,
    release,
    pages,
    service,
    answer: (it: ElicitResult['action'] | Error) => answer(it),
  };
}

const fakeTimers = () =>
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
afterEach(() => void vi.useRealTimers());

describe('the call', () => {
  test('returns the data, whether the person signs in before they say so or after', async () => {
    for (const first of ['sign-in', 'answer']) {
      const { client, shown, asked, answer } = await connectInLine();
      const call = hubsOf(client);
      await asked();
      if (first === 'answer') answer('accept');
      expect((await signInAt(sandbox, shown[0] ?? '', benji)).status).toBe(200);
      answer('accept');
      expect(await call).toEqual(benji.hubs);
      expect(shown).toHaveLength(1);
    }
  });

  test.each(['decline', 'cancel'] as const)(
    'says so when the person answers %s, and frees the port',
    async (action) => {
      const { client, asked, answer, release } = await connectInLine();
      const call = said(client, 'list_hubs');
      await asked();
      answer(action);
      expect(await call).toEqual({ isError: true, text: expect.stringMatching(/did not sign in/) });
      expect(release).toHaveBeenCalledOnce();
    },
  );

  test.each<[who: string, answer: 'accept' | undefined]>([
    ['answers nothing', undefined],
    ['accepts and does not sign in', 'accept'],
  ])(
    'ends after 45 seconds for a person who %s, with the sample’s result; their sign-in still counts',
    async (...row) => {
      const [, action] = row;
      const { client, shown, asked, answer, service, release } = await connectInLine();
      fakeTimers();
      const call = client.callTool({ name: 'list_hubs' }, { timeout: 50 * second });
      await asked();
      vi.advanceTimersByTime(20 * second);
      if (action) answer(action);
      await client.listTools();
      vi.advanceTimersByTime(25 * second - 1);
      await client.listTools();
      expect(service.running).toBe(1);
      vi.advanceTimersByTime(1);
      await until(() => {
        vi.advanceTimersByTime(1);
        return service.running === 0;
      });
      expect(await call).toMatchObject({
        structuredContent: { result: { auth_required: true, auth_url: shown[0] } },
      });
      expect(release).not.toHaveBeenCalled();
      vi.useRealTimers();
      expect((await signInAt(sandbox, shown[0] ?? '', alice)).status).toBe(200);
      expect(await hubsOf(client)).toEqual(alice.hubs);
      expect(shown).toHaveLength(1);
    },
  );

  test('returns the sample’s result if the client fails to ask', async () => {
    const { client, shown, asked, answer } = await connectInLine();
    const call = client.callTool({ name: 'list_hubs' });
    await asked();
    answer(new Error('no browser here'));
    expect(await call).toMatchObject({ structuredContent: { result: { auth_url: shown[0] } } });
  });

  test('returns the data of a person who signed in, and whose client never said so', async () => {
    const { client, shown, asked } = await connectInLine();
    fakeTimers();
    const call = client.callTool({ name: 'list_hubs' }, { timeout: 50 * second });
    await asked();
    await open(await sandbox.signIn(shown[0] ?? '', alice));
    vi.advanceTimersByTime(45 * second);
    expect(hubIdsIn(await call)).toEqual(alice.hubs);
  });

  test('ends at once when the client cancels it', async () => {
    const { client, asked, service } = await connectInLine();
    const cancel = new AbortController();
    const refusal = expect(
      client.callTool({ name: 'list_hubs' }, { signal: cancel.signal }),
    ).rejects.toThrow();
    await asked();
    cancel.abort('no longer wanted');
    await refusal;
    await until(() => service.running === 0);
  });
});
