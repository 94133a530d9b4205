/** The command line of every server. */
import { parseArgs } from 'node:util';
import { launchVariables, SettingsError } from '../config.ts';
import type { ServerDefinition } from './definition.ts';

export type Options = {
  transport: 'http' | 'stdio';
  host: string;
  /** Undefined when the command line names none. */
  port?: number;
  sandbox: boolean;
  help: boolean;
};

/**
 * Reads the command line.
 *
 * @param transport - what to use when none is named
 * @throws {SettingsError} for options that do not exist and values that cannot be
 */
export function readOptions(args: readonly string[], transport: Options['transport']): Options {
  const { values } = parse(args);
  const named = values.transport ?? transport;
  if (named !== 'http' && named !== 'stdio')
    throw new SettingsError(`--transport must be http or stdio, not "${named}".`);
  const { host = 'localhost', port, sandbox = false, help = false } = values;
  if (host === '') throw new SettingsError('--host must be an address or name of this machine.');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
    throw new SettingsError(`--port must be a number from 0 to 65535, not "${port}".`);
  return { transport: named, host, port: port === undefined ? undefined : Number(port), sandbox, help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        transport: { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string' },
        sandbox: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.\s/)[0] ?? '') : String(error);
    throw new SettingsError(`${message}. --help lists the options.`);
  }
}

/** What `--help` prints. `command` is how the server was started, e.g. `npm run 2lo --`. */
export function help(definition: ServerDefinition, command: string, transport: Options['transport']): string {
  return `Usage: ${command} [options]

Starts the MCP server "${definition.name}". It signs in to APS with: ${definition.signIn}.

Options:
  --transport http|stdio  How MCP clients reach it (default ${transport})
  --host HOST             Address to listen on (default localhost: this machine only)
  --port PORT             Port to listen on, 0 for any that is free (default MCP_PORT or ${definition.port})
  --sandbox               Use the built-in APS sandbox: no Autodesk account, no network
  --help                  Print this

Variables, in the environment or in a file named .env in the working folder (see .env.example):
  ${[...new Set([...Object.keys(definition.variables), ...Object.keys(launchVariables)])].join('\n  ')}`;
}
