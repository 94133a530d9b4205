/** What a server runs with: its command line and its environment, read once, checked and typed. */
import { parseArgs } from 'node:util';
import type { AllowedUser } from '../../config/allowed-users.ts';
import { apsApplication } from '../../config/aps-variables.ts';
import { envFileWarning } from '../../config/env-file-warning.ts';
import {
  type Environment,
  envFiles,
  peek,
  readEnvironment,
  readGroups,
  type Settings,
  SettingsError,
  type Variables,
  wantsSandbox,
} from '../../config/settings.ts';
import {
  autodeskVariables,
  type ClientAuthMode,
  clientAuthModes,
  keyVariables,
  launchVariables,
  oidcVariables,
  userListVariables,
} from '../../config/variables.ts';
import { StartupError } from '../../startup-error.ts';
import type { ClientSignInSettings } from '../client-sign-in/create.ts';
import { clientDocumentPath } from '../client-sign-in/oidc/client-document.ts';
import type { ProviderClient } from '../client-sign-in/oidc/identity-provider.ts';
import type { Exposure } from '../http/exposure.ts';
import type { ServerDefinition } from './definition.ts';
import {
  type LaunchedSandbox,
  type SandboxModule,
  sandboxWarning,
  startSandbox,
  withSandbox,
} from './sandbox.ts';

/** What the command line of a server can have, for `parseArgs`. */
export const optionsOfServers = {
  transport: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  sandbox: { type: 'boolean' },
  'client-auth': { type: 'string' },
  'insecure-no-client-auth': { type: 'boolean' },
  'insecure-any-account': { type: 'boolean' },
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
  /** Whether everybody with an Autodesk account can use it. */
  insecureAnyAccount: boolean;
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
    insecureAnyAccount: values['insecure-any-account'] ?? false,
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
  /** Whether the operator has listed who can use the server. */
  limitsUsers: boolean;
};

/** Where a server finds its settings, and where its warnings go. By default those of this process, and stderr. */
export type Surroundings = {
  env?: Environment;
  /** The working folder. */
  folder?: string;
  /** The folder of the project, if there is one. */
  project?: string;
  warn?: (message: string) => void;
  loadSandbox?: () => Promise<SandboxModule>;
};

/**
 * Reads what a server runs with. Starts the sandbox, if the command line or the environment asks for it. Warns of a `.env`
 * whose secrets others can read, and of credentials that are unused because of the sandbox.
 *
 * @throws {SettingsError} when variables are missing or invalid
 */
