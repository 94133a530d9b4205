/** The command line of every server. */
import { parseArgs } from 'node:util';
import {
  autodeskVariables,
  type ClientAuthMode,
  clientAuthModes,
  launchVariables,
  oidcVariables,
} from '../../config/variables.ts';
import { StartupError } from '../../startup-error.ts';
import { isPublicClient, type ServerDefinition } from './definition.ts';

export type Options = {
  transport: 'http' | 'stdio';
  host: string;
  /** Undefined when the command line names none. */
  port?: number;
  sandbox: boolean;
  /** How MCP clients sign in; undefined when the command line does not say. */
  clientAuth?: ClientAuthMode;
  /** Whether everybody who can reach the server can call it. */
  insecureNoClientAuth: boolean;
  help: boolean;
};

/**
 * Reads the command line.
 *
 * @param transport - the default transport
 * @throws {StartupError} for unknown options and invalid values
 */
export function readOptions(args: readonly string[], transport: Options['transport']): Options {
  const { values } = parse(args);
  const named = values.transport ?? transport;
  if (named !== 'http' && named !== 'stdio')
    throw new StartupError(`--transport must be http or stdio, not "${named}".`);
  const { host = 'localhost', port, sandbox = false, help = false } = values;
  if (host === '') throw new StartupError('--host must be an address or name of this machine.');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
    throw new StartupError(`--port must be a number from 0 to 65535, not "${port}".`);
  return {
    transport: named,
    host,
    port: port === undefined ? undefined : Number(port),
    sandbox,
    clientAuth: readClientAuth(values['client-auth'], named),
    insecureNoClientAuth: values['insecure-no-client-auth'] ?? false,
    help,
  };
}

function readClientAuth(
  value: string | undefined,
  transport: Options['transport'],
): ClientAuthMode | undefined {
  if (value === undefined) return undefined;
  const mode = clientAuthModes.find((known) => known === value);
  if (!mode) throw new StartupError(`--client-auth must be none, oidc or autodesk, not "${value}".`);
  if (transport === 'stdio' && mode !== 'none')
    throw new StartupError(
      `--client-auth ${mode} is for HTTP. Over stdio, only the program that started the server can call it.`,
    );
  return mode;
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
        'client-auth': { type: 'string' },
        'insecure-no-client-auth': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.\s/)[0] ?? '') : String(error);
    throw new StartupError(`${message}. --help lists the options.`);
  }
}

/** What `--help` prints. `command` is how the server was started, e.g. `npm run 2lo --`. */
export function help(definition: ServerDefinition, command: string, transport: Options['transport']): string {
  // Without a secret, "autodesk" has nothing to sign in with.
  const modes = clientAuthModes.filter((mode) => mode !== 'autodesk' || !isPublicClient(definition));
  const variables = [
    definition.variables,
    launchVariables,
    oidcVariables,
    ...(modes.includes('autodesk') ? [autodeskVariables] : []),
  ];
  return `Usage: ${command} [options]

Starts the MCP server "${definition.name}". It signs in to APS with:
${definition.apsSignIn}.

Options:
  --transport http|stdio  How MCP clients reach it (default ${transport})
  --host HOST             Address to listen on (default localhost: this machine only)
  --port PORT             Port to listen on, 0 for any free port (default MCP_PORT or ${definition.port})
  --sandbox               Use the built-in APS sandbox: no Autodesk account, no network
  --client-auth ${modes.join('|')}
                          How MCP clients sign in (default MCP_CLIENT_AUTH or none); docs/client-sign-in.md
  --insecure-no-client-auth
                          Let everybody who can reach the server call it, from other machines too
  --help                  Print this help

Variables, in the environment or in a file named .env in the working folder (see .env.example):
  ${[...new Set(variables.flatMap(Object.keys))].join('\n  ')}`;
}
