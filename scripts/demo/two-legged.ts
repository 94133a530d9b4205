/** The demo of 2-legged sign-in, `servers/2lo.ts`. */
import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { Sandbox } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { connectHttp, connectStdio, listIn, nextCursorIn } from './client.ts';
import { environmentWith, nodeArguments, startProgram } from './program.ts';
import { command, detail, expect, isShort, message, say, step, title } from './stage.ts';

const bucket = z.object({ bucket_key: z.string(), policy_key: z.string(), region: z.string() });
const object = z.object({ object_key: z.string(), size: z.number() });

type First = z.infer<typeof bucket>[];

/** @param folder - an empty working folder for the server */
export async function demoTwoLegged(sandbox: Sandbox, folder: string): Promise<void> {
  title('2LO: the application signs in as itself');
  say(
    'servers/2lo.ts has a client ID and a secret. It exchanges them for an access token of the application, and ' +
      'reads the application’s own storage. No user is involved.',
  );
  const aps = watchAps(sandbox);
  const program = await startProgram('scripts/aps-mcp.ts', ['2lo', '--port', '0'], sandbox.env, folder);
  command('npm run 2lo', `serves MCP at ${program.url}`);
  await aps.tellFirstToken();

  step('A client with the current protocol, 2026-07-28, asks for buckets');
  const modern = await connectHttp(program.url, { pin: '2026-07-28' });
  const first = listIn(await modern.callTool({ name: 'list_buckets' }), bucket);
  expect('requests to APS', aps.tell(), 1);
  expect('buckets in the US', first.length, 23);
  const keys = first.map(({ bucket_key }) => bucket_key);
  message('client ← server', `${keys.length} buckets in the US, the default region: ${keys[0]}, …`);
  for (const { bucket_key, policy_key } of first.slice(0, 3)) detail(`${bucket_key}  (${policy_key})`);
  detail('…');

  if (!isShort()) {
    await everyRegion(modern, aps);
    await largeBucket(modern, aps);
    await revokedToken(modern, aps, sandbox);
    await invalidArgument(modern, aps);
  }
  await modern.close();
  if (!isShort()) await olderProtocol(program.url, first, aps);
  expect('exit code after Ctrl-C', await program.stop(), 0);
  if (!isShort()) await overStdio(sandbox, folder, first, aps);
}

async function everyRegion(client: Client, aps: ApsTeller): Promise<void> {
  step('The same client asks for all regions: the token is still valid');
  const everywhere = listIn(
    await client.callTool({ name: 'list_buckets', arguments: { region: 'ALL' } }),
    bucket,
  );
  aps.tell();
  const count = new Map<string, number>();
  for (const { region } of everywhere) count.set(region, (count.get(region) ?? 0) + 1);
  expect('buckets everywhere', everywhere.length, 158);
  message(
    'client ← server',
    `${everywhere.length} buckets: ${[...count].map(([region, n]) => `${region} ${n}`).join(', ')}`,
  );
}

async function largeBucket(client: Client, aps: ApsTeller): Promise<void> {
  step('A large bucket: each call returns up to 1,000 objects and a cursor for the rest');
  let cursor: string | undefined;
  let objects = 0;
  do {
    const result = await client.callTool({
      name: 'list_objects',
      arguments: { bucket_key: 'sandbox-survey-photos', ...(cursor && { cursor }) },
    });
    aps.tell();
    const page = listIn(result, object);
    objects += page.length;
    cursor = nextCursorIn(result);
    message(
      'client ← server',
      `${page.length} objects, ${page[0]?.object_key} to ${page.at(-1)?.object_key}` +
        (cursor ? ', and a cursor' : ', the last ones'),
    );
  } while (cursor);
  expect('objects', objects, 2345);
}

async function revokedToken(client: Client, aps: ApsTeller, sandbox: Sandbox): Promise<void> {
  step('APS revokes the token: the server notices, gets a new one, and the call succeeds');
  expect('tokens revoked', sandbox.revokeAccessTokens(), 1);
  const again = listIn(
    await client.callTool({ name: 'list_buckets', arguments: { region: 'EMEA', limit: 5 } }),
    bucket,
  );
  expect('requests to APS', aps.tell(), 3);
  expect('buckets of EMEA', again.length, 5);
  message('client ← server', `${again.length} buckets in EMEA`);
}

async function invalidArgument(client: Client, aps: ApsTeller): Promise<void> {
  step('An invalid argument: the error says what is wrong');
  const refused = await client.callTool({ name: 'list_objects', arguments: { bucket_key: '../secrets' } });
  expect('the call is refused', refused.isError, true);
  expect('requests to APS', aps.tell(), 0);
  message('client ← server', refused.content[0]?.type === 'text' ? refused.content[0].text : '');
}

async function olderProtocol(url: URL, first: First, aps: ApsTeller): Promise<void> {
  step('A client with the older protocol and its initialize handshake, at the same address');
  const legacy = await connectHttp(url, 'legacy');
  const older = listIn(await legacy.callTool({ name: 'list_buckets' }), bucket);
  aps.tell();
  expect('buckets in the US', older, first);
  message('client ← server', `the same ${older.length} buckets`);
  await legacy.close();
}

async function overStdio(sandbox: Sandbox, folder: string, first: First, aps: ApsTeller): Promise<void> {
  step('Over stdio: the client starts the server itself, as desktop applications do');
  for (const mode of [{ pin: '2026-07-28' }, 'legacy'] as const) {
    const client = await connectStdio(
      nodeArguments('servers/2lo.ts'),
      environmentWith(sandbox.env),
      folder,
      mode,
    );
    const overStdio = listIn(await client.callTool({ name: 'list_buckets' }), bucket);
    expect('buckets in the US', overStdio, first);
    message(
      'client ← server',
      `the same ${overStdio.length} buckets, MCP ${client.getNegotiatedProtocolVersion()}`,
    );
    await client.close();
    aps.tell();
  }
}
