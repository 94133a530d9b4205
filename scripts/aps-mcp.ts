#!/usr/bin/env node
/** The command `aps-mcp`. In a clone, `npm run 2lo` and its like start the same. */
import type { Variables } from '../lib/config/settings.ts';
import type { ServerDefinition } from '../lib/serve/launch/definition.ts';
import { version } from '../lib/version.ts';
import { commandLine } from './command-line.ts';

/** Each is loaded when it is asked for. */
const commands: Record<string, (args: string[]) => Promise<void>> = {
  '2lo': async (args) => serve('2lo', (await import('../servers/2lo.ts')).definition, args),
  ssa: async (args) => serve('ssa', (await import('../servers/ssa.ts')).definition, args),
  '3lo': async (args) => serve('3lo', (await import('../servers/3lo.ts')).definition, args),
  pkce: async (args) => serve('pkce', (await import('../servers/pkce.ts')).definition, args),
  sandbox: async (args) => (await import('./sandbox.ts')).run(args),
  'ssa-setup': async (args) => (await import('./ssa-setup.ts')).run(args),
  key: async (args) => (await import('./key.ts')).run(args),
};

const usage = `Usage: aps-mcp COMMAND [options]

MCP servers for Autodesk Platform Services (APS), one for each way to sign in to APS:
  2lo        As an application (2-legged OAuth, client credentials)
  ssa        As a secure service account
  3lo        As each user (3-legged OAuth, authorization code)
  pkce       As the person who uses it (authorization code without a secret)

Around them:
  sandbox    A local stand-in for APS: no Autodesk account, no network
  ssa-setup  Creates a service account and a key, and writes them to .env
  key        Makes a key with which a program can call a server

Options:
  --help     Print this, or with a command: its options
  --version  Print the version

Try it: npx aps-mcp 2lo --sandbox`;

/** Starts a server, over HTTP by default. */
async function serve<Shape extends Variables>(
  name: string,
  definition: ServerDefinition<Shape>,
  args: string[],
): Promise<void> {
  const { start } = await import('../lib/serve/launch/start.ts');
  await start(definition, {
    args,
    transport: 'http',
    command: commandLine(name),
    loadSandbox: () => import('../sandbox/index.ts'),
  });
}

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command) await command(args);
else if (name === '--help' || name === '-h') console.log(usage);
else if (name === '--version') console.log(version);
else {
  const names = Object.keys(commands).join(', ');
  const example = commandLine('2lo').replace(/ --$/, '');
  console.error(
    name === '' ? usage : `There is no command "${name}". Choose one of: ${names}. For example: ${example}`,
  );
  process.exitCode = 1;
}
