/** What `--help` prints. */
import type { Variables } from '../../config/settings.ts';
import {
  autodeskVariables,
  clientAuthModes,
  keyVariables,
  launchVariables,
  oidcVariables,
  userListVariables,
} from '../../config/variables.ts';
import type { Options } from './configuration.ts';
import type { ServerDefinition } from './definition.ts';

/**
 * @param command - how the server was started, e.g. `npm run 2lo -- [options]`
 * @param transport - the default transport
 */
export function help<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  command: string,
  transport: Options['transport'],
): string {
  // Without a secret, "autodesk" has nothing to sign in with.
  const modes = clientAuthModes.filter((mode) => mode !== 'autodesk' || !definition.isPublicClient);
  const variables = [
    definition.variables,
    launchVariables,
    userListVariables,
    keyVariables,
    oidcVariables,
    ...(modes.includes('autodesk') ? [autodeskVariables] : []),
  ];
  return `Usage: ${command}

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
  --insecure-any-account  Let everybody with an Autodesk account use it, with the rights of the server
  --help                  Print this help

Variables, in the environment, or in a file named .env in the working folder or the project (see
.env.example). If MCP_ENV_FILE in the environment names a file, that one is read instead:
  ${[...new Set(variables.flatMap(Object.keys))].join('\n  ')}`;
}
