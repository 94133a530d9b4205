// Session ids of the handshake era: they tell what a client can show, identify nobody, and need no secret.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canShowUrl, createSessionId } from '../../../../lib/serve/mcp/client-context.ts';
import { closing } from '../../../support/closing.ts';
import { post, type RawAnswer, toolCall } from '../../../support/raw-http.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import { callerHeader, callersByHeader, type Served, serve } from '../../../support/serving.ts';
import { serveThreeLegged } from '../../../support/three-legged.ts';
import { waitingDefinition } from '../../../support/waiting.ts';

const keep = closing();
const urlElicitation = { elicitation: { url: {} } };

/** The id of a new session of a client with these capabilities. */
async function newSession({ url }: Pick<Served, 'url'>, capabilities = {}): Promise<string> {
  const answer = await post(url, {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } },
  });
  return z.string().parse(answer.headers['mcp-session-id']);
}

/** Calls list_hubs in a session, or without one. */
const call = ({ url }: Pick<Served, 'url'>, sessionId?: string) =>
  post(url, toolCall('list_hubs'), sessionId === undefined ? {} : { 'mcp-session-id': sessionId });

/** What a client that can show nothing gets, and one that can show a URL. */
const sampleResult = ({ status, body }: RawAnswer) => status === 200 && body.includes('auth_required');
const elicitation = ({ status, body }: RawAnswer) => status === 200 && body.includes('-32042');

describe('a session id', () => {
  test('has a random part, and says whether the client can show a URL', () => {
    const ids = Array.from({ length: 10 }, () => createSessionId(urlElicitation));
    expect(new Set(ids).size).toBe(10);
    for (const id of ids) expect(canShowUrl(id)).toBe(true);
    expect(canShowUrl(createSessionId({ elicitation: { form: {} } }))).toBe(false);
  });

  test('is visible ASCII, and short (MCP, Transports, "Session Management")', () => {
    expect(createSessionId(urlElicitation)).toMatch(/^[!-~]{36,60}$/);
  });

  test('given out before a restart, or by another instance, is taken after it', async () => {
    const sandbox = keep(await startSandbox());
    const before = await serveThreeLegged(sandbox);
    const [plain, showing] = [await newSession(before), await newSession(before, urlElicitation)];
    await before.close();
    const after = keep(await serveThreeLegged(sandbox));
    expect(await call(after, plain)).toSatisfy(sampleResult);
    expect(await call(after, showing)).toSatisfy(elicitation);
  });

  test.each([
    ...[undefined, '', 'x', 'a.b.c', 'null', `${'x'.repeat(4000)}`, crypto.randomUUID()],
    ...['.url', 'x.url', `${'x'.repeat(4000)}.url`, `${crypto.randomUUID()}x.url`],
  ])(
    'that is missing or made up (%s) belongs to a client that can show nothing, and is no error',
    async (id) => {
      const sandbox = keep(await startSandbox());
      expect(await call(keep(await serveThreeLegged(sandbox)), id)).toSatisfy(sampleResult);
    },
  );
});

describe('a call in a session', () => {
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };

  /** Whether a running call is cancelled by these headers; it is called with others. */
  async function isCancelled(of: Record<string, string>, by: Record<string, string>): Promise<boolean> {
    const waiting = waitingDefinition();
    const { url } = keep(await serve(waiting.server, { clientSignIn: callersByHeader }));
    const begun = waiting.begun();
    const running = post(url, toolCall('wait'), of);
    await begun;
    await post(url, cancelled, by);
    waiting.finish();
    return !(await running).body.includes('"finished"');
  }
  const session = { 'mcp-session-id': crypto.randomUUID() };
  const ann = { [callerHeader]: 'ann' };

  test('is cancelled by its caller, in the same session', async () => {
    expect(await isCancelled({ ...session, ...ann }, { ...session, ...ann })).toBe(true);
  });

  test.each([
    ['somebody else who knows the session', { ...session, [callerHeader]: 'ben' }],
    ['its caller in another session', { 'mcp-session-id': crypto.randomUUID(), ...ann }],
    ['its caller without a session', ann],
  ])('is not cancelled by %s', async (_who, by) => {
    expect(await isCancelled({ ...session, ...ann }, by)).toBe(false);
  });

  test.each(['x'.repeat(129), 'h\u00e9', 'a b'])(
    'cannot be cancelled in a session whose id no server gives out (%s): it counts as none',
    async (id) => {
      const odd = { 'mcp-session-id': id, ...ann };
      expect(await isCancelled(odd, odd)).toBe(false);
    },
  );

  test('is cancelled in a session of another server, whose id is as long as any may be', async () => {
    const foreign = { 'mcp-session-id': 'x'.repeat(128), ...ann };
    expect(await isCancelled(foreign, foreign)).toBe(true);
  });

  test('without a session cannot be mistaken for another one, and so not be cancelled', async () => {
    expect(await isCancelled(ann, ann)).toBe(false);
  });
});
