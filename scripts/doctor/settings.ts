/** The settings: complete and valid, as a start reads them. */
import { authorizationCode } from '../../lib/aps-sign-in/authorization-code.ts';
import type { UserSignIn } from '../../lib/aps-sign-in/user-sign-in.ts';
import { readEnvironment, readSettings, wantsSandbox, withoutQuotes } from '../../lib/config/settings.ts';
import { knownVariables, launchVariables } from '../../lib/config/variables.ts';
import { randomKeys } from '../../lib/sealed.ts';
import { profileOnly } from '../../lib/serve/client-sign-in/create.ts';
import { addressesOf } from '../../lib/serve/launch/addresses.ts';
import { loadConfiguration, portOf } from '../../lib/serve/launch/configuration.ts';
import type { Built } from '../../lib/serve/mcp/service.ts';
import { StartupError } from '../../lib/startup-error.ts';
import { memoryStore } from '../../lib/store/memory.ts';
import {
  type Check,
  type Configured,
  type Examination,
  type Finding,
  fault,
  ok,
  skipped,
  warning,
} from './check.ts';

export const settingsCheck: Check = {
  id: 'settings',
  title: 'Settings',
  async run(examination) {
    if (examination.unreadable) return [skipped('a settings file cannot be read')];
    const findings: Finding[] = quoted(examination).map((name) =>
      warning(
        `${name} has quotes around its value in the environment, which are ignored`,
        'Remove them where it is set.',
      ),
    );
    try {
      examination.server = await configure(examination, (message) => {
        if (examination.said.has(message)) return;
        findings.push(warning(message.replace(/^Warning: /, '')));
      });
    } catch (error) {
      if (!(error instanceof StartupError)) throw error;
      examination.baseUrl = baseUrlIn(examination);
      return [...findings, fault(error.message)];
    }
    const { configuration, sandbox } = examination.server;
    examination.baseUrl = configuration.launch.APS_BASE_URL;
    const at = sandbox ? 'the built-in sandbox' : configuration.launch.APS_BASE_URL;
    return [
      ok(`${Object.keys(examination.definition.variables).join(', ')} are valid; APS is ${at}`),
      ...findings,
    ];
  },
};

/** The address of APS alone. Undefined if that is not valid, or if it would be that of a sandbox. */
function baseUrlIn({ definition: { variables }, options, ...where }: Examination): string | undefined {
  try {
    const environment = readEnvironment(where.folder, { ...where, variables, warn: () => {} });
    if (options.sandbox || wantsSandbox(environment)) return undefined;
    return readSettings({ APS_BASE_URL: launchVariables.APS_BASE_URL }, environment).APS_BASE_URL;
  } catch (error) {
    if (error instanceof StartupError) return undefined;
    throw error;
  }
}

/** The variables that have quotes around their values. In a `.env`, quotes are syntax. */
function quoted({ env }: Examination): string[] {
  return Object.keys(knownVariables).filter(
    (name) => env[name] && env[name]?.trim() !== withoutQuotes(env[name]),
  );
}

/** What the server would run with, and its sign-ins, made as a start makes them. */
async function configure(examination: Examination, warn: (message: string) => void): Promise<Configured> {
  const { definition, options } = examination;
  const { sandbox, ...configuration } = await loadConfiguration(definition, options, {
    ...examination,
    warn,
  });
  const { launch, clientAuth, clientSignIn } = configuration;
  const port = portOf(definition, options, configuration);
  const addresses = addressesOf({ host: options.host, publicUrl: launch.MCP_PUBLIC_URL }, clientAuth, port);
  // As a start does.
  sandbox?.registerRedirectUri(addresses.callbackUrl);
  sandbox?.registerOpenIdRedirectUri(addresses.identityCallbackUrl);
  const browser = {
    callbackUrl: async () => addresses.callbackUrl,
    keys: randomKeys(),
    store: memoryStore(),
  };
  const built = definition.create(configuration.server, { browser });
  const users: UserSignIn | undefined =
    clientSignIn.mode === 'autodesk'
      ? authorizationCode({ ...clientSignIn, scopes: definition.userScopes ?? profileOnly, browser })
      : usersOf(built);
  return {
    ...{ configuration, sandbox, port, addresses, users },
    tokens: 'tokens' in built ? built.tokens : undefined,
  };
}

function usersOf(built: Built): UserSignIn | undefined {
  return 'users' in built && 'finish' in built.users ? built.users : undefined;
}
