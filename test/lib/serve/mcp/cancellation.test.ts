// A client that no longer wants an answer, or is gone: the tool that works on it is told to stop.
import { SdkError } from '@modelcontextprotocol/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { connect, eras, newest } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { mcpHeaders, openSocket, post, toolCall } from '../../../support/raw-http.ts';
import { serve } from '../../../support/serving.ts';
import { type Waiting, waitingDefinition } from '../../../support/waiting.ts';

const keep = closing();
let waiting: Waiting;
let url: string;
beforeAll(async () => {
  waiting = waitingDefinition();
  ({ url } = keep(await serve(waiting.server, { host: '127.0.0.1' })));
});

describe.each(eras)('%s', (_name, mode) => {
  test('cancels a call: it stops at both ends, and the client goes on', async () => {
    const client = keep(await connect(url, mode));
    const [begun, stopped] = [waiting.begun(), waiting.stopped()];
    const cancel = new AbortController();
    const call = client.callTool({ name: 'wait' }, { signal: cancel.signal, onprogress: () => {} });
    const refusal = expect(call).rejects.toThrow();
    await begun;
    cancel.abort('no longer wanted');
    await Promise.all([refusal, stopped]);
    expect(await client.callTool({ name: 'echo' })).toMatchObject({ content: [{ text: 'here' }] });
  });

  test('gives up after its own timeout, and the tool stops too', async () => {
    const client = keep(await connect(url, mode));
    const stopped = waiting.stopped();
    await expect(client.callTool({ name: 'wait' }, { timeout: 50 })).rejects.toBeInstanceOf(SdkError);
    await stopped;
  });

  test('is closed with a call running, and the tool stops', async () => {
    const client = keep(await connect(url, mode));
    const [begun, stopped] = [waiting.begun(), waiting.stopped()];
    const refusal = expect(client.callTool({ name: 'wait' })).rejects.toThrow();
    await begun;
    await client.close();
    await Promise.all([refusal, stopped]);
  });
});

describe('a connection that is cut while a call runs stops the tool', () => {
  const meta = { progressToken: 7 };
  const modern = {
    ...meta,
    'io.modelcontextprotocol/protocolVersion': newest,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };

  test.each([
    ['in the handshake era', toolCall('wait', {}, meta), {}],
    [
      `in the era of ${newest}`,
      toolCall('wait', {}, modern),
      { 'mcp-protocol-version': newest, 'mcp-method': 'tools/call', 'mcp-name': 'wait' },
    ],
  ])('%s', async (_era, message, headers) => {
    const [begun, stopped] = [waiting.begun(), waiting.stopped()];
    const body = JSON.stringify(message);
    const lines = Object.entries({
      ...mcpHeaders,
      ...headers,
      host: 'localhost',
      'content-length': body.length,
    });
    const socket = await openSocket(url);
    socket.write(
      `POST /mcp HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
    );
    await begun;
    socket.destroy();
    await stopped;
    expect((await post(url, toolCall('echo'))).status).toBe(200);
  });
});

describe('a cancellation', () => {
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };

  test('of one session leaves the call of the same number in another alone', async () => {
    const begun = waiting.begun();
    const call = post(url, toolCall('wait'), { 'mcp-session-id': 'mine' });
    await begun;
    expect((await post(url, cancelled, { 'mcp-session-id': 'theirs' })).status).toBe(202);
    expect((await post(url, cancelled)).status).toBe(202);
    waiting.finish();
    expect((await call).body).toContain('"finished"');
  });

  test('of a call that nobody made, or that is no cancellation, changes nothing', async () => {
    const headers = { 'mcp-session-id': 'mine' };
    for (const params of [{ requestId: 99 }, { requestId: {} }, {}])
      expect((await post(url, { ...cancelled, params }, headers)).status).toBeLessThan(500);
    expect((await post(url, toolCall('echo'), headers)).status).toBe(200);
  });
});
