/** The demo of 3-legged sign-in, `servers/3lo.ts`. */
import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { employees, type Sandbox, type User } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { type Browser, openBrowser } from './browser.ts';
import { connectHttp, connectStdio, type Mode } from './client.ts';
import { alice, benji, hubsIn, hubsOf, signIn } from './person.ts';
import { placesOf } from './places.ts';
import { environmentWith, nodeArguments, startProgram } from './program.ts';
import { command, expect, isShort, message, say, step, title, withoutQuery } from './stage.ts';

const asked = z.object({ result: z.object({ auth_required: z.literal(true), auth_url: z.string() }) });

/** @param folder - an empty working folder for the server */
export async function demoThreeLegged(sandbox: Sandbox, folder: string): Promise<void> {
  title('3LO: users sign in, and the server acts for each of them');
  say(
    'servers/3lo.ts starts without a token. A caller who has not signed in to Autodesk gets an address to open in ' +
      'the browser. After they sign in and consent, the server has tokens for that user, and uses them for nobody ' +
      'else.',
  );
  const program = await startProgram('scripts/aps-mcp.ts', ['3lo', '--port', '0'], sandbox.env, folder);
  command('npm run 3lo', `serves MCP at ${program.url}`);
  const aps = watchAps(sandbox);

  step('A client asks for hubs. It cannot open a browser, so it gets an address');
  const client = await connectHttp(program.url, 'legacy');
  const address = await addressFor(client);
  message('client ← server', `open ${withoutQuery(address)}`);

  step('Alice opens the address, signs in on Autodesk’s page and allows access');
  await signIn(sandbox, address, alice, aps);
  aps.tell();

  step(
    'The client asks again and gets her hubs. So does another client on her machine, without a new sign-in',
  );
  const another = await connectHttp(program.url, { pin: '2026-07-28' });
  for (const each of [client, another]) expect('hubs', await hubsIn(each), hubsOf(alice));
  aps.tell();
  message('client ← server', hubsOf(alice).join(', '));

  if (isShort()) {
    await Promise.all([client.close(), another.close()]);
    await program.stop();
    return;
  }

  step('She signs out, which revokes her Autodesk tokens: each client needs a new sign-in');
  await client.callTool({ name: 'sign_out' });
  aps.tell();
  for (const each of [client, another])
    expect('a new sign-in', (await addressFor(each)).startsWith(sandbox.url), true);
  await Promise.all([client.close(), another.close()]);

  step('A client with protocol 2026-07-28 that can open a browser: the same call returns the data');
  const modern = await connectHttp(program.url, { pin: '2026-07-28' }, (address) => {
    void signIn(sandbox, address, alice, aps);
  });
  expect('hubs', await hubsIn(modern), hubsOf(alice));
  aps.tell();
  message('client ← server', `${hubsOf(alice).join(', ')}`);
  await modern.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);

  step('Over stdio, each with their own server: Alice with 2026-07-28, Benji with the older protocol');
  await Promise.all([
    overStdio(sandbox, folder, alice, { pin: '2026-07-28' }, aps),
    overStdio(sandbox, folder, benji, 'legacy', aps),
  ]);

  step('Two people at one server: their company signs them in to it, and each signs in to Autodesk');
  await behindTheirCompany(sandbox, folder, aps);
}

/** With `--client-auth oidc`, described in the story of the company below. */
async function behindTheirCompany(sandbox: Sandbox, folder: string, aps: ApsTeller): Promise<void> {
  const program = await startProgram(
    'scripts/aps-mcp.ts',
    ['3lo', '--client-auth', 'oidc', '--port', '0'],
    { ...sandbox.env, ...sandbox.openIdEnv('') },
    folder,
  );
  sandbox.registerRedirectUri(new URL('/callback', program.url).href);
  const people = await Promise.all(
    [alice, benji].map(async (user, index) => {
      const employee = employees[index]?.sub ?? '';
      const token = await sandbox.openIdToken({ user: employee, audience: program.url.href });
      return { user, employee, client: await connectHttp(program.url, 'legacy', undefined, token) };
    }),
  );
  /** Opens a link, says that it is theirs, and signs in at the company. */
  const identify = async (browser: Browser, address: string, employee: string) => {
    const confirmation = await browser.open(new URL(address));
    expect('the page that asks whose sign-in it is', /Sign in to Autodesk/.test(confirmation.heading), true);
    return browser.submit(await browser.submit(confirmation, {}), { user: employee, decision: 'allow' });
  };
  for (const { user, employee, client } of people) {
    const browser = openBrowser(placesOf(sandbox));
    const atAutodesk = await identify(browser, await addressFor(client), employee);
    const done = await browser.submit(atAutodesk, { user: user.userId, decision: 'allow' });
    expect('the last page', /signed in/i.test(done.heading), true);
  }
  aps.tell();
  for (const { user, client } of people) {
    const seen = await hubsIn(client);
    expect(`hubs of ${user.name}`, seen, hubsOf(user));
    message('client ← server', `for ${user.name}: ${seen.join(', ')}`);
  }

  step('A link that was made for one of them and is opened by the other completes no sign-in');
  const [one, other] = people;
  if (!one || !other) throw new Error('There are two people');
  await one.client.callTool({ name: 'sign_out' });
  const refused = await identify(
    openBrowser(placesOf(sandbox)),
    await addressFor(one.client),
    other.employee,
  );
  expect('the page for somebody else', /not yours/.test(refused.heading), true);
  aps.tell();
  for (const { client } of people) await client.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);
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
    void signIn(sandbox, address, user, aps);
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
