// get_user_info: who has signed in.
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { userInfoUrl } from '../../../lib/aps/user-info.ts';
import { definition as threeLegged } from '../../../servers/3lo.ts';
import { connect, eras } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { connectSigningIn } from '../../support/oauth-client.ts';
import { alice, benji, chien, profileOf } from '../../support/people.ts';
import { type Sandbox, startSandbox } from '../../support/sandbox.ts';
import type { Served } from '../../support/serving.ts';
import { callersByHeader } from '../../support/serving.ts';
import { signedIn, signInAt } from '../../support/sign-in.ts';
import { atAutodesk, serveWith } from '../../support/signing-in.ts';
import { serveThreeLegged } from '../../support/three-legged.ts';
import { said } from '../../support/tool-results.ts';

const keep = closing();
let sandbox: Sandbox;
let served: Served;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveThreeLegged(sandbox, { clientSignIn: callersByHeader }));
});

test.each([alice, benji, chien])(
  'says who has signed in: the name, the address and the id of $userId',
  async (person) => {
    const client = await signedIn(sandbox, served, person);
    const { name, email } = profileOf(person);
    const text = `Name: ${name}\nEmail: ${email}\nAutodesk ID: ${person.userId}`;
    expect(await said(client, 'get_user_info')).toEqual({ isError: false, text });
    const { structuredContent } = await client.callTool({ name: 'get_user_info' });
    expect(structuredContent).toEqual({ autodesk_id: person.userId, name, email });
  },
);

test.each(eras)('asks somebody who has not signed in to do that first, for %s', async (_name, mode) => {
  const local = keep(await serveThreeLegged(sandbox));
  const client = await connect(local.url, mode);
  const { structuredContent } = await client.callTool({ name: 'get_user_info' });
  await signInAt(sandbox, z.object({ auth_url: z.string() }).parse(structuredContent).auth_url, benji);
  expect((await said(client, 'get_user_info')).text).toContain(profileOf(benji).name);
});

test('with autodesk, says whose account the client was connected with', async () => {
  const guarded = keep(await serveWith(sandbox, threeLegged, 'autodesk'));
  const client = await connectSigningIn(guarded.url, 'legacy', atAutodesk(benji));
  expect((await said(client, 'get_user_info')).text).toContain(profileOf(benji).email);
});

test('what Autodesk leaves out is left out', async () => {
  const bare = { userId: 'BARE', name: 'Bare', email: 'bare@works.example' };
  const own = keep(
    await startSandbox({
      users: [bare],
      routes: [{ method: 'GET', path: '/userinfo', answer: () => Response.json({ sub: 'BARE' }) }],
    }),
  );
  const client = await signedIn(
    own,
    keep(await serveThreeLegged(own, { clientSignIn: callersByHeader })),
    bare,
  );
  expect(await said(client, 'get_user_info')).toEqual({ isError: false, text: 'Autodesk ID: BARE' });
});

test('profiles are on a host of Autodesk of their own, and on that of any stand-in for APS', () => {
  expect(userInfoUrl('https://developer.api.autodesk.com')).toBe(
    'https://api.userprofile.autodesk.com/userinfo',
  );
  expect(userInfoUrl('http://localhost:5050')).toBe('http://localhost:5050/userinfo');
});
