/** Defining a server and starting it: what a file in `servers/` calls. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Variables } from '../../config/settings.ts';
import { StartupError } from '../../startup-error.ts';
import { whenWritten } from '../../store/later.ts';
import { memoryStore } from '../../store/memory.ts';
import type { OpenedStore } from '../../store/open.ts';
import { checkExposure } from '../http/exposure.ts';
import { callbackPath } from '../pages/callback.ts';
import { httpBanner, stdioBanner } from './banner.ts';
import {
  type Configuration,
  exposureOf,
  loadConfiguration,
  type Options,
  optionsOfServers,
  portOf,
  readOptions,
} from './configuration.ts';
import type { ServerDefinition, ServerDescription } from './definition.ts';
import { help } from './help.ts';
import { whenLauncherEnds } from './launcher.ts';
import { prefetchToken } from './prefetch-token.ts';
import type { LaunchedSandbox, SandboxModule } from './sandbox.ts';
import { atMost, grace, type Running, shutDown } from './shutdown.ts';
import { openStoreFor } from './store.ts';
import { swallowedByNpm } from './swallowed-options.ts';

/**
 * Defines a server; `create` gets the variables checked and typed.
 *
 * @example
 * import {
 *   addOssTools, apsApplication, type Caller, clientCredentials, createApsClient, defineServer, version,
 * } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export const definition = defineServer({
 *   name: 'mine',
 *   apsSignIn: '2-legged, as the application itself',
 *   port: 5010,
 *   variables: apsApplication,
 *   create(settings) {
 *     const baseUrl = settings.APS_BASE_URL;
 *     const tokens = clientCredentials({
 *       clientId: settings.APS_CLIENT_ID,
 *       clientSecret: settings.APS_CLIENT_SECRET,
 *       baseUrl,
 *       scopes: ['bucket:read', 'data:read'],
 *     });
 *     const server = new FastMCP<Caller>({ name: 'Mine', version });
 *     addOssTools(server, createApsClient({ baseUrl, tokens }));
 *     return server;
 *   },
 * });
 */
export function defineServer<Shape extends Variables>(
  description: ServerDescription<Shape>,
): ServerDefinition<Shape> {
  return { ...description, isPublicClient: !('APS_CLIENT_SECRET' in description.variables) };
}

/**
 * Starts a server if its file is the program that was started: over stdio, the transport of `fastmcp dev` and of desktop
 * MCP clients, unless the command line says otherwise. If it cannot start, it prints one message that says why, and the
 * process ends with 1.
 *
 * @param url - `import.meta.url` of the file
 * @returns once the server has started, or at once if another file is the program
 *
 * @example
 * import { apsApplication, defineServer, startIfMain, version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export const definition = defineServer({
 *   name: 'mine',
 *   apsSignIn: '2-legged, as the application itself',
 *   port: 5010,
 *   variables: apsApplication,
 *   create: () => new FastMCP({ name: 'Mine', version }),
 * });
 *
 * await startIfMain(import.meta.url, definition);
 */
export async function startIfMain<Shape extends Variables>(
  url: string,
  definition: ServerDefinition<Shape>,
): Promise<void> {
  const program = process.argv[1];
  if (
    program === undefined ||
    !existsSync(program) ||
    realpathSync.native(program) !== realpathSync.native(fileURLToPath(url))
  )
    return;
  const file = relative(process.cwd(), program);
  const commandLine = (options: string) =>
    `${/\.[cm]?ts$/.test(file) ? 'npx tsx' : 'node'} ${file} ${options}`;
  const args = process.argv.slice(2);
  const swallowed = swallowedByNpm({ name: basename(file), options: optionsOfServers, commandLine }, args);
  if (swallowed) return cannotStart(definition, swallowed);
  await start(definition, { args, transport: 'stdio', command: commandLine('[options]') });
}

export type StartOptions = {
  args: readonly string[];
  transport: Options['transport'];
  command: string;
  loadSandbox?: () => Promise<SandboxModule>;
};

/**
 * Starts a server as the command line and the environment say, and ends the process: with 0 after Ctrl-C or when a stdio
 * client leaves; with 1 when it cannot start, after one message on stderr that says why.
 *
 * @param options.args - the command line after the program's name
 * @param options.transport - the default transport
 * @param options.command - how it was started, for `--help`
 * @param options.loadSandbox - loads the sandbox; by default, from beside `lib/`
 */
export async function start<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  { args, transport, command, loadSandbox }: StartOptions,
): Promise<void> {
  try {
    const options = readOptions(args, transport);
    if (options.help) {
      process.stdout.write(`${help(definition, command, transport)}\n`);
      return;
    }
    // Over stdio, stdout belongs to MCP: what dependencies print goes to stderr.
    if (options.transport === 'stdio') console.log = console.info = console.debug = console.error;
    const configuration = await loadConfiguration(definition, options, { loadSandbox });
    const { launch, sandbox } = configuration;
    const choice = {
      ...{ clientAuth: configuration.clientAuth, transport: options.transport },
      ...{ isSandbox: sandbox !== undefined, url: launch.STORE_URL },
    };
    const opened = await openStoreFor(definition, choice, launch.STORE_SECRET);
    const started = {
      ...configuration,
      ...{ definition, options, opened },
      port: portOf(definition, options, configuration),
      aps: sandbox ? `the built-in sandbox, ${sandbox.url}` : launch.APS_BASE_URL,
    };
    await (options.transport === 'http' ? overHttp(started) : overStdio(started));
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    cannotStart(definition, error.message);
  }
}

