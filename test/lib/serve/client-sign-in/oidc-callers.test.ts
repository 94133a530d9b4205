// Who is calling, where clients sign in: the person, told by issuer and subject, and not their client or session.
import type { Client, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineServer } from '../../../../lib/serve/launch/start.ts';
import { memoryStore } from '../../../../lib/store/memory.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { eras, newest } from '../../../support/clients.ts';
import {
  bearer,
  connectBearing,
  inNewestEra,
  serveOidc,
  signInThrough,
  startOidc,
} from '../../../support/oidc.ts';
import { startOpenIdProvider } from '../../../support/openid-provider.ts';
import { alice, benji, chien } from '../../../support/people.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import { threeLegged as builtThreeLegged } from '../../../support/three-legged.ts';
import { hubsOf, said } from '../../../support/tool-results.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const { keep, sandbox, provider, served } = await startOidc(threeLegged);

/** A person of the company whom no other test knows. */
const somebody = () => crypto.randomUUID();

/** A client of theirs. */
async function clientOf(
  sub: string,
  mode: VersionNegotiationMode = 'legacy',
  claims: Record<string, unknown> = {},
): Promise<Client> {
  return keep(await connectBearing(served.url, mode, provider.token(served.url, { sub, ...claims })));
}

/** Calls list_hubs, and signs in to Autodesk at the address that it gives. */
async function signIn(client: Client, person: { userId: string }): Promise<void> {
  expect((await signInThrough(await askedAddress(client), person)).status).toBe(200);
}

describe('one person', () => {
  test('signs in to Autodesk once, for every client that they have, in either era', async () => {
    const sub = somebody();
    const [first, ...others] = [
      await clientOf(sub, 'legacy', { client_id: 'a-client' }),
      await clientOf(sub, 'legacy', { client_id: 'b-client' }),
      await clientOf(sub, { pin: newest }, { client_id: 'c-client', name: 'Another Name' }),
    ];
    await signIn(first, benji);
    for (const client of [first, ...others]) expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('is told by which of their clients they are asked to sign in', async () => {
    const sub = somebody();
    for (const client_id of ['a-client', 'b-client']) {
      const page = await openBrowser().open(await askedAddress(await clientOf(sub, 'legacy', { client_id })));
      expect(page.html).toContain(`<dd id="client">${client_id}</dd>`);
    }
  });

  test('who signs out in one client is signed out in all, and nobody else is', async () => {
    const sub = somebody();
    const [one, another, stranger] = [
      await clientOf(sub),
      await clientOf(sub, { pin: newest }),
      await clientOf(somebody()),
    ];
    await signIn(one, alice);
    await signIn(stranger, chien);
    expect((await said(another, 'sign_out')).isError).toBe(false);
    expect(await askedAddress(one)).toContain('/signin?');
    expect(await hubsOf(stranger)).toEqual(chien.hubs);
  });
});

describe.each(eras)('%s', (_name, mode) => {
  test('of one person sees nothing of another, who has the same client, name and address', async () => {
    const alike = { client_id: 'a-client', name: 'Ann', email: 'ann@example.com', preferred_username: 'ann' };
    const [one, other] = [await clientOf(somebody(), mode, alike), await clientOf(somebody(), mode, alike)];
    await signIn(one, alice);
    expect(await askedAddress(other)).toContain('/signin?');
    await signIn(other, benji);
    expect([await hubsOf(one), await hubsOf(other)]).toEqual([alice.hubs, benji.hubs]);
  });

  test('of a person whose name contains another’s is not taken for them', async () => {
    const sub = somebody();
    await signIn(await clientOf(sub, mode), alice);
    const alike = [
      `${sub} `,
      `${sub}0`,
      `${sub.slice(0, -1)}~`,
      sub.toUpperCase(),
      `${provider.issuer}#${sub}`,
      `#${sub}`,
    ];
    for (const almost of alike)
      expect(await askedAddress(await clientOf(almost, mode))).toContain('/signin?');
  });
});

test('the same subject at two providers is two people, also for servers that share their store', async () => {
  const store = memoryStore();
  const sharing = defineServer({
    ...{ name: 'sharing', apsSignIn: '3-legged', port: 0, userScopes: ['data:read'], variables: {} },
    create: (_settings, { browser }) => builtThreeLegged(sandbox, { browser, store }),
  });
  const others = keep(await startOpenIdProvider());
  const [first, second, third] = await Promise.all(
    [provider, provider, others].map(async (it) => {
      const { url } = keep(await serveOidc(sandbox, sharing, it));
      return keep(await connectBearing(url, 'legacy', it.token(url)));
    }),
  );
  if (!first || !second || !third) throw new Error('There are three');
  await signIn(first, benji);
  expect(await hubsOf(second)).toEqual(benji.hubs);
  expect(await askedAddress(third)).toContain('/signin?');
});

describe('the state of a question', () => {
  const question = z.object({
    result: z.object({ resultType: z.literal('input_required'), requestState: z.string() }),
  });
  const ask = (sub: string, params?: Record<string, unknown>) =>
    inNewestEra(served.url, 'list_hubs', bearer(provider.token(served.url, { sub })), params);
  const stateFor = async (sub: string) => {
    const { body } = await ask(sub);
    return question.parse(JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body)).result.requestState;
  };
  const declined = { sign_in: { action: 'decline' } };

  test('that was put to one person is no question to another, whose answer does not count', async () => {
    const [ann, ben] = [somebody(), somebody()];
    const requestState = await stateFor(ann);
    const { body } = await ask(ben, { requestState, inputResponses: declined });
    expect(body).toContain('/signin?');
    expect(body).not.toContain('did not sign in');
  });

  test('of another deployment is refused', async () => {
    const ann = somebody();
    const elsewhere = keep(await serveOidc(sandbox, threeLegged, provider));
    const answer = await inNewestEra(
      elsewhere.url,
      'list_hubs',
      bearer(provider.token(elsewhere.url, { sub: ann })),
      {
        requestState: await stateFor(ann),
        inputResponses: declined,
      },
    );
    expect(answer.body).not.toContain('/signin?');
    expect(answer.body).toContain('"error"');
  });
});
