/** A server over HTTP: its port, its definition, and the sign-ins of clients and users, put together. */
import { setTimeout as wait } from 'node:timers/promises';
import { isLoopback } from '../../config/schemas.ts';
import type { Variables } from '../../config/settings.ts';
import { createKeys, type Keys } from '../../sealed.ts';
import { memoryStore } from '../../store/memory.ts';
import { partOf, type Store } from '../../store/store.ts';
import type { ClientSignIn } from '../client-sign-in/client-sign-in.ts';
import {
  type ClientSignInOptions,
  type ClientSignInSettings,
  createClientSignIn,
} from '../client-sign-in/create.ts';
import { createHttpApp } from '../http/app.ts';
import type { Exposure } from '../http/exposure.ts';
import type { AllowedNames } from '../http/host-and-origin.ts';
import { type Listener, listen } from '../http/listen.ts';
import { createReadiness } from '../http/readiness.ts';
import { createMcpService, type McpService } from '../mcp/service.ts';
import { type Account, createAccount } from '../pages/account.ts';
import { createBrowserBinding } from '../pages/browser-binding.ts';
import { createBrowserSessions } from '../pages/browser-session.ts';
import { callbackPath } from '../pages/callback.ts';
import { createIdentification } from '../pages/identification.ts';
import { createIdentityCheck, identityCallbackPath } from '../pages/identity-check.ts';
import { addressesOf } from './addresses.ts';
import type { Configuration } from './configuration.ts';
import type { ServerDefinition } from './definition.ts';
import { sessionSecrets } from './session-secrets.ts';
import { atMost, grace } from './shutdown.ts';

export type HttpServerOptions = Pick<ClientSignInOptions, 'fetchDocument'> & {
  exposure: Pick<Exposure, 'host' | 'publicUrl'>;
  /** Names besides those of this machine under which, and origins from which, clients can call it. */
  allowed: AllowedNames;
  /** 0 for any free port. */
  port: number;
  /** Whether APS is the built-in sandbox. */
  isSandbox?: boolean;
  /** What the keys of this server are derived from, newest first. Without any, the instances share one in the store. */
  secrets?: readonly string[];
  /** What the instances of a deployment share; by default, what this process keeps in memory. Its owner closes it. */
  store?: Store;
  /** How long the port still accepts requests when the server ends, and `/ready` answers that it does, in seconds. */
  shutdownDelay?: number;
};

export type HttpServer = {
  listener: Listener;
  /** The running definition, behind the port. */
  service: McpService;
  clientSignIn?: ClientSignIn;
  /** Origin of the server, as clients and browsers see it. */
  publicUrl: string;
  /** Where Autodesk sends browsers back to; it must be registered with the APS application. */
  callbackUrl: string;
  /** Where the OpenID provider sends browsers back to, if this server signs people in there. */
  identityCallbackUrl?: string;
  /** Lets running calls finish, and ends. */
  stop(): Promise<void>;
};

/**
 * Serves a definition.
 *
 * @throws {StartupError} when it cannot listen on the port
 */
