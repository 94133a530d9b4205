// What clients send that were written for the Python sample, or for servers with one of everything: raw, over HTTP.
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withoutNullArguments } from '../../../../lib/serve/mcp/forward.ts';
import { newest } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { newestEnvelope, newestHeaders } from '../../../support/oidc.ts';
import { mcpHeaders, post, send, toolCall } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { apsOf, type Served, serveOssTools } from '../../../support/serving.ts';

const keep = closing();
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveOssTools(apsOf(sandbox)));
});

type Ask = (method: string, params?: object) => Promise<Record<string, unknown>>;

const answerSchema = z.looseObject({
  result: z.looseObject({}).optional(),
  error: z.looseObject({}).optional(),
});

/** The message in an answer, which comes as JSON or as an event. */
function messageIn(body: string): Record<string, unknown> {
  return answerSchema.parse(JSON.parse(/^data: (\{.*)$/m.exec(body)?.[1] ?? body));
}

const eras: readonly (readonly [era: string, ask: Ask])[] = [
  [
    'in the handshake era',
    async (method, params = {}) =>
      messageIn((await post(served.url, { jsonrpc: '2.0', id: 1, method, params })).body),
  ],
  [
    `in the era of ${newest}`,
    async (method, params = {}) => {
      const message = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: newestEnvelope } };
      const { name, uri = name } = z
        .object({ name: z.string().optional(), uri: z.string().optional() })
        .parse(params);
      const headers = { ...newestHeaders(method), ...(uri !== undefined && { 'mcp-name': name ?? uri }) };
      return messageIn((await post(served.url, message, headers)).body);
    },
  ],
];

describe.each(eras)('%s', (_era, ask) => {
  test.each([
    ['prompts/list', { prompts: [] }],
    ['resources/list', { resources: [] }],
    ['resources/templates/list', { resourceTemplates: [] }],
  ])('%s is answered with an empty list by a server that has none', async (method, empty) => {
    expect(await ask(method)).toMatchObject({ result: empty });
    expect(await ask(method)).not.toHaveProperty('error');
  });

  test.each([
    ['prompts/get', { name: 'x' }, { code: -32602, message: 'There is no prompt x' }],
    ['resources/read', { uri: 'note://one' }, { code: -32602, data: { uri: 'note://one' } }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'x', value: '' } },
      { code: -32601 },
    ],
    ['no/such/method', {}, { code: -32601 }],
  ])('%s is still an error there', async (method, params, error) => {
    expect(await ask(method, params)).toMatchObject({ error });
  });

  test('null for the arguments counts as none', async () => {
    expect(await ask('tools/call', { name: 'list_buckets', arguments: null })).toMatchObject({
      result: { structuredContent: { result: expect.arrayContaining([expect.anything()]) } },
    });
  });

  test('null for an optional argument counts as left out, and for one that is required it does not', async () => {
    const listed = await ask('tools/call', {
      name: 'list_buckets',
      arguments: { region: null, cursor: null, limit: null },
    });
    expect(listed).toMatchObject({ result: { structuredContent: { result: expect.any(Array) } } });
    const refused = await ask('tools/call', { name: 'list_objects', arguments: { bucket_key: null } });
    expect(refused).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringMatching(/bucket_key.*null/) }] },
    });
  });
});

test('null for the arguments counts as none in a batch, too', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_buckets' } };
  const ping = { jsonrpc: '2.0', id: 2, method: 'ping' };
  const withNull = { ...call, params: { ...call.params, arguments: null } };
  expect(withoutNullArguments([withNull, ping])).toEqual([call, ping]);
});

describe('/mcp/', () => {
  test('is served like /mcp', async () => {
    const body = JSON.stringify(toolCall('list_buckets'));
    const answer = await send(`${served.url}/mcp/`, { method: 'POST', headers: mcpHeaders, body });
    expect([answer.status, answer.headers.location]).toEqual([200, undefined]);
    expect(messageIn(answer.body)).toMatchObject({
      result: { structuredContent: { result: expect.any(Array) } },
    });
  });

  test('is not followed by anything', async () => {
    expect(
      (await send(`${served.url}/mcp/x`, { method: 'POST', headers: mcpHeaders, body: '{}' })).status,
    ).toBe(404);
  });
});
