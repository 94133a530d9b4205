/** The client sign-in that a start asks for. */
import {
  apsApplication,
  type ClientAuthMode,
  clientAuthVariables,
  type Environment,
  readSettings,
  SettingsError,
} from '../../config.ts';
import type { ServerDefinition } from '../definition.ts';
import type { Keys } from '../keys.ts';
import type { FetchDocument } from './autodesk/metadata-document.ts';
import { autodesk } from './autodesk.ts';
import type { ClientSignIn } from './client-sign-in.ts';
import { oidc } from './oidc.ts';

export type ClientSignInOptions = {
  mode: ClientAuthMode;
  definition: ServerDefinition;
  environment: Environment;
  /** Origin of the server, as clients and browsers see it. */
  publicUrl: string;
  keys: Keys;
  /** How metadata documents of clients are read; with every guard by default. */
  fetchDocument?: FetchDocument;
};

/** To know who somebody is, for a server that does not act for them. */
const profileOnly = ['user-profile:read'];

/**
 * Makes it from the environment; undefined for `none`.
 *
 * @throws {SettingsError} when variables are missing or malformed
 */
export function createClientSignIn(options: ClientSignInOptions): ClientSignIn | undefined {
  const { mode, definition, environment, publicUrl, keys, fetchDocument } = options;
  const resource = `${publicUrl}/mcp`;
  const name = `APS MCP server (${definition.name})`;
  switch (mode) {
    case 'none':
      return undefined;
    case 'oidc': {
      const settings = readSettings(clientAuthVariables.oidc, environment);
      return oidc({
        ...{ resource, name },
        issuer: settings.MCP_AUTH_ISSUER,
        audience: settings.MCP_AUTH_AUDIENCE,
        scopes: settings.MCP_AUTH_SCOPES,
      });
    }
    case 'autodesk':
      return autodesk({
        ...{ publicUrl, resource, name, keys, fetchDocument },
        ...applicationIn(environment),
        scopes: definition.userScopes ?? profileOnly,
      });
  }
}

/** The APS application that people sign in through: one for that alone, or that of the server. */
function applicationIn(environment: Environment) {
  const own = readSettings(apsApplication, environment);
  const { MCP_AUTH_CLIENT_ID: clientId, MCP_AUTH_CLIENT_SECRET: clientSecret } = readSettings(
    clientAuthVariables.autodesk,
    environment,
  );
  if ((clientId === undefined) !== (clientSecret === undefined))
    throw new SettingsError(
      'MCP_AUTH_CLIENT_ID and MCP_AUTH_CLIENT_SECRET belong together: set both, or neither to use the application ' +
        'of the server.',
    );
  return {
    clientId: clientId ?? own.APS_CLIENT_ID,
    clientSecret: clientSecret ?? own.APS_CLIENT_SECRET,
    baseUrl: own.APS_BASE_URL,
  };
}
