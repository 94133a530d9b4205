// Who may use a server, where the operator has listed its users and they sign in with their Autodesk accounts.
import { type FetchLike, SdkHttpError } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { type AllowedUser, allowedUsers } from '../../../../../lib/config/allowed-users.ts';
import type { ServerDefinition } from '../../../../../lib/serve/launch/definition.ts';
import { definition as twoLegged } from '../../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../../servers/3lo.ts';
import { definition as serviceAccount } from '../../../../../servers/ssa.ts';
import { eras } from '../../../../support/clients.ts';
import { later, minutes } from '../../../../support/clock.ts';
import { beginSigningIn, connectSigningIn, TestOAuthProvider } from '../../../../support/oauth-client.ts';
import {
  askToken,
  call,
  codeForm,
  newTokens,
  refreshForm,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { alice, benji, chien } from '../../../../support/people.ts';
import { type ServedAutodesk, serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';
import { atAutodesk } from '../../../../support/signing-in.ts';
import { watchedStore } from '../../../../support/watched-store.ts';

const { keep, sandbox } = await startAutodesk();

const listOf = (entries: string): AllowedUser[] => allowedUsers.parse(entries) ?? [];
const as = (person: { userId: string }) => ({ person: atAutodesk(person) });

/** A deployment that can be restarted: its address, its store and its secret stay. */
function deployment(definition: ServerDefinition = threeLegged) {
  const store = keep(watchedStore());
  let running: ServedAutodesk | undefined;
  return {
    store,
    async start(list: string): Promise<ServedAutodesk> {
      await running?.close();
      const port = running ? Number(new URL(running.url).port) : 0;
      const options = { definition, store, port, secret: 's'.repeat(32) };
      running = keep(await serveAutodesk(sandbox, { ...options, allowedUsers: listOf(list) }));
      return running;
    },
  };
}

/** What was asked of APS since the last time. */
function requestsToAps() {
  return sandbox.requests.splice(0).map(({ path, grant }) => grant ?? path.replace(/^.*\//, ''));
}
const refusal = (id: string) =>
  `The user ${id} is not on the list of users of this server. Ask its operator to add ${id} to MCP_ALLOWED_USERS.`;

describe.each([twoLegged, serviceAccount, threeLegged])('$name', (definition) => {
  const tool = definition === twoLegged ? 'list_buckets' : 'list_hubs';

  test('lets in who is on the list, by address, domain or id', async () => {
    for (const entry of ['Alice@Sandbox.example', '@sandbox.example', alice.userId]) {
      const served = await deployment(definition).start(entry);
      const { access } = await newTokens(served);
      expect((await call(served, access, tool)).status).toBe(200);
    }
  });

  test('refuses who was taken off the list at their next call, and the others notice nothing', async () => {
    const { start } = deployment(definition);
    const before = await start('alice@sandbox.example,benji@sandbox.example');
    const people = [await newTokens(before), await newTokens(before, as(benji))] as const;
    for (const { access } of people) expect((await call(before, access, tool)).status).toBe(200);
    const after = await start('alice@sandbox.example');
    const [kept, refused] = [
      await call(after, people[0].access, tool),
      await call(after, people[1].access, tool),
    ];
    expect([kept.status, refused.status, refused.headers['www-authenticate']]).toEqual([200, 403, undefined]);
    expect(JSON.parse(refused.body).error.message).toBe(
      `Benji Builder, benji@sandbox.example (id ${benji.userId}) is not on the list of users of this server. ` +
        `Ask its operator to add ${benji.userId} to MCP_ALLOWED_USERS.`,
    );
  });
});

describe('at the sign-in', () => {
  test('who is not on the list gets access_denied with their id, and nothing of them is kept, here or at APS', async () => {
    const { start, store } = deployment();
    const served = await start('alice@sandbox.example');
    const form = await codeForm(served, as(benji));
    requestsToAps();
    const { status, headers, json } = await askToken(served, form);
    expect([status, headers['cache-control']]).toEqual([400, 'no-store']);
    expect(json).toEqual({ error: 'access_denied', error_description: refusal(benji.userId) });
    expect(requestsToAps().sort()).toEqual(['authorization_code', 'revoke', 'revoke', 'userinfo']);
    expect(await store.left()).toEqual([]);
    // Nor is there anything to try again with.
    expect((await askToken(served, form)).json.error).toBe('invalid_grant');
  });

  test('who is refused keeps what they had from before, should they be listed again', async () => {
    const { start } = deployment();
    const { access } = await newTokens(await start('benji@sandbox.example'), as(benji));
    const without = await start('alice@sandbox.example');
    expect((await askToken(without, await codeForm(without, as(benji)))).json.error).toBe('access_denied');
    expect((await call(await start('benji@sandbox.example'), access)).status).toBe(200);
  });

  test('an address that Autodesk has not verified does not count; the id does', async () => {
    const by = (entry: string) => deployment().start(entry);
    for (const entry of ['chien@sandbox.example', '@sandbox.example']) {
      const served = await by(entry);
      const { json } = await askToken(served, await codeForm(served, as(chien)));
      expect(json).toEqual({ error: 'access_denied', error_description: refusal(chien.userId) });
    }
    const served = await by(chien.userId);
    expect((await call(served, (await newTokens(served, as(chien))).access)).status).toBe(200);
  });
});

describe('a renewal', () => {
  test('of who was taken off the list is access_denied, uses nothing up, and works when they are listed again', async () => {
    const { start } = deployment();
    const tokens = await newTokens(await start(benji.userId), as(benji));
    const without = await start(alice.userId);
    requestsToAps();
    expect(await askToken(without, refreshForm(tokens))).toMatchObject({
      status: 400,
      json: { error: 'access_denied', error_description: refusal(benji.userId) },
    });
    expect(requestsToAps()).toEqual([]);
    const again = await start(benji.userId);
    expect((await call(again, (await tokensFor(again, refreshForm(tokens))).access)).status).toBe(200);
  });

  test('keeps the verified address of somebody on the list', async () => {
    const { start } = deployment();
    const served = await start('@sandbox.example');
    const renewed = await tokensFor(served, refreshForm(await newTokens(served)));
    expect((await call(served, renewed.access)).status).toBe(200);
  });
});

describe.each(eras)('%s', (_name, mode) => {
  /** A client that signs in, and counts what it asks of the server. */
  function countingClient() {
    const provider = new TestOAuthProvider();
    const asked: string[] = [];
    const fetch: FetchLike = (address, init) => {
      asked.push(new URL(address).pathname);
      // The next server has the port of this one, and a connection to this one must not be tried there.
      const headers = new Headers(init?.headers);
      headers.set('connection', 'close');
      return globalThis.fetch(address, { ...init, headers });
    };
    return { provider, asked, fetch };
  }

  test('is told at the sign-in, and does not begin another', async () => {
    const served = await deployment().start(alice.userId);
    const provider = new TestOAuthProvider();
    const { address, finish } = await beginSigningIn(served.url, mode, { provider });
    provider.address = undefined;
    await expect(finish(await atAutodesk(benji)(address))).rejects.toMatchObject({
      code: 'access_denied',
      message: refusal(benji.userId),
    });
    expect(provider.address).toBeUndefined();
  });

  test('gets the refusal for its one request when its person was taken off, and sends nobody to sign in', async () => {
    const { start } = deployment();
    const before = await start(benji.userId);
    const { provider, asked, fetch } = countingClient();
    const client = keep(await connectSigningIn(before.url, mode, atAutodesk(benji), { provider, fetch }));
    expect((await client.callTool({ name: 'list_hubs' })).isError).toBeFalsy();
    provider.address = undefined;
    await start(alice.userId);
    asked.length = 0;
    const refused = client.callTool({ name: 'list_hubs' });
    await expect(refused).rejects.toThrow(SdkHttpError);
    await expect(refused).rejects.toMatchObject({
      data: { status: 403, text: expect.stringContaining(`add ${benji.userId} to MCP_ALLOWED_USERS`) },
    });
    expect([asked, provider.address]).toEqual([['/mcp'], undefined]);
  });

  test('stops with the refusal when its access token has expired by then', async () => {
    later(0);
    const { start } = deployment();
    const before = await start(benji.userId);
    const { provider, asked, fetch } = countingClient();
    const client = keep(await connectSigningIn(before.url, mode, atAutodesk(benji), { provider, fetch }));
    provider.address = undefined;
    await start(alice.userId);
    later(61 * minutes);
    asked.length = 0;
    await expect(client.callTool({ name: 'list_hubs' })).rejects.toMatchObject({ code: 'access_denied' });
    expect(asked.filter((path) => path === '/mcp' || path === '/oauth/token')).toEqual([
      '/mcp',
      '/oauth/token',
    ]);
    expect(provider.address).toBeUndefined();
  });
});
