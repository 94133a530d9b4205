/** The demo of client sign-in for programs, `--client-auth key`. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Sandbox } from '../../sandbox/index.ts';
import { watchAps } from './aps.ts';
import { connectHttp, listIn } from './client.ts';
import { startProgram } from './program.ts';
import { command, expect, message, say, step, title } from './stage.ts';

/** @param folder - an empty working folder for the server */
export async function demoKey(sandbox: Sandbox, folder: string): Promise<void> {
  title('Client sign-in with a key: programs that have no person to sign in');
  say(
    'With --client-auth key, the operator gives each program a key: an agent, or a job of a pipeline. The server keeps ' +
      'the keys in MCP_API_KEYS, and calls each program by its name.',
  );
  const key = randomBytes(32).toString('base64url');
  const aps = watchAps(sandbox);
  const program = await startProgram(
    'scripts/aps-mcp.ts',
    ['2lo', '--client-auth', 'key', '--port', '0'],
    { ...sandbox.env, MCP_API_KEYS: `nightly-report=${key}` },
    folder,
  );
  command('npm run 2lo -- --client-auth key', `serves MCP at ${program.url}`);
  await aps.tellFirstToken();

  step('A program without a key is refused');
  const refused = await connectHttp(program.url, 'legacy').catch((error: unknown) => error);
  expect('a refusal', refused instanceof Error, true);
  expect('requests to APS', aps.tell(), 0);
  message('client ← server', '401: send a key');

  step('With its key, it is answered');
  const client = await connectHttp(program.url, { pin: '2026-07-28' }, undefined, key);
  const bucket = z.object({ bucket_key: z.string() });
  const buckets = listIn(await client.callTool({ name: 'list_buckets' }), bucket);
  aps.tell();
  expect('buckets in the US', buckets.length, 23);
  message('client ← server', `${buckets.length} buckets, for the program nightly-report`);
  await client.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);
}
