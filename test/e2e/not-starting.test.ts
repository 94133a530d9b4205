// What a person is told when a server cannot start: one message that says what to do, and no stack.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { runToEnd } from '../support/programs.ts';

/** Said to a person: no stack, no path of a source file, no name of an error class. */
const unfriendly = /\n {4}at |\.ts:\d|\w+Error:|node:internal/;

describe.each([
  ['npm run 2lo', ['scripts/run.ts', '2lo']],
  ['servers/2lo.ts', ['servers/2lo.ts']],
] as const)('%s', (_how, command) => {
  test('without variables names them all, where to find them, and the way without an account', async () => {
    const { code, stdout, stderr } = await runToEnd(command);
    expect([code, stdout]).toEqual([1, '']);
    for (const part of [
      '2lo cannot start. 2 settings need attention',
      'APS_CLIENT_ID',
      'APS_CLIENT_SECRET',
      'https://aps.autodesk.com/myapps',
      '--sandbox',
    ])
      expect(stderr).toContain(part);
    expect(stderr).not.toMatch(unfriendly);
  });

  test('--help shows how to start it, on stdout, and needs no variables', async () => {
    const { code, stdout, stderr } = await runToEnd([...command, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const word of ['Usage: ', '--transport', '--sandbox', 'APS_CLIENT_ID'])
      expect(stdout).toContain(word);
  });
});

test('an option that does not exist gets one line that says so', async () => {
  const { code, stdout, stderr } = await runToEnd(['scripts/run.ts', '2lo', '--prot', '1']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^2lo cannot start\. [^\n]+'--prot'\. --help lists the options\.\n$/);
});

test('a variable that cannot be is named, and its value is not repeated', async () => {
  const { code, stderr } = await runToEnd(['scripts/run.ts', '2lo', '--sandbox'], {
    env: { MCP_PORT: 'S3cr3t-0815', APS_BASE_URL: 'S3cr3t-0815' },
  });
  expect(code).toBe(1);
  expect(stderr).toContain('MCP_PORT must be a port');
  expect(stderr).not.toContain('S3cr3t-0815');
  expect(stderr).not.toMatch(unfriendly);
});

test('a host that is not this machine gets one line that names the way out', async () => {
  const { code, stderr } = await runToEnd([
    'scripts/run.ts',
    '2lo',
    '--sandbox',
    '--host',
    '192.0.2.1',
    '--port',
    '0',
    '--insecure-no-client-auth',
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^2lo cannot start\. 192\.0\.2\.1 is not an address of this machine\. [^\n]+ --host localhost\.\n$/,
  );
});

test('a port that is taken gets one line that names the way out', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const { code, stderr } = await runToEnd(['scripts/run.ts', '2lo', '--sandbox', '--port', port]);
  holder.close();
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^2lo cannot start\\. Port ${port} is taken\\. Choose another with --port[^\\n]+\\n$`),
  );
});

test.each(['4lo', '__proto__'])('%j is no server, and it says which there are', async (name) => {
  const { code, stdout, stderr } = await runToEnd(['scripts/run.ts', name]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^There is no server "[^"]*"\. Choose one of: 2lo, ssa, 3lo, pkce\.[^\n]+npm run 2lo\n$/,
  );
});
