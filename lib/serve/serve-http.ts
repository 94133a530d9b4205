/** A server at work over HTTP: its port, its definition, and the sign-ins of clients and users, put together. */
import type { Environment } from '../config.ts';
import type { AllowedNames } from './access.ts';
import { createBrowsers } from './browsers.ts';
import { callbackPath } from './callback.ts';
import type { ClientSignIn } from './client-sign-in/client-sign-in.ts';
import { type ClientSignInOptions, createClientSignIn } from './client-sign-in/create.ts';
import { confirmPath } from './confirm.ts';
import type { ServerDefinition } from './definition.ts';
import { atMost } from './ending.ts';
import { createHost, type Host } from './host.ts';
import { createHttpApp, type HttpApp } from './http.ts';
import type { Keys } from './keys.ts';
import { type Listener, listen } from './listen.ts';
import type { Reach } from './reach.ts';

/** How long running calls may go on after the end was asked for, in milliseconds. */
export const grace = 10_000;

/** What `localhost` stands for, so that browsers which go there come here. */
const namesOfLocalhost = ['localhost', '127.0.0.1', '::1'];

export type HttpServerOptions = Pick<ClientSignInOptions, 'fetchDocument'> & {
  reach: Pick<Reach, 'host' | 'clientAuth' | 'publicUrl'>;
  /** Names beyond this machine's own under which, and pages from which, it may be reached. */
  allowed: AllowedNames;
  /** 0 for any that is free. */
  port: number;
  keys: Keys;
};

export type HttpServer = {
  listener: Listener;
  /** The definition at work, behind the port. */
  host: Host;
  clientSignIn?: ClientSignIn;
  /** Origin of the server, as clients and browsers see it. */
  publicUrl: string;
  /** Where Autodesk sends browsers back to; to be registered with the APS application. */
  callbackUrl: string;
  /** Lets running calls finish, and ends. */
  stop(): Promise<void>;
};

/**
 * Serves a definition.
 *
 * @throws {SettingsError} when variables are missing or malformed, or the port cannot be had
 */
export async function serveHttp(
  definition: ServerDefinition,
  environment: Environment,
  { reach, allowed, port, keys, fetchDocument }: HttpServerOptions,
): Promise<HttpServer> {
  // The port comes first: addresses are made of it. Nothing below waits, so that no request comes too early.
  let app: HttpApp | undefined;
  const listener = await listen(
    async (request) => app?.fetch(request) ?? new Response(null, { status: 503 }),
    reach.host,
    port,
  );
  const publicUrl = reach.publicUrl ?? listener.url;
  const mode = reach.clientAuth;
  // Without a name of its own it is reached as localhost, which is what is registered with the APS application. Where a
  // sign-in is confirmed must have the same name, or the cookie would not reach both.
  const browserOrigin =
    mode !== 'autodesk' && reach.publicUrl === undefined && namesOfLocalhost.includes(reach.host)
      ? `http://localhost:${listener.port}`
      : publicUrl;
  const callbackUrl = `${browserOrigin}${callbackPath}`;
  // With oidc nobody but the client sign-in knows whom a link to a sign-in was made for.
  const confirmed = mode === 'oidc';
  const browsers = confirmed
    ? createBrowsers(keys('sign-in forms'), publicUrl.startsWith('https:'))
    : undefined;

  let host: Host;
  let clientSignIn: ClientSignIn | undefined;
  try {
    clientSignIn = createClientSignIn({ mode, definition, environment, publicUrl, keys, fetchDocument });
    const surroundings = {
      callbackUrl: async () => callbackUrl,
      confirmUrl: confirmed ? `${browserOrigin}${confirmPath}` : undefined,
      accountTokens: clientSignIn?.accountTokens,
    };
    host = createHost(definition.create(environment, surroundings), keys);
  } catch (error) {
    listener.close();
    throw error;
  }
  const http = createHttpApp(host, { allowed, clientSignIn, browsers });
  app = http;

  return {
    ...{ listener, host, clientSignIn, publicUrl, callbackUrl },
    async stop() {
      listener.close();
      await atMost(grace, host.idle());
      // An answer is written after its request stops running: ending the streams first would cut it off.
      await atMost(1000, listener.idle());
      await http.close();
      listener.disconnect();
      await host.close();
      clientSignIn?.close?.();
    },
  };
}
