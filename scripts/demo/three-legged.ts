/** The demo of 3-legged sign-in, `servers/3lo.ts`. */
import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { Sandbox, User } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { connectHttp, connectStdio, type Mode } from './client.ts';
import { alice, benji, hubsIn, hubsOf, signIn } from './person.ts';
import { environmentWith, nodeArguments, startProgram } from './program.ts';
import { expect, message, say, step, title, withoutQuery } from './stage.ts';

const asked = z.object({ result: z.object({ auth_required: z.literal(true), auth_url: z.string() }) });

/** @param folder - an empty working folder for the server */
export async function demoThreeLegged(sandbox: Sandbox, folder: string): Promise<void> {
  title('3LO: users sign in, and the server acts for each of them');
  say(
    'servers/3lo.ts starts without a token. A caller who has not signed in to Autodesk gets an address to open in ' +
      'the browser. After they sign in and consent, the server has tokens for that user, and uses them for nobody ' +
      'else.',
  );
  const program = await startProgram('scripts/run.ts', ['3lo', '--port', '0'], sandbox.env, folder);
  console.log(`\n   npm run 3lo        serves MCP at ${program.url}`);
  const aps = watchAps(sandbox);

  step(1, 'Two people ask for their hubs at the same time. Their clients cannot open a browser');
  const clients = [
    await connectHttp(program.url, 'legacy'),
    await connectHttp(program.url, 'legacy'),
  ] as const;
  const addresses = await Promise.all(clients.map(addressFor));
  for (const [index, { name }] of [alice, benji].entries())
    message('client ← server', `for ${name}: open ${withoutQuery(addresses[index] ?? '')}`);

  step(2, 'Each opens the address, signs in on Autodesk’s page and allows access');
  await Promise.all([alice, benji].map((user, index) => signIn(sandbox, addresses[index] ?? '', user)));
  aps.tell();

  step(3, 'They ask again: each gets their own hubs, and nobody else’s');
  const seen = await Promise.all(clients.map(hubsIn));
  aps.tell();
  expect('hubs', seen, [hubsOf(alice), hubsOf(benji)]);
  for (const [index, { name }] of [alice, benji].entries())
    message('client ← server', `for ${name}: ${seen[index]?.join(', ')}`);

  step(4, 'Alice signs out, which revokes her Autodesk tokens. Benji stays signed in');
  await clients[0].callTool({ name: 'sign_out' });
  aps.tell();
  expect('Alice must sign in again', (await addressFor(clients[0])).startsWith(sandbox.url), true);
  expect('Benji sees his hubs', await hubsIn(clients[1]), hubsOf(benji));
  aps.tell();
  await Promise.all(clients.map((client) => client.close()));

  step(5, 'A client with protocol 2026-07-28 that can open a browser: the same call returns the data');
  const modern = await connectHttp(program.url, { pin: '2026-07-28' }, (address) => {
    void signIn(sandbox, address, alice);
  });
  expect('hubs', await hubsIn(modern), hubsOf(alice));
  aps.tell();
  message('client ← server', `${hubsOf(alice).join(', ')}`);
  await modern.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);

  step(6, 'Over stdio, each with their own server: Alice with 2026-07-28, Benji with the older protocol');
  await Promise.all([
    overStdio(sandbox, folder, alice, { pin: '2026-07-28' }, aps),
    overStdio(sandbox, folder, benji, 'legacy', aps),
  ]);
}

async function overStdio(
  sandbox: Sandbox,
  folder: string,
  user: User,
  mode: Mode,
  aps: ApsTeller,
): Promise<void> {
  const environment = environmentWith({ ...sandbox.env, MCP_PORT: '0' });
  const client = await connectStdio(nodeArguments('servers/3lo.ts'), environment, folder, mode, (address) => {
    void signIn(sandbox, address, user);
  });
  const seen = await hubsIn(client);
  aps.tell();
  expect(`hubs of ${user.name}`, seen, hubsOf(user));
  message('client ← server', `for ${user.name}: ${seen.join(', ')}`);
  await client.close();
}

/** The sign-in address in a result, for clients without elicitation. The format is that of the Python sample. */
async function addressFor(client: Client): Promise<string> {
  const { structuredContent } = await client.callTool({ name: 'list_hubs' });
  return asked.parse(structuredContent).result.auth_url;
}
