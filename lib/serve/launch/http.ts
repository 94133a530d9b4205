/** A server over HTTP: its port, its definition, and the sign-ins of clients and users, put together. */
import type { Variables } from '../../config/settings.ts';
import { createKeys } from '../../sealed.ts';
import type { ClientSignIn } from '../client-sign-in/client-sign-in.ts';
import { type ClientSignInOptions, createClientSignIn } from '../client-sign-in/create.ts';
import { createHttpApp } from '../http/app.ts';
import type { Exposure } from '../http/exposure.ts';
import type { AllowedNames } from '../http/host-and-origin.ts';
import { type Listener, listen } from '../http/listen.ts';
import { createMcpService, type McpService } from '../mcp/service.ts';
import { createBrowserBinding } from '../pages/browser-binding.ts';
import { createIdentityCheck } from '../pages/identity-check.ts';
import { addressesOf } from './addresses.ts';
import type { Configuration } from './configuration.ts';
import type { ServerDefinition } from './definition.ts';
import { atMost, grace } from './shutdown.ts';

export type HttpServerOptions = Pick<ClientSignInOptions, 'fetchDocument'> & {
  exposure: Pick<Exposure, 'host' | 'publicUrl'>;
  /** Names besides those of this machine under which, and origins from which, clients can call it. */
  allowed: AllowedNames;
  /** 0 for any free port. */
  port: number;
  /** Whether APS is the built-in sandbox. */
  isSandbox?: boolean;
  /** What the keys of this server are derived from, shared by the instances of a deployment; random if left out. */
  secret?: string;
};

export type HttpServer = {
  listener: Listener;
  /** The definition at work, behind the port. */
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
  { exposure, allowed, port, secret, isSandbox = false, fetchDocument }: HttpServerOptions,
): Promise<HttpServer> {
  // The port comes first, because addresses contain it.
  const listener = await listen(exposure.host, port);
  const { mode } = configuration.clientSignIn;
  const { publicUrl, callbackUrl, confirmationUrl, identityCallbackUrl } = addressesOf(
    exposure,
    mode,
    listener.port,
  );
  const keys = createKeys(secret, { server: definition.name, origin: publicUrl });
  // Where callers differ, only the client sign-in knows who a sign-in link was made for.
  const confirmed = mode === 'oidc' || mode === 'key';
  try {
    const clientSignIn =
      configuration.clientSignIn.mode === 'none'
        ? undefined
        : await createClientSignIn({
            ...{ settings: configuration.clientSignIn, publicUrl, keys, fetchDocument },
            identityCallbackUrl,
            serverName: definition.name,
            userScopes: definition.userScopes,
          });
    const built = definition.create(configuration.server, {
      browser: {
        callbackUrl: async () => callbackUrl,
        confirmationUrl: confirmed ? confirmationUrl : undefined,
        keys,
      },
      accountTokens: clientSignIn?.accountTokens,
    });
    const service = createMcpService(built, keys, { isSandbox });
    const browserBinding = confirmed
      ? createBrowserBinding(keys, 'confirmation forms', publicUrl)
      : undefined;
    const provider = clientSignIn?.identityProvider;
    const identityCheck = provider && createIdentityCheck(provider, keys);
    const app = createHttpApp(service, { allowed, clientSignIn, browserBinding, identityCheck });
    listener.serve(app.fetch);
    return {
      ...{ listener, service, clientSignIn, publicUrl, callbackUrl },
      identityCallbackUrl: service.userSignIn && provider && identityCallbackUrl,
      async stop() {
        listener.close();
        await atMost(grace, service.idle());
        // An answer is written after its request stops running: closing the streams first would cut it off.
        await atMost(1000, listener.idle());
        await app.close();
        listener.disconnect();
        await service.close();
        clientSignIn?.close?.();
      },
    };
  } catch (error) {
    listener.close();
    throw error;
  }
}
