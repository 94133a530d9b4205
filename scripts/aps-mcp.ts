#!/usr/bin/env node
/** The command `aps-mcp`. In a clone, `npm run 2lo` and its like start the same. */
import { commandLine } from '../lib/command-line.ts';
// First, so that it watches before the rest is loaded.
import '../lib/serve/launch/launcher.ts';
import type { ServerDefinition } from '../lib/serve/launch/definition.ts';
import { swallowedByNpm } from '../lib/serve/launch/swallowed-options.ts';
import { StartupError } from '../lib/startup-error.ts';
import { version } from '../lib/version.ts';
import { endWithReader } from './end-with-reader.ts';
import { servers } from './servers.ts';

/** A command: its options, for `parseArgs`, and what runs it with the command line after its name. */
type Command = {
  options: Record<string, { type: 'string' | 'boolean' }>;
  run(args: string[]): Promise<void>;
};

/** Each is loaded only when it is needed. */
const commands: Record<string, () => Promise<Command>> = {
  ...Object.fromEntries(
    Object.entries(servers).map(([name, load]) => [name, async () => server(await load())]),
  ),
  connect: () => import('./connect.ts'),
  new: () => import('./new.ts'),
  sandbox: () => import('./sandbox.ts'),
  'ssa-setup': () => import('./ssa-setup.ts'),
  key: () => import('./key.ts'),
  doctor: () => import('./doctor.ts'),
};

const usage = `Usage: aps-mcp COMMAND [options]

MCP servers for Autodesk Platform Services (APS), one for each way to sign in to APS:
  2lo        As an application (2-legged OAuth, client credentials)
  ssa        As a secure service account
  3lo        As each user (3-legged OAuth, authorization code)
  pkce       As the person who uses it (authorization code without a secret)

Other commands:
  connect    Adds a server to an MCP client, such as Claude Code or VS Code
  new        Makes a project with a server and a tool to change
  sandbox    A local stand-in for APS: no Autodesk account, no network
  ssa-setup  Creates a service account and a key, and writes them to .env
  key        Makes a key with which a program can call a server
  doctor     Checks what a server needs, and says what to do about each fault

Options:
  --help     Print this, or the options of a command
  --version  Print the version

Try it: npx aps-mcp 2lo --sandbox`;

/** The command that starts a server, over HTTP by default. */
async function server(definition: ServerDefinition): Promise<Command> {
  const [{ start }, { optionsOfServers }] = await Promise.all([
    import('../lib/serve/launch/start.ts'),
    import('../lib/serve/launch/configuration.ts'),
  ]);
  return {
    options: optionsOfServers,
    run: (args) =>
      start(definition, {
        ...{ args, transport: 'http', command: commandLine(definition.name, '[options]') },
        loadSandbox: () => import('../sandbox/index.ts'),
      }),
  };
}

async function main([name = '', ...args]: string[]): Promise<void> {
  if (!Object.hasOwn(servers, name)) endWithReader();
  if (name === '--help' || name === '-h') return console.log(usage);
  if (name === '--version') return console.log(version);
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) throw new StartupError(name === '' ? usage : noCommand(name));
  const { options, run } = await load();
  const program = { name: 'aps-mcp', options, commandLine: (typed: string) => commandLine(name, typed) };
  const swallowed = swallowedByNpm(program, args);
  if (swallowed) throw new StartupError(swallowed);
  await run(args);
}

function noCommand(name: string): string {
  const names = Object.keys(commands).join(', ');
  return `There is no command "${name}". Choose one of: ${names}. For example: ${commandLine('2lo')}`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StartupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
