// Sessions of the handshake era, where clients sign in: they prove nothing, and the token alone says who calls.
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ServerDefinition } from '../../../../lib/serve/launch/definition.ts';
import { defineServer } from '../../../../lib/serve/launch/start.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import {
  bearer,
  connectBearing,
  newestEnvelope,
  newestHeaders,
  serveOidc,
  signInThrough,
} from '../../../support/oidc.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../../../support/openid-provider.ts';
import { alice } from '../../../support/people.ts';
import { post, send, toolCall } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import type { ServedHttp } from '../../../support/signing-in.ts';
import { type Waiting, waitingDefinition } from '../../../support/waiting.ts';

const keep = closing();
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

describe.each([twoLegged, threeLegged])('of $name, a session', (definition: ServerDefinition) => {
  let served: ServedHttp;
  let ann: { authorization: string };
  let ben: { authorization: string };
  beforeAll(async () => {
    served = keep(await serveOidc(sandbox, definition, provider));
    ann = bearer(provider.token(served.url));
    ben = bearer(provider.token(served.url, { sub: 'ben' }));
  });
  const list = (session: string, headers?: Record<string, string>) =>
    post(served.url, listTools, { 'mcp-session-id': session, ...headers });

  test('of anybody, or made up, or missing: the token alone says who calls', async () => {
    const session = await newSession(served, ann);
    for (const headers of [ann, ben]) expect((await list(session, headers)).status).toBe(200);
    expect((await list('made-up', ann)).status).toBe(200);
    expect((await post(served.url, listTools, ann)).status).toBe(200);
  });

  test('without a valid token lets nobody in', async () => {
    const session = await newSession(served, ann);
    expect((await list(session)).status).toBe(401);
    expect((await list(session, bearer('expired'))).status).toBe(401);
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

test('a session of somebody who has signed in to Autodesk gives another person none of their data', async () => {
  const served = keep(await serveOidc(sandbox, threeLegged, provider));
  const [ann, ben] = [bearer(provider.token(served.url)), bearer(provider.token(served.url, { sub: 'ben' }))];
  const client = keep(await connectBearing(served.url, 'legacy', provider.token(served.url)));
  await signInThrough(await askedAddress(client), alice);
  const session = { 'mcp-session-id': await newSession(served, ann) };
  const call = (headers: Record<string, string>) =>
    post(served.url, toolCall('list_hubs'), { ...session, ...headers });
  expect((await call(ann)).body).toContain(alice.hubs[0]);
  const { body } = await call(ben);
  expect(body).toContain('/signin?');
  expect(body).not.toContain(alice.hubs[0]);
});

describe('a call in a session', () => {
  let waiting: Waiting;
  let served: ServedHttp;
  beforeAll(async () => {
    waiting = waitingDefinition();
    const description = { name: 'waiting', apsSignIn: 'none', port: 0, variables: {} };
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