export async function loadConfiguration<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  options: Options,
  { loadSandbox, warn = console.error, ...where }: Surroundings = {},
): Promise<Configuration<Shape> & { sandbox?: LaunchedSandbox }> {
  for (const file of envFiles(where.folder, where.project, where.env)) {
    const warning = envFileWarning(file);
    if (warning) warn(warning);
  }
  const environment = readEnvironment(where.folder, { ...where, variables: definition.variables, warn });
  if (!(wantsSandbox(environment) || options.sandbox))
    return readConfiguration(definition, environment, options);
  const sandbox = await startSandbox(environment, loadSandbox);
  // With --sandbox, the person knows.
  const warning = options.sandbox ? undefined : sandboxWarning(environment, sandbox);
  if (warning) warn(warning);
  const clientAuth = clientAuthMode(environment, options.transport, options.clientAuth);
  try {
    const inSandbox = withSandbox(environment, sandbox, definition.isPublicClient, clientAuth);
    return { ...readConfiguration(definition, inSandbox, options), sandbox };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
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
  const { server, launch, users, key, oidc, autodesk } = readGroups(
    { server: definition.variables, launch: launchVariables },
    {
      users: transport === 'http' ? userListVariables : undefined,
      key: mode === 'key' ? keyVariables : undefined,
      oidc: mode === 'oidc' ? oidcVariables : undefined,
      autodesk:
        mode === 'autodesk' && !definition.isPublicClient
          ? { ...apsApplication, ...autodeskVariables }
          : undefined,
    },
    environment,
  );
  const allowedUsers = users?.MCP_ALLOWED_USERS;
  // Removing the last user from the list is not meant to let everybody in.
  if ((oidc || autodesk) && !allowedUsers && environment.MCP_ALLOWED_USERS !== undefined)
    throw new SettingsError(
      'MCP_ALLOWED_USERS is set, but lists nobody. List who can use the server, or remove it to let in everybody who ' +
        'signs in.',
    );
  const clientSignIn = clientSignInFrom(key, oidc, autodesk, allowedUsers, launch.MCP_PUBLIC_URL);
  return { server, launch, clientAuth: mode, clientSignIn, limitsUsers: allowedUsers !== undefined };
}

/** Who can reach a server over HTTP with this configuration. */
export function exposureOf(
  { launch, clientAuth, clientSignIn, limitsUsers }: Configuration<Variables>,
  options: Options,
): Exposure {
  return {
    ...{ ...options, clientAuth, publicUrl: launch.MCP_PUBLIC_URL, allowedHosts: launch.MCP_ALLOWED_HOSTS },
    limitsUsers,
    identifiesPeople: clientSignIn.mode === 'oidc' && clientSignIn.client !== undefined,
  };
}

/** The port of a server over HTTP, or of the callback URL over stdio. */
export function portOf<Shape extends Variables>(
  { port }: ServerDefinition<Shape>,
  options: Options,
  { launch }: Pick<Configuration<Shape>, 'launch'>,
): number {
  return options.port ?? launch.MCP_PORT ?? port;
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
  allowedUsers: readonly AllowedUser[] | undefined,
  publicUrl: string | undefined,
): ClientSignInSettings {
  if (key) return { mode: 'key', keys: key.MCP_API_KEYS };
  if (oidc)
    return {
      mode: 'oidc',
      issuer: oidc.MCP_AUTH_ISSUER,
      audience: oidc.MCP_AUTH_AUDIENCE,
      scopes: oidc.MCP_AUTH_SCOPES,
      strict: oidc.MCP_AUTH_STRICT,
      resourceIdentifier: oidc.MCP_AUTH_RESOURCE,
      scopesSupported: oidc.MCP_AUTH_SCOPES_SUPPORTED.length > 0 ? oidc.MCP_AUTH_SCOPES_SUPPORTED : undefined,
      allowedUsers,
      subjectClaim: oidc.MCP_AUTH_SUBJECT_CLAIM,
      client: providerClientFrom(oidc, publicUrl),
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
    pkce: autodesk.APS_PKCE,
    documents: autodesk.MCP_AUTH_DOCUMENTS,
    registration: autodesk.MCP_AUTH_REGISTRATION,
    redirectUris: autodesk.MCP_AUTH_REDIRECT_URIS,
    grantDays: autodesk.MCP_AUTH_GRANT_DAYS,
    allowedUsers,
  };
}

/** The client of this server at the OpenID provider. */
function providerClientFrom(
  { MCP_AUTH_CLIENT_ID: id, MCP_AUTH_CLIENT_SECRET: secret }: Settings<typeof oidcVariables>,
  publicUrl: string | undefined,
): ProviderClient | undefined {
  if (id === undefined) {
    if (secret === undefined) return undefined;
    throw new SettingsError(
      'MCP_AUTH_CLIENT_SECRET is set, but MCP_AUTH_CLIENT_ID is not: set both, for the same client at the OpenID provider, ' +
        'or neither.',
    );
  }
  if (id.endsWith(clientDocumentPath)) {
    if (id !== `${publicUrl}${clientDocumentPath}` || !id.startsWith('https:'))
      throw new SettingsError(
        'MCP_AUTH_CLIENT_ID is the address of another metadata document: that of this server is MCP_PUBLIC_URL ' +
          `with ${clientDocumentPath}, and MCP_PUBLIC_URL must be an https address.`,
      );
    if (secret !== undefined)
      throw new SettingsError(
        'MCP_AUTH_CLIENT_SECRET is set, but a client with a metadata document has no secret: leave it out.',
      );
  }
  return { id, secret };
}
