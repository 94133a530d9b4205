// Who may use a server, where the operator has listed its users: with every request, behind oidc. Another file has autodesk.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ServerDefinition } from '../../../../lib/serve/launch/definition.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { definition as publicClient } from '../../../../servers/pkce.ts';
import { definition as serviceAccount } from '../../../../servers/ssa.ts';
import { eras } from '../../../support/clients.ts';
import { bearer, connectBearing, serveOidc, startOidc, toolCallers } from '../../../support/oidc.ts';
import { post, type RawAnswer } from '../../../support/raw-http.ts';

const { keep, sandbox, provider } = await startOidc(twoLegged);

/** Tokens are for this address, whichever port a server is on. */
const address = 'https://mcp.example.com';

/** Serves a definition to those on a list. */
async function serveTo(list: string, definition: ServerDefinition = twoLegged) {
  const env = { MCP_ALLOWED_USERS: list, MCP_AUTH_AUDIENCE: `${address}/mcp` };
  return keep(await serveOidc(sandbox, definition, provider, { env }));
}

type Claims = Record<string, unknown>;
const tokenOf = (claims: Claims) => provider.token(address, claims);
const listTools = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

/** Whether somebody may use the server: asks for what costs least. */
async function isLetIn({ url }: { url: string }, claims: Claims): Promise<boolean> {
  const { status } = await post(url, listTools, bearer(tokenOf(claims)));
  expect([200, 403]).toContain(status);
  return status === 200;
}

const verified = (email: string) => ({ email, email_verified: true });

/** The message of a refusal, which must not send a client to sign in. */
function refusalIn({ status, headers, body }: RawAnswer): string {
  expect([status, headers['www-authenticate']]).toEqual([403, undefined]);
  const { error } = z
    .object({ error: z.object({ code: z.literal(-32000), message: z.string() }) })
    .parse(JSON.parse(body));
  return error.message;
}

test.each([twoLegged, serviceAccount, threeLegged, publicClient])(
  '$name answers who is on the list, and nobody else',
  async (definition) => {
    const served = await serveTo('ann, ada@works.example', definition);
    expect(await isLetIn(served, { sub: 'ann' })).toBe(true);
    expect(await isLetIn(served, { sub: 'another', ...verified('ada@works.example') })).toBe(true);
    expect(await isLetIn(served, { sub: 'bob' })).toBe(false);
  },
);

test('without a list, everybody with a token is let in', async () => {
  const env = { MCP_AUTH_AUDIENCE: `${address}/mcp` };
  const served = keep(await serveOidc(sandbox, twoLegged, provider, { env }));
  expect(await isLetIn(served, { sub: 'anybody' })).toBe(true);
});

const byAddress = await serveTo('Ada@Works.example, @Partner.example');

describe('an address on the list', () => {
  test.each([
    ['itself', 'ada@works.example'],
    ['in another case', 'ADA@WORKS.EXAMPLE'],
    ['at a listed domain', 'zoe@partner.example'],
    ['at a listed domain, in another case', 'Zoe@PARTNER.Example'],
    ['with a part behind +, at a listed domain', 'zoe+mcp@partner.example'],
  ])('lets in a verified address: %s', async (_what, email) => {
    expect(await isLetIn(byAddress, verified(email))).toBe(true);
  });

  test.each([
    ['of another person', 'emil@works.example'],
    ['with a part behind +', 'ada+x@works.example'],
    ['with another dot', 'a.da@works.example'],
    ['at a sub-domain', 'ada@mail.works.example'],
    ['at a sub-domain of a listed domain', 'zoe@mail.partner.example'],
    ['at a domain that ends like a listed one', 'zoe@notpartner.example'],
    ['at a domain that begins like a listed one', 'zoe@partner.example.evil.example'],
    ['with a trailing dot', 'zoe@partner.example.'],
    ['with two @', 'eve@evil.example@partner.example'],
    ['with quotes', '"eve@evil.example"@partner.example'],
    ['with a comma', 'eve@evil.example,zoe@partner.example'],
    ['with a line break', 'eve\nzoe@partner.example'],
    ['with blanks', ' zoe@partner.example '],
    ['of nobody', '@partner.example'],
    ['at a domain with a Cyrillic letter', 'zoe@p\u0430rtner.example'],
    ['at a domain with a full-width letter', 'zoe@\uff50artner.example'],
    ['with a long s', 'ada@work\u017f.example'],
    ['with a Kelvin sign', 'ada@wor\u212as.example'],
    ['that is no text', 42],
  ])('does not let in a verified address %s', async (_what, email) => {
    expect(await isLetIn(byAddress, { email, email_verified: true })).toBe(false);
  });

  test.each([
    ['false', { email_verified: false }],
    ['"true"', { email_verified: 'true' }],
    ['1', { email_verified: 1 }],
    ['missing', {}],
  ])('does not let in an address whose email_verified is %s', async (_what, claims) => {
    for (const email of ['ada@works.example', 'zoe@partner.example'])
      expect(await isLetIn(byAddress, { email, ...claims })).toBe(false);
  });

  test('does not let in a login that looks like it, which everybody can choose', async () => {
    for (const login of ['ada@works.example', 'zoe@partner.example'])
      for (const claims of [
        { sub: login },
        { preferred_username: login, email_verified: true },
        { sub: login, preferred_username: login, name: login, ...verified('eve@evil.example') },
      ])
        expect(await isLetIn(byAddress, claims)).toBe(false);
  });
});

