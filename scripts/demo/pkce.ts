/** The demo of sign-in with PKCE, without a secret, `servers/pkce.ts`. */
import type { Sandbox, User } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { connectStdio, type Mode } from './client.ts';
import { alice, benji, hubsIn, hubsOf, signIn } from './person.ts';
import { environmentWith, nodeArguments } from './program.ts';
import { command, detail, expect, isShort, message, say, step, title, withoutQuery } from './stage.ts';

/** @param folder - an empty working folder for the server */
export async function demoPkce(sandbox: Sandbox, folder: string): Promise<void> {
  title('PKCE: a user signs in on their own machine, which cannot keep a client secret');
  say(
    'A desktop MCP client starts servers/pkce.ts, which has a client ID but no secret. Instead, each sign-in has its ' +
      'own verifier: Autodesk gets its hash first, and later issues tokens only to the program that presents the ' +
      'verifier.',
  );
  command('npx tsx servers/pkce.ts', 'speaks MCP over stdio');
  const variables = { APS_BASE_URL: sandbox.url, APS_CLIENT_ID: sandbox.publicClientId };
  for (const [name, value] of Object.entries(variables)) detail(`${name}=${value}`);
  const aps = watchAps(sandbox);

  step('A client with protocol 2026-07-28 asks for Alice’s hubs: she signs in, and the call continues');
  await overStdio(sandbox, folder, variables, alice, { pin: '2026-07-28' }, aps);

  if (isShort()) return;

  step('Benji’s client uses the older protocol');
  await overStdio(sandbox, folder, variables, benji, 'legacy', aps);
}

async function overStdio(
  sandbox: Sandbox,
  folder: string,
  variables: Record<string, string>,
  user: User,
  mode: Mode,
  aps: ApsTeller,
): Promise<void> {
  const client = await connectStdio(
    nodeArguments('servers/pkce.ts'),
    environmentWith({ ...variables, MCP_PORT: '0' }),
    folder,
    mode,
    (address) => {
      const { searchParams } = new URL(address);
      const challenge = searchParams.get('code_challenge') ?? '';
      detail(withoutQuery(address));
      detail(`code_challenge ${challenge.slice(0, 6)}…, ${searchParams.get('code_challenge_method')}`);
      expect('the method', [challenge.length, searchParams.get('code_challenge_method')], [43, 'S256']);
      return signIn(sandbox, address, user, aps);
    },
  );
  const seen = await hubsIn(client);
  aps.tell();
  expect(`hubs of ${user.name}`, seen, hubsOf(user));
  message('client ← server', `for ${user.name}: ${seen.join(', ')}`);
  await client.close();
}
