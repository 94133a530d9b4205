// Who is calling in the handshake era: the session, told by an id that only this deployment can make.
import { MemoryTokenStorage } from 'fastmcp/auth';
import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { type Sandbox, startSandbox } from '../../../sandbox/index.ts';
import { closing } from '../../support/closing.ts';
import { alice, benji } from '../../support/people.ts';
import { post, type RawAnswer, toolCall } from '../../support/raw-http.ts';
import type { Served } from '../../support/serving.ts';
import { open } from '../../support/sign-in.ts';
import { servePatiently, serveThreeLegged } from '../../support/three-legged.ts';

const keep = closing();
const secret = 'a secret that all instances of a deployment share';
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveThreeLegged(sandbox, { secret }));
});

/** The id of a new session. */
async function newSession({ url }: Pick<Served, 'url'> = served): Promise<string> {
  const answer = await post(url, {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  });
  return z.string().parse(answer.headers['mcp-session-id']);
}

/** Calls list_hubs in a session. */
const call = (sessionId: string, { url }: Pick<Served, 'url'> = served) =>
  post(url, toolCall('list_hubs'), { 'mcp-session-id': sessionId });

const asked = ({ status, body }: RawAnswer) => status === 200 && body.includes('auth_required');

/** Calls list_hubs in a session, and signs in at the address that it gives. */
async function signIn(sessionId: string, userId: string, at: Pick<Served, 'url'> = served): Promise<void> {
  const { body } = await call(sessionId, at);
  const address = /"auth_url":"([^"]+)"/.exec(body)?.[1] ?? '';
  expect((await open(await sandbox.signIn(address, { userId }))).status).toBe(200);
}

const notFound = {
  status: 404,
  body: JSON.stringify({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null }),
};

/** The parts of a signed token, read. */
function partsOf(sessionId: string) {
  const [header = '', payload = '', signature = ''] = sessionId.split('.');
  const claims = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  return { header, claims, signature };
}
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a session id', () => {
  test('lets its client in, as somebody who has not signed in', async () => {
    expect(await call(await newSession())).toSatisfy(asked);
  });

  test('that is missing is answered 400, with what to do', async () => {
    for (const message of [toolCall('list_hubs'), { jsonrpc: '2.0', id: 1, method: 'tools/list' }])
      expect(await post(served.url, message)).toMatchObject({
        status: 400,
        body: expect.stringContaining('Mcp-Session-Id is missing: begin with initialize'),
      });
  });

  test('that is missing cannot be made up for by asking in a batch', async () => {
    const { status, body } = await post(served.url, [
      toolCall('list_hubs'),
      { ...toolCall('list_hubs'), id: 2 },
    ]);
    expect(status).toBe(400);
    expect(body).not.toContain('auth_url');
  });

  test.each(['x', 'a.b.c', '""', 'null', crypto.randomUUID()])('made up (%s) is answered 404', async (id) => {
    expect(await call(id)).toMatchObject(notFound);
  });

  test('with another person’s id put into it is answered 404', async () => {
    const [hers, his] = [await newSession(), await newSession()];
    await signIn(hers, alice.userId);
    const [victim, attacker] = [partsOf(hers), partsOf(his)];
    // Not the victim's own payload, byte by byte: the order of its members is another.
    const payload = encode({ urlElicitation: attacker.claims.urlElicitation, id: victim.claims.id });
    for (const signature of [attacker.signature, victim.signature, ''])
      expect(await call(`${attacker.header}.${payload}.${signature}`)).toMatchObject(notFound);
  });

  test('signed with another key, with no key, or for another purpose is answered 404', async () => {
    const { claims } = partsOf(await newSession());
    const key = new TextEncoder().encode(secret);
    const signed = (typ?: string) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ }).sign(key);
    for (const forged of [await signed('mcp-session'), await signed(), new UnsecuredJWT(claims).encode()])
      expect(await call(forged)).toMatchObject(notFound);
  });

  test('of another deployment, whose SESSION_SECRET is another, is answered 404', async () => {
    const others = [
      keep(await serveThreeLegged(sandbox, { secret: `${secret}, but for the end` })),
      keep(await serveThreeLegged(sandbox)),
    ];
    for (const other of others) {
      expect(await call(await newSession(other))).toMatchObject(notFound);
      expect(await call(await newSession(), other)).toMatchObject(notFound);
    }
  });

  test('is good at every instance with the same SESSION_SECRET, and finds the sign-in in their storage', async () => {
    const storage = new MemoryTokenStorage();
    onTestFinished(() => storage.destroy());
    const [one, other] = [
      keep(await servePatiently(sandbox, { storage }, { secret })),
      keep(await servePatiently(sandbox, { storage }, { secret })),
    ];
    const session = await newSession(one);
    expect(await call(session, other)).toSatisfy(asked);
    await signIn(session, benji.userId, one);
    for (const instance of [one, other])
      expect((await call(session, instance)).body).toContain(benji.hubs[0]);
  });

  test('is another one for every client, and tells nothing of the person', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => newSession()));
    expect(new Set(ids.map((id) => partsOf(id).claims.id)).size).toBe(10);
    for (const id of ids) expect(Object.keys(partsOf(id).claims).sort()).toEqual(['id', 'urlElicitation']);
  });
});
