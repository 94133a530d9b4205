/** The people in the demo: their hubs at Autodesk, and what they do in the browser. */
import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { demoUsers, type Sandbox, type User } from '../../sandbox/index.ts';
import type { ApsTeller } from './aps.ts';
import { listIn } from './client.ts';
import { detail, expect, message } from './stage.ts';

const [first, second] = demoUsers;
if (!first || !second) throw new Error('the sandbox has no users');
export const alice = first;
export const benji = second;

const hubs = new Map<User, readonly string[]>([
  [alice, ['Harbor Street Architects', 'Alice’s hub']],
  [benji, ['Rheinbrücke Bau']],
]);

/** The names of the hubs that a user has access to. */
export function hubsOf(user: User): readonly string[] {
  return hubs.get(user) ?? [];
}

/** The names of the hubs that `list_hubs` returns to a client. */
export async function hubsIn(client: Client): Promise<string[]> {
  const hub = z.object({ name: z.string() });
  return listIn(await client.callTool({ name: 'list_hubs' }), hub).map(({ name }) => name);
}

/** Plays the person: opens the sign-in address, signs in, allows access, and returns to the server. */
export async function signIn(sandbox: Sandbox, address: string, user: User, aps: ApsTeller): Promise<void> {
  const callback = new URL(address).searchParams.get('redirect_uri') ?? '';
  // On APS, you register the callback URL of a server once, in its application.
  sandbox.registerRedirectUri(callback);
  const back = await sandbox.signIn(address, { userId: user.userId });
  aps.tell();
  const page = await fetch(back);
  const heading = /<h1>(.*?)<\/h1>/.exec(await page.text())?.[1];
  message(
    'browser → server',
    `${new URL(callback).pathname}, after ${user.name} has signed in and allowed access`,
  );
  detail(`${page.status}: “${heading}”`);
  expect(`the page “${heading}”`, [page.status, /signed in/i.test(heading ?? '')], [200, true]);
}
