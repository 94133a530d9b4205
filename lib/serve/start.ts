/** The launcher that every start of a server goes through: options, settings, sandbox, transport. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
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
import { callbackPath, createCallbackApp } from './callback.ts';
import type { ServerDefinition } from './definition.ts';
import { atMost, endGracefully } from './ending.ts';
import { createHost, type Host } from './host.ts';
import { createHttpApp } from './http.ts';
import { isLocal, type Listener, listen } from './listen.ts';
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
  const { transport } = options;
  const given = readEnvironment();
  const sandbox = options.sandbox || wantsSandbox(given) ? await startSandbox(given) : undefined;
  const environment = { ...given, ...sandbox?.env };
  // Everything is read at once, so that one message tells of everything that is wrong.
  const settings = readSettings({ ...definition.variables, ...launchVariables }, environment);
  if (definition.users && transport === 'http' && !isLocal(options.host))
    throw new SettingsError(whyLoopbackOnly(options.host));

  const port = options.port ?? settings.MCP_PORT ?? definition.port;
  // The callback is on the port of the server; over stdio, where there is none, it is opened when it is needed.
  let listener: Promise<Listener> | undefined;
  const callbackUrl = async () => {
    listener ??= listen(createCallbackApp(host), 'localhost', port);
    const open = await listener.catch((error: unknown) => {
      listener = undefined;
      throw error;
    });
    const url = `http://localhost:${open.port}${callbackPath}`;
    sandbox?.registerRedirectUri(url);
    return url;
  };
  const host: Host = createHost(definition.create(environment, { callbackUrl }), settings.SESSION_SECRET);
  const announcement: Announcement = {
    host,
    signIn: definition.signIn,
    aps: sandbox ? `the built-in sandbox, ${sandbox.url}` : settings.APS_BASE_URL,
  };
  const release = async () => {
    const open = await listener?.catch(() => undefined);
    open?.close();
    open?.disconnect();
    await host.close();
    await sandbox?.close();
  };
  if (transport === 'stdio') return overStdio(announcement, release);
  const allowed = { hosts: settings.MCP_ALLOWED_HOSTS, origins: settings.MCP_ALLOWED_ORIGINS };
  const app = createHttpApp(host, withOwnName(allowed, options.host));
  listener = listen(app.fetch, options.host, port);
  return overHttp(announcement, await listener, app.close, release, isLocal(options.host));
}

async function overHttp(
  announcement: Announcement,
  listener: Listener,
  endStreams: () => Promise<void>,
  release: () => Promise<void>,
  local: boolean,
): Promise<void> {
  const { host } = announcement;
  const stop = async () => {
    listener.close();
    await atMost(grace, host.idle());
    // An answer is written after its request stops running: ending the streams first would cut it off.
    await atMost(1000, listener.idle());
    await endStreams();
    await release();
  };
  endGracefully({ running: () => host.running, stop }, new Promise(() => {}));
  console.error(await announceHttp(announcement, listener, local));
}

async function overStdio(announcement: Announcement, release: () => Promise<void>): Promise<void> {
  const { host } = announcement;
  const clientLeft = new Promise<void>((resolve) =>
    process.stdin.once('close', resolve).once('end', resolve),
  );
  const stdio = serveStdio(host.forStdio);
  const stop = async () => {
    await atMost(grace, host.idle());
    await stdio.close();
    await release();
  };
  endGracefully({ running: () => host.running, stop }, clientLeft);
  console.error(await announceStdio(announcement));
}

/** The address that is listened on is a name of the server too. */
function withOwnName({ hosts, origins }: AllowedNames, host: string): AllowedNames {
  return { hosts: [...hosts, host.includes(':') ? `[${host}]` : host.toLowerCase()], origins };
}

function whyLoopbackOnly(host: string): string {
  return (
    `Its tokens belong to users, and without a sign-in of MCP clients nothing tells users apart: whoever can reach ` +
    `${host} would act as whoever signed in to Autodesk last. Leave --host out, so that only this machine can reach it.`
  );
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