export async function serveHttp<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  configuration: Pick<Configuration<Shape>, 'server' | 'clientSignIn'>,
  options: HttpServerOptions,
): Promise<HttpServer> {
  const { exposure, allowed, port, secrets = [], store = memoryStore(), fetchDocument } = options;
  const { shutdownDelay = 0, isSandbox = false } = options;
  // The port comes first, because addresses contain it.
  const listener = await listen(exposure.host, port);
  const { mode } = configuration.clientSignIn;
  const addresses = addressesOf(exposure, mode, listener.port);
  const { publicUrl, browserOrigin, callbackUrl, confirmationUrl, identityCallbackUrl } = addresses;
  // Where callers differ, only the client sign-in knows who a sign-in link was made for.
  const confirmed = mode === 'oidc' || mode === 'key';
  try {
    const keys = createKeys(await sessionSecrets(secrets, store), {
      server: definition.name,
      origin: publicUrl,
    });
    const ownStore = partOf(store, [definition.name]);
    const clientSignIn =
      configuration.clientSignIn.mode === 'none'
        ? undefined
        : await createClientSignIn({
            ...{ settings: configuration.clientSignIn, publicUrl, keys, store: ownStore, fetchDocument },
            identityCallbackUrl,
            serverName: definition.name,
            userScopes: definition.userScopes,
          });
    const built = definition.create(configuration.server, {
      browser: {
        callbackUrl: async () => callbackUrl,
        confirmationUrl: confirmed ? confirmationUrl : undefined,
        keys,
        store: ownStore,
      },
      accountTokens: clientSignIn?.accountTokens,
    });
    const service = createMcpService(built, keys, { isSandbox });
    const browserBinding = confirmed
      ? createBrowserBinding(keys, 'confirmation forms', publicUrl)
      : undefined;
    const provider = clientSignIn?.identityProvider;
    const identityCheck = confirmed && provider ? createIdentityCheck(provider, keys) : undefined;
    const isForThisMachine =
      isLoopback(new URL(publicUrl).hostname) && [exposure.host, ...allowed.hosts].every(isLoopback);
    const account = accountOf(service, {
      clientSignIn,
      mode,
      isForThisMachine,
      publicUrl,
      browserOrigin,
      keys,
    });
    const hasCallback = service.userSignIn !== undefined || mode === 'autodesk';
    const readiness = createReadiness(store);
    const app = createHttpApp(service, {
      ...{ allowed, clientSignIn, browserBinding, identityCheck, readiness, account },
      about: {
        ...{ serverName: definition.name, address: `${publicUrl}/mcp`, isSandbox },
        howClientsSignIn:
          clientSignIn?.howToSignIn ??
          (isForThisMachine
            ? 'Only programs on this machine can call it, without signing in.'
            : 'Everybody who can reach it can call it, without signing in.'),
        needsKey: mode === 'key',
        callbackUrls: isForThisMachine
          ? [
              ...(hasCallback ? [{ name: 'Callback URL of the APS application', url: callbackUrl }] : []),
              ...(identityCheck && service.userSignIn
                ? [{ name: 'Redirect URI at the OpenID provider', url: identityCallbackUrl }]
                : []),
            ]
          : [],
      },
    });
    listener.serve(app.fetch);
    return {
      ...{ listener, service, clientSignIn, publicUrl, callbackUrl },
      identityCallbackUrl: service.userSignIn && identityCheck && identityCallbackUrl,
      async stop() {
        readiness.end();
        if (shutdownDelay > 0) {
          console.error(
            `Stopping in ${shutdownDelay} seconds (MCP_SHUTDOWN_DELAY). Press Ctrl-C again to stop at once.`,
          );
          await wait(shutdownDelay * 1000);
        }
        listener.close();
        await atMost(grace, service.idle());
        // An answer is written after its request stops running: closing the streams first would cut it off.
        await atMost(1000, listener.idle());
        await app.close();
        listener.disconnect();
        await service.close();
      },
    };
  } catch (error) {
    listener.close();
    throw error;
  }
}

/**
 * The part of the front page for the person who reads it. Without a client sign-in that is the local user, on this machine
 * only. Otherwise it needs a place where people can show who they are: a key identifies no person.
 */
function accountOf(
  { userSignIn }: McpService,
  options: {
    clientSignIn: ClientSignIn | undefined;
    mode: ClientSignInSettings['mode'];
    isForThisMachine: boolean;
    publicUrl: string;
    browserOrigin: string;
    keys: Keys;
  },
): Account | undefined {
  const { clientSignIn, mode, isForThisMachine, publicUrl, browserOrigin, keys } = options;
  const provider = clientSignIn?.identityProvider;
  const tokens = clientSignIn?.accountTokens ?? userSignIn;
  if (!tokens || !(provider ?? (mode === 'none' && isForThisMachine))) return undefined;
  const browserBinding = createBrowserBinding(keys, 'account forms', publicUrl);
  return createAccount({
    ...{ browserBinding, tokens, browserOrigin },
    users: clientSignIn?.accountTokens ? undefined : userSignIn,
    identification:
      provider &&
      createIdentification({
        ...{ provider, browserBinding, keys },
        callbackPath: mode === 'autodesk' ? callbackPath : identityCallbackPath,
        sessions: createBrowserSessions(keys, publicUrl),
      }),
  });
}