/** Says why, and ends the process. */
function cannotStart({ name }: { name: string }, reason: string): never {
  console.error(`${name} cannot start. ${reason}`);
  process.exit(1);
}

/** Everything that a start needs. */
type Launch<Shape extends Variables> = Configuration<Shape> & {
  definition: ServerDefinition<Shape>;
  options: Options;
  /** Undefined for a server that keeps nothing. */
  opened?: OpenedStore;
  sandbox?: LaunchedSandbox;
  port: number;
  /** Where APS is, in words. */
  aps: string;
};

async function overHttp<Shape extends Variables>(started: Launch<Shape>): Promise<void> {
  const { definition, options, launch, clientSignIn: settings, opened, sandbox, port, aps } = started;
  const { apsSignIn, userScopes } = definition;
  const exposure = exposureOf(started, options);
  const { hosts, whoCanCall } = checkExposure(definition, exposure);

  const { serveHttp } = await import('./http.ts');
  const server = await serveHttp(definition, started, {
    ...{ exposure, port },
    allowed: { hosts, origins: launch.MCP_ALLOWED_ORIGINS },
    isSandbox: sandbox !== undefined,
    ...{ secrets: launch.SESSION_SECRET, store: opened?.store, shutdownDelay: launch.MCP_SHUTDOWN_DELAY },
  });
  const { service, listener, publicUrl, callbackUrl, identityCallbackUrl, clientSignIn } = server;
  sandbox?.registerRedirectUri(callbackUrl);
  if (identityCallbackUrl) sandbox?.registerOpenIdRedirectUri(identityCallbackUrl);
  onSignals({
    running: () => service.running,
    async stop() {
      await server.stop();
      await closeStore(opened);
      await sandbox?.close();
    },
  });
  const showCallbackUrl = settings.mode === 'autodesk' || userScopes !== undefined;
  console.error(
    httpBanner({
      ...{ server: await service.describe(), apsSignIn, aps, publicUrl, store: opened?.where },
      listensOn: listener.url,
      allowedHosts: launch.MCP_ALLOWED_HOSTS,
      alsoAs: listener.alsoAs,
      clientsSignIn: settings.mode === 'oidc' || settings.mode === 'autodesk',
      callbackUrl: showCallbackUrl ? callbackUrl : undefined,
      identityCallbackUrl: showCallbackUrl ? identityCallbackUrl : undefined,
      whoCanCall: whoCanCall(clientSignIn?.whoCanCall),
      header: settings.mode === 'key' ? 'Authorization: Bearer KEY' : undefined,
      tokenCommand:
        settings.mode === 'oidc' && sandbox?.openIdIssuer === settings.issuer
          ? `curl -s "${sandbox.url}/_sandbox/openid-token?audience=${publicUrl}/mcp"`
          : undefined,
    }),
  );
  await Promise.all([clientSignIn?.prefetch?.(), prefetchToken(service.tokens)]);
}

async function overStdio<Shape extends Variables>(started: Launch<Shape>): Promise<void> {
  const { definition, server: settings, opened, sandbox, port, aps } = started;
  const { serveStdio } = await import('./stdio.ts');
  const { service, clientLeft, stop } = serveStdio(definition, settings, {
    ...{ port, store: opened?.store ?? memoryStore(), isSandbox: sandbox !== undefined },
    onCallbackUrl: sandbox?.registerRedirectUri,
  });
  const running = {
    running: () => service.running,
    async stop() {
      await stop();
      await closeStore(opened);
      await sandbox?.close();
    },
  };
  onSignals(running);
  void clientLeft.then(() => shutDown(running));
  console.error(
    stdioBanner({
      server: await service.describe(),
      apsSignIn: definition.apsSignIn,
      ...{ aps, store: opened?.where },
      // With port 0, each sign-in has another.
      callbackUrl: definition.userScopes && port > 0 ? `http://localhost:${port}${callbackPath}` : undefined,
    }),
  );
  await prefetchToken(service.tokens);
}

/** Closes the store. If it is down, waits some time to save the tokens that APS has issued in the meantime. */
async function closeStore(opened: OpenedStore | undefined): Promise<void> {
  const written = whenWritten();
  if (written) {
    console.error('Waiting for the store, to save sign-ins. Press Ctrl-C again to stop at once.');
    await atMost(grace, written);
  }
  await opened?.store.close();
}

/** Stops the server when this process, or the npm that started it, is told to end. */
function onSignals(running: Running): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => shutDown(running, signal));
  whenLauncherEnds(() => shutDown(running));
}