describe('an id on the list', () => {
  test.each([
    ['auth0|5f7c8ec7c33c6c004bbafe82', 'auth0|5f7c8ec7c33c6c004bbafe82'],
    ['id:ann', 'ann'],
    ['id:ada@works.example', 'ada@works.example'],
    ['id:uid=ada%2Cou=people', 'uid=ada,ou=people'],
    ['id:100%25', '100%'],
    ['100%25', '100%25'],
    ['id:id:ann', 'id:ann'],
  ])('%s lets in who has the id %s, and no other', async (entry, sub) => {
    const served = await serveTo(entry);
    expect(await isLetIn(served, { sub })).toBe(true);
    for (const other of [sub.toUpperCase(), `${sub}x`, `x${sub}`].filter((it) => it !== sub))
      expect(await isLetIn(served, { sub: other })).toBe(false);
    expect(await isLetIn(served, { sub: 'eve', preferred_username: sub, name: sub, client_id: sub })).toBe(
      false,
    );
  });

  test('is no address: who has proved it is not let in by it', async () => {
    const served = await serveTo('id:ada@works.example');
    expect(await isLetIn(served, { sub: 'eve', ...verified('ada@works.example') })).toBe(false);
  });
});

const onlyAnn = await serveTo('ann');

describe('a refusal', () => {
  test.each(toolCallers)('says who it is and what to list, and starts no sign-in, %s', async (_era, call) => {
    const answer = await call(onlyAnn.url, 'list_buckets', bearer(tokenOf({ sub: 'bob', name: 'Bob' })));
    expect(refusalIn(answer)).toBe(
      'Bob (id bob) is not on the list of users of this server. Ask its operator to add bob to MCP_ALLOWED_USERS.',
    );
    expect(answer.body).not.toMatch(/bucket|ann\b/);
  });

  test.each([
    'auth0|5f7c8ec7c33c6c004bbafe82',
    'ada@works.example',
    '@works.example',
    'eve,@works.example',
    'eve,ann',
    'id:eve',
    '100%25',
    'eve ann',
    'eve\nann',
    '*',
    ' ',
  ])('of %j gives the text that lets in this id, and nobody else', async (sub) => {
    const answer = await post(onlyAnn.url, listTools, bearer(tokenOf({ sub })));
    const [, text = ''] = /to add (\S+) to MCP_ALLOWED_USERS\.$/.exec(refusalIn(answer)) ?? [];
    expect(text.split(',')).toHaveLength(1);
    const longer = await serveTo(`carl,${text}`);
    expect(await isLetIn(longer, { sub })).toBe(true);
    for (const other of ['eve', 'ann', '@works.example', 'works.example'])
      if (other !== sub) expect(await isLetIn(longer, { sub: other })).toBe(false);
    expect(await isLetIn(longer, { sub: 'eve', ...verified('ada@works.example') })).toBe(false);
  });

  test('comes before one for missing scopes, for which a client would sign in again', async () => {
    const answer = await post(onlyAnn.url, listTools, bearer(tokenOf({ sub: 'bob', scope: 'other' })));
    expect(refusalIn(answer)).toContain('bob');
  });

  test('is for those only whose token is valid', async () => {
    const answer = await post(onlyAnn.url, listTools, bearer(tokenOf({ sub: 'bob', aud: 'another' })));
    expect(answer.status).toBe(401);
  });
});

test.each(eras)('who is taken off the list is refused from the restart on: %s', async (_name, mode) => {
  const before = await serveTo('ann,bob');
  const after = await serveTo('ann');
  for (const [sub, allowed] of [
    ['ann', true],
    ['bob', false],
  ] as const) {
    const client = keep(await connectBearing(before.url, mode, tokenOf({ sub })));
    expect((await client.callTool({ name: 'list_buckets' })).isError).toBeFalsy();
    const again = connectBearing(after.url, mode, tokenOf({ sub }));
    if (allowed) expect((await keep(await again).callTool({ name: 'list_buckets' })).isError).toBeFalsy();
    else
      await expect(again).rejects.toMatchObject({
        data: { status: 403, text: expect.stringContaining('MCP_ALLOWED_USERS') },
      });
  }
});
