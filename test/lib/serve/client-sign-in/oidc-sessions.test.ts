// Sessions of the handshake era, where clients sign in: they belong to who began them, and prove nothing by themselves.
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineServer, type ServerDefinition } from '../../../../lib/serve/launch/definition.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/index.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import { bearer, newestEnvelope, newestHeaders, serveOidc } from '../../../support/oidc.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../../../support/openid-provider.ts';
import { post, send, toolCall } from '../../../support/raw-http.ts';
import { type ServedHttp, serveWith } from '../../../support/signing-in.ts';
import { type Waiting, waitingDefinition } from '../../../support/waiting.ts';

const keep = closing();
const secret = 'a secret that all servers of this test share';
let sandbox: Sandbox;
let provider: OpenIdProvider;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  provider = keep(await startOpenIdProvider());
});

/** The id of a session that is begun with these headers. */
async function newSession(
  { url }: Pick<ServedHttp, 'url'>,
  headers?: Record<string, string>,
): Promise<string> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  };
  const answer = await post(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params }, headers);
  return z.string().parse(answer.headers['mcp-session-id']);
}

const listTools = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const notFound = { status: 404, body: expect.stringContaining('Session not found') };

describe.each([twoLegged, threeLegged])('of $name, a session', (definition: ServerDefinition) => {
  let served: ServedHttp;
  let ann: { authorization: string };
  let ben: { authorization: string };
  beforeAll(async () => {
    served = keep(await serveOidc(sandbox, definition, provider, { secret }));
    ann = bearer(provider.token(served.url));
    ben = bearer(provider.token(served.url, { sub: 'ben' }));
  });
  const list = (session: string, headers?: Record<string, string>) =>
    post(served.url, listTools, { 'mcp-session-id': session, ...headers });

  test('is good for who began it, also with their next token', async () => {
    const session = await newSession(served, ann);
    const renewed = bearer(provider.token(served.url, { jti: 'another', client_id: 'b-client' }));
    for (const headers of [ann, renewed]) expect((await list(session, headers)).status).toBe(200);
  });

  test('is not found by anybody else, and stays good for who began it', async () => {
    const session = await newSession(served, ann);
    expect(await list(session, ben)).toMatchObject(notFound);
    expect((await list(session, ann)).status).toBe(200);
  });

  test('without a token is none', async () => {
    const session = await newSession(served, ann);
    expect((await list(session)).status).toBe(401);
    expect((await list(session, bearer('expired'))).status).toBe(401);
  });

  test('that was begun where nobody signs in is not found, and the other way round', async () => {
    const open = keep(await serveWith(sandbox, definition, 'none', { secret }));
    expect(await list(await newSession(open), ann)).toMatchObject(notFound);
    const session = await newSession(served, ann);
    expect(await post(open.url, listTools, { 'mcp-session-id': session })).toMatchObject(
      definition.userScopes ? notFound : { status: 200 },
    );
  });

  test('that was begun by the same name at another provider is not found', async () => {
    const other = keep(await startOpenIdProvider());
    const elsewhere = keep(await serveOidc(sandbox, definition, other, { secret }));
    const session = await newSession(elsewhere, bearer(other.token(elsewhere.url)));
    expect(await list(session, ann)).toMatchObject(notFound);
  });

  test('is none that is made up, and nobody needs one: the token says who calls', async () => {
    expect(await list('made-up', ann)).toMatchObject(notFound);
    expect((await post(served.url, listTools, ann)).status).toBe(200);
  });

  test('cannot be ended, nor listened to, by anybody', async () => {
    const session = await newSession(served, ann);
    for (const method of ['GET', 'DELETE']) {
      const headers = { ...ben, 'mcp-session-id': session, accept: 'text/event-stream' };
      expect((await send(new URL('/mcp', served.url), { method, headers })).status).toBe(405);
    }
    expect((await list(session, ann)).status).toBe(200);
  });
});

describe('a call in a session', () => {
  let waiting: Waiting;
  let served: ServedHttp;
  beforeAll(async () => {
    waiting = waitingDefinition();
    const description = { name: 'waiting', signIn: 'none', port: 0, variables: {} };
    const definition = defineServer({ ...description, create: () => waiting.server });
    served = keep(await serveOidc(sandbox, definition, provider));
  });

  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
  const inNewest = { ...cancelled, params: { ...cancelled.params, _meta: newestEnvelope } };
  const newest = newestHeaders('notifications/cancelled');

  test.each([
    ['as in the handshake era', cancelled, {}],
    ['under the name of the newest era', cancelled, newest],
    ['as in the newest era', inNewest, newest],
    ['in a batch', [cancelled], {}],
  ])(
    'is not cancelled by who knows its session and number, but is somebody else: %s',
    async (_how, message, headers) => {
      const ann = bearer(provider.token(served.url));
      const session = { 'mcp-session-id': await newSession(served, ann) };
      const begun = waiting.begun();
      const call = post(served.url, toolCall('wait'), { ...ann, ...session });
      await begun;
      const ben = bearer(provider.token(served.url, { sub: 'ben' }));
      await post(served.url, message, { ...ben, ...session, ...headers });
      waiting.finish();
      expect((await call).body).toContain('"finished"');
    },
  );

  test('is cancelled by who made it', async () => {
    const headers = bearer(provider.token(served.url));
    const session = { 'mcp-session-id': await newSession(served, headers) };
    const [begun, stopped] = [waiting.begun(), waiting.stopped()];
    const call = post(served.url, toolCall('wait'), { ...headers, ...session });
    await begun;
    expect((await post(served.url, cancelled, { ...headers, ...session })).status).toBe(202);
    await stopped;
    expect((await call).body).not.toContain('"finished"');
  });
});
