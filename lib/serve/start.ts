/** The launcher that every start of a server goes through: options, settings, sandbox, transport. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Sandbox } from '../../sandbox/index.ts';
import {
  clientAuthIn,
  clientAuthVariables,
  type Environment,
  launchVariables,
  readEnvironment,
  readSettings,
  SettingsError,
  wantsSandbox,
} from '../config.ts';
import type { AllowedNames } from './access.ts';
import { announceHttp, announceStdio } from './announce.ts';
import { callbackPath, createCallbackApp } from './callback.ts';
import { isPublicClient, type ServerDefinition } from './definition.ts';
import { atMost, endGracefully } from './ending.ts';
import { createHost, type Host } from './host.ts';
import { createKeys, type Keys } from './keys.ts';
import { type Listener, listen } from './listen.ts';
import { help, type Options, readOptions } from './options.ts';
import { namesOf, type Reach, refuseUnsafe, withoutSignIn } from './reach.ts';
import { grace, serveHttp } from './serve-http.ts';

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
  const environment = sandbox ? withSandbox(given, sandbox, definition) : given;
  // MCP has client sign-in over HTTP only: over stdio, whoever started the server is the one who calls.
  const http = options.transport === 'http';
  const clientAuth = http ? (options.clientAuth ?? clientAuthIn(environment)) : 'none';
  // Everything is read at once, so that one message tells of everything that is wrong.
  const settings = readSettings(
    { ...definition.variables, ...launchVariables, ...clientAuthVariables[clientAuth] },
    environment,
  );
  const reach = { ...options, clientAuth, publicUrl: settings.MCP_PUBLIC_URL };
  if (http) refuseUnsafe(definition, reach);

  const start: Start = {
    definition,
    environment,
    port: options.port ?? settings.MCP_PORT ?? definition.port,
    keys: createKeys(settings.SESSION_SECRET),
    sandbox,
    aps: sandbox ? `the built-in sandbox, ${sandbox.url}` : settings.APS_BASE_URL,
  };
  if (!http) return overStdio(start);
  const hosts = [...settings.MCP_ALLOWED_HOSTS, ...namesOf(reach)];
  return overHttp(start, reach, { hosts, origins: settings.MCP_ALLOWED_ORIGINS });
}

/** What a start needs, whatever the transport. */
type Start = {
  definition: ServerDefinition;
  environment: Environment;
  port: number;
  keys: Keys;
  sandbox?: Sandbox;
  /** Where APS is, in words. */
  aps: string;
};

async function overHttp(start: Start, reach: Reach, allowed: AllowedNames): Promise<void> {
  const { definition, environment, port, keys, sandbox, aps } = start;
  const server = await serveHttp(definition, environment, { reach, allowed, port, keys });
  const { host, listener, publicUrl, clientSignIn } = server;
  sandbox?.registerRedirectUri(server.callbackUrl);
  const stop = async () => {
    await server.stop();
    await sandbox?.close();
  };
  endGracefully({ running: () => host.running, stop }, new Promise(() => {}));
  console.error(
    await announceHttp({
      ...{ host, signIn: definition.signIn, aps, publicUrl },
      listensOn: listener.url,
      // Clients that sign in must use the one address that tokens are made for.
      alsoAs: clientSignIn ? [] : listener.alsoAs,
      callbackUrl: isCallbackWorthTelling(definition, reach) ? server.callbackUrl : undefined,
      whoMayCall: clientSignIn?.whoMayCall ?? withoutSignIn(reach),
      tokenCommand:
        reach.clientAuth === 'oidc' && sandbox?.openIdIssuer === environment.MCP_AUTH_ISSUER
          ? `curl -s "${sandbox?.url}/_sandbox/openid-token?audience=${publicUrl}/mcp"`
          : undefined,
    }),
  );
  await clientSignIn?.lookAhead?.();
}

/** Elsewhere it is the one that the definition documents. */
function isCallbackWorthTelling({ userScopes }: ServerDefinition, { clientAuth, publicUrl }: Reach): boolean {
  return clientAuth === 'autodesk' || (userScopes !== undefined && publicUrl !== undefined);
}

async function overStdio({ definition, environment, port, keys, sandbox, aps }: Start): Promise<void> {
  // There is no port to come back to: it is opened when a sign-in needs it.
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
  const host: Host = createHost(definition.create(environment, { callbackUrl }), keys);
  const clientLeft = new Promise<void>((resolve) =>
    process.stdin.once('close', resolve).once('end', resolve),
  );
  const stdio = serveStdio(host.forStdio);
  const stop = async () => {
    await atMost(grace, host.idle());
    await stdio.close();
    const open = await listener?.catch(() => undefined);
    open?.close();
    open?.disconnect();
    await host.close();
    await sandbox?.close();
  };
  endGracefully({ running: () => host.running, stop }, clientLeft);
  console.error(await announceStdio({ host, signIn: definition.signIn, aps }));
}

/**
 * The settings with the sandbox in place of APS and, unless there is one of your own, of the OpenID provider. A server for
 * an application without a secret gets the sandbox's public one.
 */
function withSandbox(given: Environment, sandbox: Sandbox, definition: ServerDefinition): Environment {
  return {
    ...given,
    ...(!given.MCP_AUTH_ISSUER?.trim() && {
      MCP_AUTH_ISSUER: sandbox.openIdIssuer,
      MCP_AUTH_AUDIENCE: undefined,
      MCP_AUTH_SCOPES: 'mcp:tools',
    }),
    ...sandbox.env,
    ...(isPublicClient(definition) && { APS_CLIENT_ID: sandbox.publicClientId }),
    // The sandbox knows its own applications only.
    MCP_AUTH_CLIENT_ID: undefined,
    MCP_AUTH_CLIENT_SECRET: undefined,
  };
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
