/** Starts a server: options, settings, sandbox, transport. Every server goes through here, however it is started. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readEnvironment, type Variables } from '../../config/settings.ts';
import { createKeys } from '../../sealed.ts';
import { StartupError } from '../../startup-error.ts';
import { type Exposure, namesOf, refuseUnsafe, withoutClientSignIn } from '../http/exposure.ts';
import { httpBanner, stdioBanner } from './banner.ts';
import { help, type Options, readOptions } from './command-line.ts';
import { type Configuration, readConfiguration, wantsSandbox } from './configuration.ts';
import { isPublicClient, type ServerDefinition } from './definition.ts';
import { serveHttp } from './http.ts';
import { type LaunchedSandbox, startSandbox, withSandbox } from './sandbox.ts';
import { shutDownOnSignal } from './shutdown.ts';
import { serveStdio } from './stdio.ts';

/**
 * Starts a server if its file is the program that was started: over stdio, the transport of `fastmcp dev` and of desktop
 * MCP clients, unless the command line says otherwise.
 *
 * @param url - `import.meta.url` of the file
 *
 * @example
 * await startIfMain(import.meta.url, definition);
 */
export async function startIfMain<Shape extends Variables>(
  url: string,
  definition: ServerDefinition<Shape>,
): Promise<void> {
  const program = process.argv[1];
  if (program === undefined || !existsSync(program) || realpathSync(program) !== fileURLToPath(url)) return;
  const command = `npx tsx servers/${definition.name}.ts`;
  await start(definition, { args: process.argv.slice(2), transport: 'stdio', command });
}

/**
 * Starts a server as the command line and the environment say, and ends the process: with 0 after Ctrl-C or when a stdio
 * client leaves; with 1 when it cannot start, after one message on stderr that says why.
 *
 * @param options.args - the command line after the program's name
 * @param options.transport - the default transport
 * @param options.command - how it was started, for `--help`
 */
export async function start<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  { args, transport, command }: { args: readonly string[]; transport: Options['transport']; command: string },
): Promise<void> {
  try {
    const options = readOptions(args, transport);
    if (options.help) {
      process.stdout.write(`${help(definition, command, transport)}\n`);
      return;
    }
    // Over stdio, stdout belongs to MCP: what dependencies print goes to stderr.
    if (options.transport === 'stdio') console.log = console.info = console.debug = console.error;
    await launch(definition, options);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    console.error(`${definition.name} cannot start. ${error.message}`);
    process.exit(1);
  }
}

/** Everything that a start needs, whatever the transport. */
type Launch<Shape extends Variables> = {
  definition: ServerDefinition<Shape>;
  configuration: Configuration<Shape>;
  port: number;
  sandbox?: LaunchedSandbox;
  /** Where APS is, in words. */
  aps: string;
};

async function launch<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  options: Options,
): Promise<void> {
  const given = readEnvironment();
  const sandbox = options.sandbox || wantsSandbox(given) ? await startSandbox(given) : undefined;
  const environment = sandbox ? withSandbox(given, sandbox, definition) : given;
  const configuration = readConfiguration(definition, environment, options);
  const { MCP_PORT, APS_BASE_URL } = configuration.launch;
  const launched = {
    ...{ definition, configuration, sandbox },
    port: options.port ?? MCP_PORT ?? definition.port,
    aps: sandbox ? `the built-in sandbox, ${sandbox.url}` : APS_BASE_URL,
  };
  await (options.transport === 'http' ? overHttp(launched, options) : overStdio(launched));
}

async function overHttp<Shape extends Variables>(
  { definition, configuration, port, sandbox, aps }: Launch<Shape>,
  options: Options,
): Promise<void> {
  const { launch, clientSignIn: settings } = configuration;
  const { apsSignIn, userScopes } = definition;
  const exposure: Exposure = { ...options, clientAuth: settings.mode, publicUrl: launch.MCP_PUBLIC_URL };
  refuseUnsafe({ isPublicClient: isPublicClient(definition), hasUsers: userScopes !== undefined }, exposure);

  const server = await serveHttp(definition, configuration, {
    ...{ exposure, port, keys: createKeys(launch.SESSION_SECRET) },
    allowed: {
      hosts: [...launch.MCP_ALLOWED_HOSTS, ...namesOf(exposure)],
      origins: launch.MCP_ALLOWED_ORIGINS,
    },
  });
  const { service, listener, publicUrl, callbackUrl, clientSignIn } = server;
  sandbox?.registerRedirectUri(callbackUrl);
  shutDownOnSignal({
    running: () => service.running,
    async stop() {
      await server.stop();
      await sandbox?.close();
    },
  });
  // On localhost, it is the one that the server's documentation names.
  const showCallbackUrl =
    settings.mode === 'autodesk' || (userScopes !== undefined && exposure.publicUrl !== undefined);
  console.error(
    httpBanner({
      ...{ server: await service.describe(), apsSignIn, aps, publicUrl },
      listensOn: listener.url,
      // Clients that sign in must use the one address that tokens are issued for.
      alsoAs: clientSignIn ? [] : listener.alsoAs,
      callbackUrl: showCallbackUrl ? callbackUrl : undefined,
      whoCanCall: clientSignIn?.whoCanCall ?? withoutClientSignIn(exposure),
      tokenCommand:
        settings.mode === 'oidc' && sandbox?.openIdIssuer === settings.issuer
          ? `curl -s "${sandbox.url}/_sandbox/openid-token?audience=${publicUrl}/mcp"`
          : undefined,
    }),
  );
  await clientSignIn?.prefetch?.();
}

async function overStdio<Shape extends Variables>({
  definition,
  configuration,
  port,
  sandbox,
  aps,
}: Launch<Shape>): Promise<void> {
  const { service, clientLeft, stop } = serveStdio(definition, configuration.server, {
    port,
    keys: createKeys(configuration.launch.SESSION_SECRET),
    onCallbackUrl: sandbox?.registerRedirectUri,
  });
  shutDownOnSignal(
    {
      running: () => service.running,
      async stop() {
        await stop();
        await sandbox?.close();
      },
    },
    clientLeft,
  );
  console.error(stdioBanner({ server: await service.describe(), apsSignIn: definition.apsSignIn, aps }));
}
