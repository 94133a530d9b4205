/** `aps-mcp key NAME`: makes a key with which a program can call a server (`--client-auth key`). */
import { randomBytes } from 'node:crypto';
import { commandLine } from '../lib/command-line.ts';
import { namedKeys } from '../lib/config/named-keys.ts';
import { StartupError } from '../lib/startup-error.ts';
import { parseCommand } from './parse-command.ts';

export const options = { help: { type: 'boolean', short: 'h' } } as const;

const example = `For example: ${commandLine('key', 'ci')}`;

const usage = `Usage: ${commandLine('key', 'NAME')}

Prints a new key for the program NAME, such as an agent, a CI job or an editor, and how to use it. NAME is what the
server calls the program: 1 to 31 of the characters a-z, 0-9, ".", "_" and "-". Nothing is stored.

Options:
  --help  Print this`;

/** @param args - the command line after the name of the command */
export async function run(args: string[]): Promise<void> {
  try {
    makeKey(args);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function makeKey(args: string[]): void {
  const name = readName(args);
  if (name === undefined) {
    console.log(usage);
    return;
  }
  const key = randomBytes(32).toString('base64url');
  const pair = `${name}=${key}`;
  console.log(`A new key for "${name}". It is shown only once: treat it like a password.

For the server, started with --client-auth key, in its environment or .env:

  MCP_API_KEYS=${pair}

If it has keys already, add this one after a comma: MCP_API_KEYS=...,${pair}

For the client, a header of each request:

  Authorization: Bearer ${key}

To replace a key without a refused call:

  1. Add the new key after the old one, with the same name, and restart the server: it accepts both.
  2. Give the new key to the client.
  3. Remove the old key from MCP_API_KEYS, and restart the server.`);
}

/**
 * The name on the command line; undefined for `--help`.
 *
 * @throws {StartupError} for no name, several, or one that the server would refuse
 */
function readName(args: string[]): string | undefined {
  const { values, positionals } = parseCommand(args, options);
  if (values.help) return undefined;
  const [name, ...others] = positionals;
  if (name === undefined) throw new StartupError(`The name of a program is missing. ${example}`);
  if (others.length > 0) throw new StartupError(`There must be one name, without spaces. ${example}`);
  // The server's own rule.
  const read = namedKeys.safeParse(`${name}=${'x'.repeat(32)}`).data;
  if (read?.[0]?.name !== name)
    throw new StartupError(
      `"${name}" cannot be a name: use 1 to 31 of the characters a-z, 0-9, ".", "_" and "-". ${example}`,
    );
  return name;
}
