// What a person is told when a server cannot start: one message that says what to do, and no stack.
import { describe, expect, test } from 'vitest';
import { holdPort } from '../support/ports.ts';
import { oneLine, refusalOf, runToEnd } from '../support/programs.ts';

describe('npm run 2lo', () => {
  test('without variables names them all, where to find them, and the way without an account', async () => {
    const said = await refusalOf(['scripts/aps-mcp.ts', '2lo']);
    expect(said).toMatch(/^2lo /);
    for (const part of [
      'APS_CLIENT_ID',
      'APS_CLIENT_SECRET',
      'Developer Hub (https://aps.autodesk.com)',
      '--sandbox',
    ])
      expect(said).toContain(part);
  });

  test('warns once of a .env with secrets that others can read, whether it starts or not', async () => {
    const said = await refusalOf(['scripts/aps-mcp.ts', '2lo'], {
      files: { '.env': 'APS_CLIENT_SECRET=s3cr3t\n' },
    });
    expect(said.match(/chmod 600/g)).toHaveLength(1);
    expect(said).toMatch(/^Warning: .*\.env.*\n2lo cannot start/);
    expect(said).not.toContain('s3cr3t');
  });

  test('an option that does not exist gets one line that names it, and the way out', async () => {
    const said = await refusalOf(['scripts/aps-mcp.ts', '2lo', '--prot', '1']);
    expect(said).toMatch(oneLine);
    for (const part of ['--prot', '--help']) expect(said).toContain(part);
  });

  test('a port that is taken gets one line that names it, and the way out', async () => {
    const port = String((await holdPort()).port);
    const said = await refusalOf(['scripts/aps-mcp.ts', '2lo', '--sandbox', '--port', port]);
    expect(said).toMatch(oneLine);
    for (const part of [port, 'taken', '--port']) expect(said).toContain(part);
  });
});

test('servers/2lo.ts --help shows how to start it, on stdout, and needs no variables', async () => {
  const { code, stdout, stderr } = await runToEnd(['servers/2lo.ts', '--help']);
  expect([code, stderr]).toEqual([0, '']);
  for (const word of ['Usage: ', '--transport', '--sandbox', 'APS_CLIENT_ID']) expect(stdout).toContain(word);
});

test.each(['4lo', '__proto__'])(
  '%j is not the name of a server, and the message lists those',
  async (name) => {
    const said = await refusalOf(['scripts/aps-mcp.ts', name]);
    expect(said).toMatch(oneLine);
    for (const part of [`"${name}"`, '2lo, ssa, 3lo, pkce', 'npm run 2lo']) expect(said).toContain(part);
  },
);

// Node.js tries forever to make a folder there.
test.runIf(process.platform === 'linux')(
  'a store in a place where no folder can be made is an error that names it, at once',
  async () => {
    const said = await refusalOf(['scripts/aps-mcp.ts', '3lo', '--sandbox', '--port', '0'], {
      env: { STORE_URL: 'file:/proc/none/store.db' },
    });
    for (const part of ['3lo cannot start', '/proc/none/store.db', 'ENOENT']) expect(said).toContain(part);
  },
);
