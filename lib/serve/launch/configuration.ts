/** What a server runs with: its command line and its environment, read once, checked and typed. */
import { parseArgs } from 'node:util';
import {
  type Environment,
  peek,
  readEnvironment,
  readGroups,
  type Settings,
  SettingsError,
  type Variables,
  wantsSandbox,
} from '../../config/settings.ts';
import {
  apsApplication,
  autodeskVariables,
  type ClientAuthMode,
  clientAuthModes,
  keyVariables,
  launchVariables,
  oidcVariables,
} from '../../config/variables.ts';
import { StartupError } from '../../startup-error.ts';
import type { ClientSignInSettings } from '../client-sign-in/create.ts';
import type { ServerDefinition } from './definition.ts';
import { type LaunchedSandbox, type SandboxModule, startSandbox, withSandbox } from './sandbox.ts';

/** What the command line of a server can have, for `parseArgs`. */
export const optionsOfServers = {
  transport: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  sandbox: { type: 'boolean' },
  'client-auth': { type: 'string' },
  'insecure-no-client-auth': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

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
  if (!mode) throw new StartupError(`--client-auth must be none, key, oidc or autodesk, not "${value}".`);
  if (transport === 'stdio' && mode !== 'none')
    throw new StartupError(
      `--client-auth ${mode} is for HTTP. Over stdio, only the program that started the server can call it.`,
    );
  return mode;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: optionsOfServers });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.\s/)[0] ?? '') : String(error);
    throw new StartupError(`${message}. --help lists the options.`);
  }
}

export type Configuration<Shape extends Variables> = {
  /** What the definition needs. */
  server: Settings<Shape>;
  /** What the launcher needs. */
  launch: Settings<typeof launchVariables>;
  /** How MCP clients are to sign in. */
  clientAuth: ClientAuthMode;
  /** The settings for that; those for `none` where a server cannot do it. */
  clientSignIn: ClientSignInSettings;
};

/**
 * Reads what a server runs with. Starts the sandbox, if the command line or the environment asks for it.
 *
 * @throws {SettingsError} when variables are missing or invalid
 */
export async function loadConfiguration<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  options: Options,
  loadSandbox?: () => Promise<SandboxModule>,
): Promise<Configuration<Shape> & { sandbox?: LaunchedSandbox }> {
  const environment = readEnvironment(undefined, { variables: definition.variables });
  if (!(wantsSandbox(environment) || options.sandbox))
    return readConfiguration(definition, environment, options);
  const sandbox = await startSandbox(environment, loadSandbox);
  const configuration = readConfiguration(
    definition,
    withSandbox(environment, sandbox, definition.isPublicClient),
    options,
  );
  return { ...configuration, sandbox };
}

/**
 * Reads all variables at once, so that one message names everything that is wrong.
 *
 * @throws {SettingsError}
 */
export function readConfiguration<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  environment: Environment,
  { transport, clientAuth }: Pick<Options, 'transport' | 'clientAuth'>,
): Configuration<Shape> {
  const mode = clientAuthMode(environment, transport, clientAuth);
  const { server, launch, key, oidc, autodesk } = readGroups(
    { server: definition.variables, launch: launchVariables },
    {
      key: mode === 'key' ? keyVariables : undefined,
      oidc: mode === 'oidc' ? oidcVariables : undefined,
      autodesk:
        mode === 'autodesk' && !definition.isPublicClient
          ? { ...apsApplication, ...autodeskVariables }
          : undefined,
    },
    environment,
  );
  return { server, launch, clientAuth: mode, clientSignIn: clientSignInFrom(key, oidc, autodesk) };
}

/** MCP has client sign-in over HTTP only: over stdio, the program that started the server is the one that calls. */
function clientAuthMode(
  environment: Environment,
  transport: Options['transport'],
  clientAuth: ClientAuthMode | undefined,
): ClientAuthMode {
  if (transport === 'stdio') return 'none';
  return clientAuth ?? peek(launchVariables.MCP_CLIENT_AUTH, 'MCP_CLIENT_AUTH', environment) ?? 'none';
}

function clientSignInFrom(
  key: Settings<typeof keyVariables> | undefined,
  oidc: Settings<typeof oidcVariables> | undefined,
  autodesk: Settings<typeof apsApplication & typeof autodeskVariables> | undefined,
): ClientSignInSettings {
  if (key) return { mode: 'key', keys: key.MCP_API_KEYS };
  if (oidc)
    return {
      mode: 'oidc',
      issuer: oidc.MCP_AUTH_ISSUER,
      audience: oidc.MCP_AUTH_AUDIENCE,
      scopes: oidc.MCP_AUTH_SCOPES,
      resourceIdentifier: oidc.MCP_AUTH_RESOURCE,
      scopesSupported: oidc.MCP_AUTH_SCOPES_SUPPORTED.length > 0 ? oidc.MCP_AUTH_SCOPES_SUPPORTED : undefined,
    };
  if (!autodesk) return { mode: 'none' };
  const { MCP_AUTH_CLIENT_ID: clientId, MCP_AUTH_CLIENT_SECRET: clientSecret } = autodesk;
  if ((clientId === undefined) !== (clientSecret === undefined))
    throw new SettingsError(
      'MCP_AUTH_CLIENT_ID and MCP_AUTH_CLIENT_SECRET belong together: set both, or neither to use the application ' +
        'of the server.',
    );
  return {
    mode: 'autodesk',
    clientId: clientId ?? autodesk.APS_CLIENT_ID,
    clientSecret: clientSecret ?? autodesk.APS_CLIENT_SECRET,
    baseUrl: autodesk.APS_BASE_URL,
    documents: autodesk.MCP_AUTH_DOCUMENTS,
    registration: autodesk.MCP_AUTH_REGISTRATION,
    redirectUris: autodesk.MCP_AUTH_REDIRECT_URIS,
    grantDays: autodesk.MCP_AUTH_GRANT_DAYS,
  };
}
