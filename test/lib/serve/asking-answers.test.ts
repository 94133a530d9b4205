// Answers to the question whether the user signed in: which count, and which are refused.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startSandbox } from '../../../sandbox/index.ts';
import { newest } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { post } from '../../support/raw-http.ts';
import type { Served } from '../../support/serving.ts';
import { takesAddresses } from '../../support/sign-in.ts';
import { serveThreeLegged } from '../../support/three-legged.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
let served: Served;

/** Each test has a server of its own: in the newest era all of its clients are one person. */
async function startServer(): Promise<Served> {
  served = keep(await serveThreeLegged(sandbox));
  return served;
}

describe('an answer to a question', () => {
  const question = z.object({
    result: z.object({
      resultType: z.literal('input_required'),
      inputRequests: z.record(z.string(), z.object({ params: z.object({ url: z.string() }) })),
      requestState: z.string(),
    }),
  });

  /** Calls list_hubs as a client of the newest era, with further parameters. */
  async function call(further: Record<string, unknown> = {}, { url }: Pick<Served, 'url'> = served) {
    const { status, body } = await post(
      url,
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'list_hubs',
          arguments: {},
          ...further,
          _meta: {
            'io.modelcontextprotocol/protocolVersion': newest,
            'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': takesAddresses.capabilities,
          },
        },
      },
      { 'mcp-protocol-version': newest, 'mcp-method': 'tools/call', 'mcp-name': 'list_hubs' },
    );
    return { status, body: JSON.parse(body.replace(/^.*?data: /s, '')) };
  }

  /** The answer to the one question that there is. */
  const answer = (action: string) => ({ inputResponses: { sign_in: { action } } });

  test('with the state of the question counts', async () => {
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    expect((await call({ ...answer('decline'), requestState })).body).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining('did not sign in') }] },
    });
  });

  test('without a state is none: the question is put again, at once', async () => {
    await startServer();
    for (const action of ['accept', 'decline', 'cancel'])
      expect(question.safeParse((await call(answer(action))).body).success).toBe(true);
    expect(served.host.running).toBe(0);
  });

  test('with a state that is made up, changed, or of another deployment is refused', async () => {
    const other = keep(await serveThreeLegged(sandbox));
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    const foreign = question.parse((await call({}, other)).body).result.requestState;
    const middle = Math.floor(requestState.length / 2);
    const changed = `${requestState.slice(0, middle)}${requestState[middle] === 'A' ? 'B' : 'A'}${requestState.slice(middle + 1)}`;
    for (const forged of ['made-up', '', changed, foreign])
      for (const action of ['accept', 'decline'])
        expect((await call({ ...answer(action), requestState: forged })).body).toMatchObject({
          error: { code: -32602, message: 'Invalid or expired requestState' },
        });
    expect(served.host.running).toBe(0);
  });

  test('to another question is none', async () => {
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    const other = { inputResponses: { another: { action: 'decline' } }, requestState };
    expect(question.safeParse((await call(other)).body).success).toBe(true);
  });

  test('carries nothing but a state that the client cannot read or change: no address, no token', async () => {
    await startServer();
    const { requestState, inputRequests } = question.parse((await call()).body).result;
    expect(Object.keys(inputRequests)).toEqual(['sign_in']);
    const state = new URL(inputRequests.sign_in?.params.url ?? '').searchParams.get('state') ?? '';
    for (const text of [requestState, Buffer.from(requestState, 'base64url').toString('latin1')])
      expect(text).not.toContain(state);
  });
});
