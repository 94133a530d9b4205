/** The launcher that every start of a server goes through: options, settings, sandbox, transport. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { localUser } from '../auth/token-source.ts';
import {
  type Environment,
  launchVariables,
  readEnvironment,
  readSettings,
  SettingsError,
  wantsSandbox,
} from '../config.ts';
import type { AllowedNames } from './access.ts';
import { type Announcement, announceHttp, announceStdio } from './announce.ts';
import { connectInMemory } from './connection.ts';
import type { ServerDefinition } from './definition.ts';
import { atMost, endGracefully, type Serving } from './ending.ts';
import { createForwarder } from './forward.ts';
import { createHttpApp } from './http.ts';
import { isLocal, listen } from './listen.ts';
import { help, type Options, readOptions } from './options.ts';

/** How long running calls may go on after Ctrl-C, in milliseconds. */
const grace = 10_000;

/** Whether the module at `url` (`import.meta.url`) is the program that was started. */
export function isProgram(url: string): boolean {
  const program = process.argv[1];
  return program !== undefined && existsSync(program) && realpathSync(program) === fileURLToPath(url);
}

/**
 * Starts a server as the options and the environment say, and ends the process: with 0 after Ctrl-C or when
 * a stdio client leaves; with 1 when it cannot start, and then with one message on stderr that says why.
 *
 * @param start.args - the command line after the program's name
 * @param start.transport - the transport when the command line names none
 * @param start.command - how it is started this way, for `--help`
 */
export async function start(
  definition: ServerDefinition,
  { args, transport, command }: { args: readonly string[]; transport: Options['transport']; command: string },
): Promise<void> {
  try {
    const options = readOptions(args, transport);
    if (options.help) {
      process.stdout.write(`${help(definition, command, transport)}\n`);
      return;
    }
    // Over stdio, stdout belongs to MCP: whatever a dependency has to say goes to stderr.
    if (options.transport === 'stdio') console.log = console.info = console.debug = console.error;
    await serve(definition, options);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(`${definition.name} cannot start. ${error.message}`);
    process.exit(1);
  }
}

async function serve(definition: ServerDefinition, options: Options): Promise<void> {
  const given = readEnvironment();
  const sandbox = options.sandbox || wantsSandbox(given) ? await startSandbox(given) : undefined;
  const environment = { ...given, ...sandbox?.env };
  // Everything is read at once, so that one message tells of everything that is wrong.
  const settings = readSettings({ ...definition.variables, ...launchVariables }, environment);
  const connection = await connectInMemory(definition.create(environment), localUser);
  const announcement: Announcement = {
    connection,
    signIn: definition.signIn,
    aps: sandbox ? `the built-in sandbox, ${sandbox.url}` : settings.APS_BASE_URL,
  };
  const release = async () => {
    await connection.close();
    await sandbox?.close();
  };
  if (options.transport === 'stdio') return overStdio(announcement, release);
  const port = options.port ?? settings.MCP_PORT ?? definition.port;
  const allowed = { hosts: settings.MCP_ALLOWED_HOSTS, origins: settings.MCP_ALLOWED_ORIGINS };
  return overHttp(announcement, release, options.host, port, allowed);
}

async function overHttp(
  announcement: Announcement,
  release: () => Promise<void>,
  host: string,
  port: number,
  allowed: AllowedNames,
): Promise<void> {
  const forwarder = createForwarder();
  const app = createHttpApp(announcement.connection, forwarder, {
    ...allowed,
    hosts: [...allowed.hosts, host.includes(':') ? `[${host}]` : host.toLowerCase()],
  });
  const listener = await listen(app.fetch, host, port);
  endGracefully(
    {
      get running() {
        return forwarder.running;
      },
      async stop() {
        listener.close();
        await atMost(grace, forwarder.idle());
        await app.close();
        await atMost(1000, listener.idle());
        listener.disconnect();
        await release();
      },
    },
    new Promise(() => {}),
  );
  console.error(await announceHttp(announcement, listener.url, isLocal(host)));
}

async function overStdio(announcement: Announcement, release: () => Promise<void>): Promise<void> {
  const forwarder = createForwarder();
  const clientLeft = new Promise<void>((resolve) =>
    process.stdin.once('close', resolve).once('end', resolve),
  );
  const stdio = serveStdio(() => forwarder.createServer(announcement.connection));
  const serving: Serving = {
    get running() {
      return forwarder.running;
    },
    async stop() {
      await atMost(grace, forwarder.idle());
      // An answer is written right after its request stops running.
      await new Promise((resolve) => setImmediate(resolve));
      await stdio.close();
      await release();
    },
  };
  endGracefully(serving, clientLeft);
  console.error(await announceStdio(announcement));
}

/**
 * The sandbox is loaded only when it is asked for: a real server does not carry it. It is told of the service
 * account in the settings, which `npm run ssa:setup -- --sandbox` may have made in a sandbox of its own.
 */
async function startSandbox({ APS_SSA_ID, APS_SSA_KEY_ID, APS_SSA_KEY_BASE64 }: Environment) {
  const sandbox = await import('../../sandbox/index.ts');
  return sandbox.startSandbox({
    serviceAccount:
      APS_SSA_ID && APS_SSA_KEY_ID && APS_SSA_KEY_BASE64
        ? {
            id: APS_SSA_ID,
            kid: APS_SSA_KEY_ID,
            privateKey: Buffer.from(APS_SSA_KEY_BASE64, 'base64').toString(),
          }
        : undefined,
  });
}
