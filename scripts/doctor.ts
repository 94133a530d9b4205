/** `aps-mcp doctor SERVER`: checks what a server needs, in order, and says what to do about each fault. */
import { commandLine } from '../lib/command-line.ts';
import { type Environment, projectFolder } from '../lib/config/settings.ts';
import { optionsOfServers, readOptions } from '../lib/serve/launch/configuration.ts';
import type { SandboxModule } from '../lib/serve/launch/sandbox.ts';
import { StartupError } from '../lib/startup-error.ts';
import { type Check, type Examination, examine, type Result } from './doctor/check.ts';
import { envFileCheck } from './doctor/env-file.ts';
import { clockCheck, networkCheck, proxyCheck } from './doctor/network.ts';
import { applicationCheck, callbackCheck } from './doctor/people.ts';
import { providerCheck } from './doctor/provider.ts';
import { exposureCheck, portCheck } from './doctor/reach.ts';
import { documentOf, lineOf, summaryOf } from './doctor/report.ts';
import { settingsCheck } from './doctor/settings.ts';
import { callCheck, integrationCheck, scopesCheck, signInCheck } from './doctor/sign-in.ts';
import { storeCheck } from './doctor/store.ts';
import { parseCommand } from './parse-command.ts';
import { servers } from './servers.ts';

export const options = { ...optionsOfServers, json: { type: 'boolean' } } as const;

/** In the order in which they run. Each uses what those before it have found. */
const checks: readonly Check[] = [
  ...[envFileCheck, settingsCheck, exposureCheck, portCheck, storeCheck],
  ...[proxyCheck, networkCheck, clockCheck],
  ...[signInCheck, scopesCheck, callCheck, integrationCheck],
  ...[applicationCheck, callbackCheck],
  providerCheck,
];

const names = Object.keys(servers).join(', ');

const usage = `Usage: ${commandLine('doctor', 'SERVER [options]')}

Checks what a server needs, and says what to do about each fault: settings and .env, who can call, the port, the store, proxy and
network, the clock, the sign-in to APS, scopes, one call, the callback URL, and the OpenID provider. Starts no server and
changes nothing. SERVER is one of ${names}.

Options:
  --json     Print JSON
  --sandbox  Check against the built-in APS sandbox: no Autodesk account, no network
  --help     Print this
  Those of the server, such as --client-auth, --host, --port and --transport: give those that you start it with.

Exit code: 0 without faults (there may be warnings), 1 with a fault, 2 for an invalid command line.`;

/** Where it runs, and where it prints. By default, in this process. */
type Surroundings = {
  env?: Environment;
  folder?: string;
  project?: string | undefined;
  now?: () => number;
  print?: (text: string) => void;
  /** Where it says what is wrong with the command line. By default, on stderr. */
  complain?: (text: string) => void;
  loadSandbox?: () => Promise<SandboxModule>;
};

/** @param args - the command line after the name of the command */
export async function run(args: string[]): Promise<void> {
  process.exitCode = await doctor(args, { project: projectFolder() });
}

/** @returns the exit code */
export async function doctor(args: readonly string[], surroundings: Surroundings): Promise<0 | 1 | 2> {
  const { print = console.log, complain = console.error } = surroundings;
  let asked: Asked | 'help';
  try {
    asked = await readAsked(args, surroundings);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    complain(error.message);
    return 2;
  }
  if (asked === 'help') {
    print(usage);
    return 0;
  }
  const { examination, json } = asked;
  const results: Result[] = [];
  try {
    for await (const found of examine(examination, checks)) {
      results.push(...found);
      if (!json) for (const result of found) print(lineOf(result));
    }
  } finally {
    await examination.server?.sandbox?.close();
  }
  print(
    json
      ? JSON.stringify(documentOf(examination.definition.name, results), undefined, 2)
      : `\n${summaryOf(results)}`,
  );
  return results.some(({ status }) => status === 'fault') ? 1 : 0;
}

type Asked = { examination: Examination; json: boolean };

/** @throws {StartupError} for a command line that is not valid */
async function readAsked(
  args: readonly string[],
  { env = process.env, folder = process.cwd(), ...others }: Surroundings,
): Promise<Asked | 'help'> {
  const { values, positionals, tokens } = parseCommand([...args], options);
  if (values.help) return 'help';
  const [name = '', ...more] = positionals;
  const load = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (!load || more.length > 0)
    throw new StartupError(
      `Name one server to check, one of: ${names}. For example: ${commandLine('doctor', '2lo')}`,
    );
  // What a server does not know.
  const ours = tokens.filter(
    (token) => token.kind === 'positional' || (token.kind === 'option' && token.name === 'json'),
  );
  const ofServer = args.filter((_, index) => !ours.some((token) => token.index === index));
  return {
    json: values.json ?? false,
    examination: {
      definition: await load(),
      options: readOptions(ofServer, 'http'),
      ...{ env, folder, project: others.project, said: new Set() },
      loadSandbox: others.loadSandbox ?? (() => import('../sandbox/index.ts')),
      now: others.now ?? Date.now,
    },
  };
}
