// Servers that npm has started: told to end, they end, though npm 11 tells only the shell between; and `--` can be forgotten.
import { devNull } from 'node:os';
import { describe, expect, test } from 'vitest';
import { isWindows } from '../support/platform.ts';
import { type Program, pathOf, refusalOf, runCommand } from '../support/programs.ts';

const settings = { APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: 'a-secret', MCP_ENV_FILE: devNull };

/** A command in this clone, which starts a server or is to. */
function inClone(command: string, ...args: string[]): Promise<Program> {
  return runCommand(command, args, { cwd: pathOf('.'), env: settings });
}

describe.skipIf(isWindows)('the server ends when', () => {
  test.each<[string, NodeJS.Signals, string[]]>([
    ['npm run 2lo', 'SIGTERM', ['npm', 'run', '2lo', '--', '--port', '0']],
    ['npm run 2lo', 'SIGINT', ['npm', 'run', '2lo', '--', '--port', '0']],
    ['npx tsx', 'SIGTERM', ['npx', 'tsx', 'servers/2lo.ts', '--transport', 'http', '--port', '0']],
    ['npm run sandbox', 'SIGTERM', ['npm', 'run', 'sandbox', '--', '--port', '0']],
  ])('%s, and nothing else, gets %s', async (_name, signal, [command = '', ...args]) => {
    const program = await inClone(command, ...args);
    const said = () => program.output.stdout + program.output.stderr;
    await expect.poll(said, { timeout: 20_000 }).toMatch(/Press Ctrl-C|Stop it with Ctrl-C/);
    program.signal(signal);
    // The server keeps the streams of npm open, even when npm has ended.
    await program.ended;
  });
});

test('npm run 2lo --sandbox, without a --, is answered with the command line that works', async () => {
  const { code, stderr } = await (await inClone('npm', 'run', '2lo', '--sandbox')).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('Put -- before the options: npm run 2lo -- --sandbox');
});

test('npm run connect --url ADDRESS, without a --, prints no entry that starts a server', async () => {
  const args = ['run', 'connect', 'cursor', '2lo', '--url', 'http://localhost:5000/mcp'];
  const { code, stdout, stderr } = await (await inClone('npm', ...args)).ended;
  expect(code).toBe(1);
  expect(stdout).not.toContain('mcpServers');
  expect(stderr).toContain('-- before the options: npm run connect -- ');
});

test('so is a script of one’s own that starts a server’s file, as in a project that aps-mcp new has made', async () => {
  const npm = {
    npm_lifecycle_event: 'dev',
    npm_lifecycle_script: 'node --import tsx 2lo.ts --transport http',
    npm_config_sandbox: 'true',
  };
  const refusal = await refusalOf(['servers/2lo.ts', '--transport', 'http'], { env: npm });
  expect(refusal).toContain('Put -- before the options: npm run dev -- --transport http --sandbox');
});
