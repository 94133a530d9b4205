/** What a server runs with: the command line and the environment, read once and typed. */
import {
  type Environment,
  peek,
  readGroups,
  type Settings,
  SettingsError,
  type Variables,
} from '../../config/settings.ts';
import {
  apsApplication,
  autodeskVariables,
  type ClientAuthMode,
  launchVariables,
  oidcVariables,
} from '../../config/variables.ts';
import type { ClientSignInSettings } from '../client-sign-in/create.ts';
import type { Options } from './command-line.ts';
import type { ServerDefinition } from './definition.ts';

export type Configuration<Shape extends Variables> = {
  /** What the definition needs. */
  server: Settings<Shape>;
  /** What the launcher needs. */
  launch: Settings<typeof launchVariables>;
  clientSignIn: ClientSignInSettings;
};

/** Whether an environment asks for the built-in sandbox. */
export function wantsSandbox(environment: Environment): boolean {
  return peek(launchVariables.APS_SANDBOX, 'APS_SANDBOX', environment) ?? false;
}

/**
 * Reads everything at once, so that one message names everything that is wrong.
 *
 * @throws {SettingsError}
 */
export function readConfiguration<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  environment: Environment,
  { transport, clientAuth }: Pick<Options, 'transport' | 'clientAuth'>,
): Configuration<Shape> {
  const mode = clientAuthMode(environment, transport, clientAuth);
  const { server, launch, oidc, autodesk } = readGroups(
    { server: definition.variables, launch: launchVariables },
    {
      oidc: mode === 'oidc' ? oidcVariables : undefined,
      autodesk:
        mode === 'autodesk' && 'APS_CLIENT_SECRET' in definition.variables
          ? { ...apsApplication, ...autodeskVariables }
          : undefined,
    },
    environment,
  );
  return { server, launch, clientSignIn: clientSignInFrom(oidc, autodesk) };
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
  oidc: Settings<typeof oidcVariables> | undefined,
  autodesk: Settings<typeof apsApplication & typeof autodeskVariables> | undefined,
): ClientSignInSettings {
  if (oidc)
    return {
      mode: 'oidc',
      issuer: oidc.MCP_AUTH_ISSUER,
      audience: oidc.MCP_AUTH_AUDIENCE,
      scopes: oidc.MCP_AUTH_SCOPES,
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
  };
}
