// How a server ends: Ctrl-C lets running calls finish, a second one does not, and nobody left to serve is an end too.
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, eras } from '../support/clients.ts';
import { type HeldAps, startHeldAps } from '../support/held-aps.ts';
import { type Program, run, runHttpServer } from '../support/programs.ts';
import { post, toolCall } from '../support/raw-http.ts';
import { callListing } from '../support/tool-results.ts';

const http = ['scripts/run.ts', '2lo'] as const;
const stdio = ['servers/2lo.ts'] as const;

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

describe('Ctrl-C', () => {
  test.each(eras)(
    'while %s waits for an answer over HTTP: it gets it, nobody else is let in, and the server ends with 0',
    async (_name, mode) => {
      const aps = await heldAps();
      const { url, signal, says, ended } = await runHttpServer(http, { env: aps.env });
      const client = await connect(url, mode);
      const asked = aps.asked();
      const call = callListing(client, 'list_buckets');
      await asked;
      signal('SIGINT');
      await says(/Finishing running calls \(1\)\. Ctrl-C again leaves at once\./);
      await expect(post(url, toolCall('list_buckets'))).rejects.toThrow('ECONNREFUSED');
      aps.answer();
      expect((await call).items).toMatchObject([{ bucket_key: 'held-bucket' }]);
      expect((await ended).code).toBe(0);
    },
  );

  test('while a call runs over stdio: the call finishes, and the server ends with 0', async () => {
    const { program, aps } = await busyOverStdio();
    program.signal('SIGINT');
    await program.says(/Finishing running calls \(1\)/);
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
    await says(/Finishing/);
    signal('SIGINT');
    expect((await ended).code).toBe(130);
    await Promise.all([refusal, closed]);
  });
});

test.each([
  ['SIGINT', 'HTTP', () => runHttpServer([...http, '--sandbox'])],
  ['SIGTERM', 'stdio', () => run([...stdio, '--sandbox'])],
  ['SIGHUP', 'HTTP', () => runHttpServer([...http, '--sandbox'])],
] as const)('%s ends an idle server over %s with 0, without a word', async (name, _transport, started) => {
  const program = await started();
  await program.says(/APS 2LO Demo.*built-in sandbox/s);
  const said = program.output.stderr;
  program.signal(name);
  expect(await program.ended).toEqual({ code: 0, stdout: '', stderr: said });
});

test('open connections of idle clients do not hold an end up', async () => {
  const { url, signal, ended } = await runHttpServer([...http, '--sandbox']);
  const clients = await Promise.all((['legacy', 'auto'] as const).map((mode) => connect(url, mode)));
  signal('SIGTERM');
  expect((await ended).code).toBe(0);
  await Promise.all(clients.map((client) => client.close()));
});

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
