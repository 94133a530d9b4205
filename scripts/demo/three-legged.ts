/** The demo of 3-legged sign-in, `servers/3lo.ts`. */
import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { demoUsers, type Sandbox, type User } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { connectHttp, connectStdio, listIn, type Mode } from './client.ts';
import { environmentWith, nodeArguments, startProgram } from './program.ts';
import { detail, expect, message, say, step, title } from './stage.ts';

const hub = z.object({ name: z.string() });
const asked = z.object({ result: z.object({ auth_required: z.literal(true), auth_url: z.string() }) });

const hubsOf: Record<string, readonly string[]> = {
  SBXUSERALICE: ['Harbor Street Architects', 'Alice’s hub'],
  SBXUSERBENJI: ['Rheinbrücke Bau'],
};

/** @param folder - an empty folder for the server to work in */
export async function demoThreeLegged(sandbox: Sandbox, folder: string): Promise<void> {
  const [alice, benji] = demoUsers;
  if (!alice || !benji) throw new Error('the sandbox has no users');
  title('3LO: users sign in, and the server acts for each of them');
  say(
    'servers/3lo.ts has no token of its own. A caller who has not signed in to Autodesk is given an address for ' +
      'the browser; once they have signed in and consented there, the server has tokens for them, and for nobody else.',
  );
  const program = await startProgram('scripts/run.ts', ['3lo', '--port', '0'], sandbox.env, folder);
  console.log(`\n   npm run 3lo        serves MCP at ${program.url}`);
  const aps = watchAps(sandbox);

  step(1, 'Two people ask for their hubs at the same time. Their clients know nothing of sign-ins');
  const clients = [
    await connectHttp(program.url, 'legacy'),
    await connectHttp(program.url, 'legacy'),
  ] as const;
  const addresses = await Promise.all(clients.map(addressFor));
  for (const [index, { name }] of [alice, benji].entries())
    message('client ← server', `for ${name}: open ${shortened(addresses[index] ?? '')}`);

  step(2, 'Each opens the address, signs in on Autodesk’s page, and allows access');
  await Promise.all([alice, benji].map((user, index) => signIn(sandbox, addresses[index] ?? '', user)));
  aps.tell();

  step(3, 'They ask again: each sees their own hubs, and nobody else’s');
  const seen = await Promise.all(clients.map(hubs));
  aps.tell();
  expect('hubs', seen, [hubsOf.SBXUSERALICE, hubsOf.SBXUSERBENJI]);
  for (const [index, { name }] of [alice, benji].entries())
    message('client ← server', `for ${name}: ${seen[index]?.join(', ')}`);

  step(4, 'Alice signs out: what Autodesk gave for her is revoked. Benji stays signed in');
  await clients[0].callTool({ name: 'sign_out' });
  aps.tell();
  expect('Alice is asked anew', (await addressFor(clients[0])).startsWith(sandbox.url), true);
  expect('Benji sees his hubs', await hubs(clients[1]), hubsOf.SBXUSERBENJI);
  aps.tell();
  await Promise.all(clients.map((client) => client.close()));

  step(5, 'A client of 2026-07-28 that can show an address: the data comes in the same call');
  const modern = await connectHttp(program.url, { pin: '2026-07-28' }, (address) => {
    void signIn(sandbox, address, alice);
  });
  expect('hubs', await hubs(modern), hubsOf.SBXUSERALICE);
  aps.tell();
  message('client ← server', `${hubsOf.SBXUSERALICE?.join(', ')}`);
  await modern.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);

  step(6, 'Over stdio, each with a server of their own: Alice in 2026-07-28, Benji in the older protocol');
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
  const seen = await hubs(client);
  aps.tell();
  expect(`hubs of ${user.name}`, seen, hubsOf[user.userId]);
  message('client ← server', `for ${user.name}: ${seen.join(', ')}`);
  await client.close();
}

async function hubs(client: Client): Promise<string[]> {
  return listIn(await client.callTool({ name: 'list_hubs' }), hub).map(({ name }) => name);
}

/** The address that a client without elicitation gets in the result, as from the Python sample. */
async function addressFor(client: Client): Promise<string> {
  const { structuredContent } = await client.callTool({ name: 'list_hubs' });
  return asked.parse(structuredContent).result.auth_url;
}

/** What the person does in the browser: opens the address, signs in, allows, and comes back to the server. */
async function signIn(sandbox: Sandbox, address: string, user: User): Promise<void> {
  const callback = new URL(address).searchParams.get('redirect_uri') ?? '';
  // At Autodesk, the callback address of a server is registered once, with its application.
  sandbox.registerRedirectUri(callback);
  const back = await sandbox.signIn(address, { userId: user.userId });
  const page = await fetch(back);
  const heading = /<h1>(.*?)<\/h1>/.exec(await page.text())?.[1];
  message(
    'browser → server',
    `${new URL(callback).pathname}, after ${user.name} has signed in and allowed access`,
  );
  detail(`${page.status}: “${heading}”`);
  expect('the page', heading, 'You are signed in');
}

/** An address without what makes it valid. */
function shortened(address: string): string {
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}?…`;
}
