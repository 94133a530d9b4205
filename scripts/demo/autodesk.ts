/** The demo of client sign-in with the Autodesk account, `--client-auth autodesk`. */
import type { Sandbox, User } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { openBrowser } from './browser.ts';
import { alice, benji, hubsIn, hubsOf } from './person.ts';
import { type PlaceOf, placesOf } from './places.ts';
import { startProgram } from './program.ts';
import { createSigningInClient, type SigningInClient } from './signing-in.ts';
import { expect, message, say, step, title, tokenNumber } from './stage.ts';

/** @param folder - an empty folder for the server to work in */
export async function demoAutodesk(sandbox: Sandbox, folder: string): Promise<void> {
  title('Client sign-in, autodesk: one sign-in, for the client and for its data');
  say(
    'With --client-auth autodesk, the server is the authorization server of its clients, in front of Autodesk. Who signs ' +
      'in there is who calls here: servers/3lo.ts reads with the tokens that come of it, and has nothing more to ask. The ' +
      'client gets tokens too, but others: they are good for this server alone.',
  );
  const program = await startProgram(
    'scripts/run.ts',
    ['3lo', '--client-auth', 'autodesk', '--port', '0'],
    sandbox.env,
    folder,
  );
  console.log(`\n   npm run 3lo -- --client-auth autodesk        serves MCP at ${program.url}`);
  // At Autodesk, the callback address of a server is registered once, with its application.
  sandbox.registerRedirectUri(new URL('/callback', program.url).href);
  const aps = watchAps(sandbox, 'servers');
  const placeOf = placesOf(sandbox);
  const before = signIns(sandbox);

  step(1, 'Alice’s client has no token. It finds out where people sign in, and registers there');
  const visitor = createSigningInClient(program.url, { pin: '2026-07-28' }, placeOf);
  const address = await visitor.begin();

  step(2, 'In the browser: may this client? Then, at Autodesk: who is it, and may this server?');
  const back = await signIn(address, alice, placeOf);
  aps.tell();

  step(3, 'The client trades the code for tokens of this server. Autodesk’s stay where they are');
  await visitor.finish(back);
  aps.tell();
  const { iss, aud, jti } = visitor.claims();
  expect('the token', [iss, aud], [program.url.origin, program.url.href]);

  step(4, 'It calls, and has the hubs at once: nobody is asked a second time');
  await visitor.connect();
  await callFor(alice, visitor, aps);
  expect('sign-ins at Autodesk', signIns(sandbox) - before, 1);

  step(5, 'The token expires (the demo spoils it, and does not wait): the client gets another by itself');
  visitor.letExpire();
  await callFor(alice, visitor, aps);
  const renewed = visitor.claims();
  expect('another token', renewed.jti !== jti, true);
  message('client ← server', `for a new token, ${tokenNumber(renewed.jti)} after ${tokenNumber(jti)}`);
  await visitor.client.close();

  step(6, 'Benji, whose client speaks the older protocol, sees his hubs and not Alice’s');
  const other = createSigningInClient(program.url, 'legacy', placeOf);
  await other.finish(await signIn(await other.begin(), benji, placeOf));
  aps.tell();
  await other.connect();
  await callFor(benji, other, aps);
  expect('sign-ins at Autodesk', signIns(sandbox) - before, 2);
  await other.client.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);
}

/** What a person does with the address that a client gives them: allows the client, signs in at Autodesk, and comes back. */
async function signIn(address: URL, { name, userId }: User, placeOf: PlaceOf): Promise<URL> {
  const browser = openBrowser(placeOf);
  const consent = await browser.open(address);
  expect('the page of this server', consent.heading, 'Allow Demo client?');
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

/** How often somebody has pressed a button on Autodesk's page so far. */
function signIns({ requests }: Sandbox): number {
  return requests.filter(({ method, path }) => method === 'POST' && path === '/authentication/v2/authorize')
    .length;
}
