/** The demo of client sign-in with the Autodesk account, `--client-auth autodesk`. */
import type { Sandbox, User } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { openBrowser } from './browser.ts';
import { alice, benji, hubsIn, hubsOf } from './person.ts';
import { type PlaceOf, placesOf } from './places.ts';
import { startProgram } from './program.ts';
import { createSigningInClient, type SigningInClient } from './signing-in.ts';
import { command, expect, isShort, message, say, step, title, tokenNumber } from './stage.ts';

/** @param folder - an empty working folder for the server */
export async function demoAutodesk(sandbox: Sandbox, folder: string): Promise<void> {
  title('Client sign-in with Autodesk: one sign-in for the server and the data');
  say(
    'With --client-auth autodesk, the server is the authorization server for its clients and sends people to ' +
      'Autodesk to sign in. That one sign-in identifies the caller and gives servers/3lo.ts the tokens to read their ' +
      'data. The client gets different tokens, which are valid only for this server.',
  );
  const program = await startProgram(
    'scripts/aps-mcp.ts',
    ['3lo', '--client-auth', 'autodesk', '--port', '0'],
    sandbox.env,
    folder,
  );
  command('npm run 3lo -- --client-auth autodesk', `serves MCP at ${program.url}`);
  // On APS, you register the callback URL of a server once, in its application.
  sandbox.registerRedirectUri(new URL('/callback', program.url).href);
  const aps = watchAps(sandbox, 'servers');
  const placeOf = placesOf(sandbox);
  const before = signIns(sandbox);

  step('Alice’s client has no token. It discovers where to sign in, and registers there');
  const visitor = createSigningInClient(program.url, { pin: '2026-07-28' }, placeOf);
  const address = await visitor.begin();

  step('In the browser, Alice allows the client, then signs in at Autodesk and allows the server');
  const back = await signIn(address, alice, placeOf);
  aps.tell();

  step('The client exchanges the code for tokens of this server. It never gets Autodesk’s tokens');
  await visitor.finish(back);
  aps.tell();
  const { iss, aud, jti } = visitor.claims();
  expect('the token', [iss, aud], [program.url.origin, program.url.href]);

  step('It calls a tool and gets the hubs at once, without a second sign-in');
  await visitor.connect();
  await callFor(alice, visitor, aps);
  expect('sign-ins at Autodesk', signIns(sandbox) - before, 1);

  if (isShort()) {
    await visitor.client.close();
    await program.stop();
    return;
  }

  step('The token expires (the demo replaces it instead of waiting): the client gets a new one by itself');
  visitor.letExpire();
  await callFor(alice, visitor, aps);
  const renewed = visitor.claims();
  expect('another token', renewed.jti !== jti, true);
  message(
    'client ← server',
    `with a new token: ${tokenNumber(renewed.jti)}, before that ${tokenNumber(jti)}`,
  );
  await visitor.client.close();

  step('Benji’s client uses the older protocol. He gets his hubs, not Alice’s');
  const other = createSigningInClient(program.url, 'legacy', placeOf);
  await other.finish(await signIn(await other.begin(), benji, placeOf));
  aps.tell();
  await other.connect();
  await callFor(benji, other, aps);
  expect('sign-ins at Autodesk', signIns(sandbox) - before, 2);
  await other.client.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);
}

/** Plays the person: allows the client, signs in at Autodesk, and returns the address of the client's callback. */
async function signIn(address: URL, { name, userId }: User, placeOf: PlaceOf): Promise<URL> {
  const browser = openBrowser(placeOf);
  const consent = await browser.open(address);
  expect('the consent page names the client', consent.heading.includes('Demo client'), true);
  const atAutodesk = await browser.submit(consent, { decision: 'allow' });
  expect(`the page for ${name}`, atAutodesk.heading, 'Sign in to Sandbox Demo');
  return (await browser.submit(atAutodesk, { user: userId, decision: 'allow' })).address;
}

async function callFor(user: User, { client }: SigningInClient, aps: ApsTeller): Promise<void> {
  const seen = await hubsIn(client);
  aps.tell();
  expect(`hubs of ${user.name}`, seen, hubsOf(user));
  message('client ← server', `for ${user.name}: ${seen.join(', ')}`);
}

/** How many times people have answered Autodesk's page so far. */
function signIns({ requests }: Sandbox): number {
  return requests.filter(({ method, path }) => method === 'POST' && path === '/authentication/v2/authorize')
    .length;
}
