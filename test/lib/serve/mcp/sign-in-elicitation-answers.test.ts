// Answers to the question whether the user signed in: which count, and which are refused.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { changedAt } from '../../../support/changed-text.ts';
import { newest } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { benji } from '../../../support/people.ts';
import { post } from '../../../support/raw-http.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import type { Served } from '../../../support/serving.ts';
import { signInAt, takesAddresses } from '../../../support/sign-in.ts';
import { serveThreeLegged } from '../../../support/three-legged.ts';
import { hubIdsIn } from '../../../support/tool-results.ts';

const keep = closing();
const minute = 60_000;
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
    expect(served.service.running).toBe(0);
  });

  test('with a state that is made up, changed, or of another deployment is refused', async () => {
    const other = keep(await serveThreeLegged(sandbox));
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    const foreign = question.parse((await call({}, other)).body).result.requestState;
    const changed = changedAt(requestState, Math.floor(requestState.length / 2));
    for (const forged of ['made-up', '', changed, foreign])
      for (const action of ['accept', 'decline'])
        expect((await call({ ...answer(action), requestState: forged })).body).toMatchObject({
          error: { code: -32602, message: 'Invalid or expired requestState' },
        });
    expect(served.service.running).toBe(0);
  });

  test('to another question is none', async () => {
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    const other = { inputResponses: { another: { action: 'decline' } }, requestState };
    expect(question.safeParse((await call(other)).body).success).toBe(true);
  });

  test.each([
    ['nothing but the state', {}],
    ['no answer at all', { inputResponses: {} }],
  ])(
    'that is missing, from a client that brings %s: the question is put again, at once',
    async (_what, rest) => {
      await startServer();
      const first = question.parse((await call()).body).result;
      const { body } = await call({ ...rest, requestState: first.requestState });
      const again = question.parse(body).result;
      expect(again.inputRequests.sign_in?.params.url).not.toBe(first.inputRequests.sign_in?.params.url);
      expect(served.service.running).toBe(0);
    },
  );

  test('counts also beside answers that nobody asked for, and parameters that nobody knows', async () => {
    await startServer();
    const { requestState, inputRequests } = question.parse((await call()).body).result;
    await signInAt(sandbox, inputRequests.sign_in?.params.url ?? '', benji);
    const answers = {
      another: { action: 'decline' },
      sign_in: { action: 'accept' },
      constructor: { action: 'cancel' },
      sample: { role: 'assistant', model: 'm', content: { type: 'text', text: 'accept' } },
    };
    const { body } = await call({ inputResponses: answers, requestState, unknown: { sign_in: 'decline' } });
    expect(hubIdsIn(body.result)).toEqual(benji.hubs);
  });

  test.each([
    ['a text', 'accept'],
    ['a truth', true],
    ['nothing', null],
    ['a list', [{ action: 'accept' }]],
    ['without an action', {}],
    ['with an action that there is not', { action: 'ACCEPT' }],
    ['with an action that is no text', { action: { action: 'accept' } }],
    ['with its action too deep', { result: { action: 'accept' } }],
    ['that of a sampling', { role: 'user', model: 'm', content: { type: 'text', text: 'accept' } }],
    ['that of a list of roots', { roots: [] }],
  ])('is not taken for a yes when it is %s: the question is put again', async (_what, wrong) => {
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    // Whoever says yes is waited for: the answer would not come.
    const { body } = await call({ inputResponses: { sign_in: wrong }, requestState });
    expect(question.safeParse(body).success).toBe(true);
    expect(served.service.running).toBe(0);
  });

  test.each([
    [10 * minute - 1000, true],
    [10 * minute + 1000, false],
  ])('after %i ms counts as long as the question is good: %s', async (milliseconds, counts) => {
    await startServer();
    const { requestState } = question.parse((await call()).body).result;
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    vi.setSystemTime(Date.now() + milliseconds);
    const { body } = await call({ ...answer('decline'), requestState });
    if (counts) expect(body).toMatchObject({ result: { isError: true } });
    else expect(body).toMatchObject({ error: { message: 'Invalid or expired requestState' } });
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
