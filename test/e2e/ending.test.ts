// How a server ends: Ctrl-C lets running calls finish, a second one does not, and nobody left to serve is an end too.
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, eras } from '../support/clients.ts';
import { type HeldAps, startHeldAps } from '../support/held-aps.ts';
import { isWindows } from '../support/platform.ts';
import { type Program, run, runHttpServer, stdioCommand } from '../support/programs.ts';
import { post, toolCall } from '../support/raw-http.ts';
import { callListing } from '../support/tool-results.ts';

const http = ['scripts/aps-mcp.ts', '2lo'] as const;
const stdio = stdioCommand('2lo');

async function heldAps(): Promise<HeldAps> {
  const aps = await startHeldAps();
  onTestFinished(() => aps.close());
  return aps;
}

/** A server over stdio that is in the middle of a call: it has asked APS, and waits. */
async function busyOverStdio(): Promise<{ program: Program; aps: HeldAps }> {
  const aps = await heldAps();
  const program = await run(stdio, { env: aps.env });
  const asked = aps.asked();
  program.write(`${JSON.stringify(toolCall('list_buckets'))}\n`);
  await asked;
  await program.says(/Transport +stdio/);
  return { program, aps };
}

describe.skipIf(isWindows)('Ctrl-C', () => {
  test('while clients of both eras wait for answers over HTTP: they get them, nobody else is let in, and the server ends with 0', async () => {
    const aps = await heldAps();
    const { url, signal, says, ended } = await runHttpServer(http, { env: aps.env });
    const calls = [];
    for (const [, mode] of eras) {
      const client = await connect(url, mode);
      const asked = aps.asked();
      calls.push(callListing(client, 'list_buckets'));
      await asked;
    }
    signal('SIGINT');
    await says(/\(2\)[^\n]*Ctrl-C/);
    await expect(post(url, toolCall('list_buckets'))).rejects.toThrow('ECONNREFUSED');
    aps.answer();
    for (const { items } of await Promise.all(calls))
      expect(items).toMatchObject([{ bucket_key: 'held-bucket' }]);
    expect((await ended).code).toBe(0);
  });

  test('while a call runs over stdio: the call finishes, and the server ends with 0', async () => {
    const { program, aps } = await busyOverStdio();
    program.signal('SIGINT');
    await program.says(/\(1\)[^\n]*Ctrl-C/);
    aps.answer();
    const { code, stdout } = await program.ended;
    expect(stdout).toContain('held-bucket');
    expect(code).toBe(0);
  });

  test('twice leaves at once, and not with 0', async () => {
    const aps = await heldAps();
    const { url, signal, says, ended } = await runHttpServer(http, { env: aps.env });
    const asked = aps.asked();
    const call = post(url, toolCall('list_buckets'));
    const refusal = expect(call).rejects.toThrow();
    const { closed } = await asked;
    signal('SIGINT');
    await says(/\(1\)[^\n]*Ctrl-C/);
    signal('SIGINT');
    expect((await ended).code).toBe(130);
    await Promise.all([refusal, closed]);
  });
});

test.skipIf(isWindows)('SIGTERM ends an idle server over stdio with 0, without a word', async () => {
  const program = await run([...stdio, '--sandbox']);
  await program.says(/APS 2LO Demo.*built-in sandbox/s);
  const said = program.output.stderr;
  program.signal('SIGTERM');
  expect(await program.ended).toEqual({ code: 0, stdout: '', stderr: said });
});

test.skipIf(isWindows)(
  'SIGHUP ends an idle server over HTTP with 0, without a word: open connections do not hold it up',
  async () => {
    const { url, signal, ended, output } = await runHttpServer([...http, '--sandbox']);
    const clients = await Promise.all((['legacy', 'auto'] as const).map((mode) => connect(url, mode)));
    const said = output.stderr;
    signal('SIGHUP');
    expect(await ended).toEqual({ code: 0, stdout: '', stderr: said });
    await Promise.all(clients.map((client) => client.close()));
  },
);

test('a stdio client that leaves while a call runs ends the server with 0, and its request to APS', async () => {
  const aps = await heldAps();
  const program = await run(stdio, { env: aps.env });
  const asked = aps.asked();
  program.write(`${JSON.stringify(toolCall('list_buckets'))}\n`);
  const { closed } = await asked;
  program.hangUp();
  await closed;
  expect((await program.ended).code).toBe(0);
});
