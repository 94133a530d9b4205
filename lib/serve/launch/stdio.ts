/** A server over stdio, and the port that a user's browser comes back to. */
import { StdioServerTransport, serveStdio as serveStreams } from '@modelcontextprotocol/server/stdio';
import type { UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import { localUser } from '../../caller.ts';
import type { Settings, Variables } from '../../config/settings.ts';
import { randomKeys } from '../../sealed.ts';
import { partOf, type Store } from '../../store/store.ts';
import { checkNames } from '../http/host-and-origin.ts';
import { withoutNullArguments } from '../mcp/forward.ts';
import { createMcpService, type McpService } from '../mcp/service.ts';
import { answerCallback, callbackPath } from '../pages/callback.ts';
import { callbackPort } from './callback-port.ts';
import type { ServerDefinition } from './definition.ts';
import { atMost, grace } from './shutdown.ts';

export type StdioServer = {
  /** The running definition. */
  service: McpService;
  /** Resolves when the client has closed the connection. */
  clientLeft: Promise<void>;
  /** Lets running calls finish, and ends. */
  stop(): Promise<void>;
};

/**
 * Serves a definition to the program that started this one.
 *
 * @param options.port - the port of the callback URL
 * @param options.isSandbox - whether APS is the built-in sandbox
 * @param options.store - where users' tokens are kept; its owner closes it
 * @param options.onCallbackUrl - called with the callback URL as soon as a sign-in needs it
 */
export function serveStdio<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  settings: Settings<Shape>,
  options: { port: number; store: Store; isSandbox?: boolean; onCallbackUrl?: (url: string) => void },
): StdioServer {
  const { port, store, isSandbox, onCallbackUrl } = options;
  const callback = callbackPort(port, (request) => answerOnlyCallback(service.userSignIn, request));
  async function callbackUrl(): Promise<string> {
    const url = `http://localhost:${await callback.open()}${callbackPath}`;
    onCallbackUrl?.(url);
    return url;
  }

  // Each process finishes the sign-ins that it has started, and no others: they share a port.
  const keys = randomKeys();
  const service: McpService = createMcpService(
    definition.create(settings, {
      browser: {
        ...{ callbackUrl, release: callback.release, keys },
        store: partOf(store, [definition.name]),
      },
    }),
    keys,
    { isSandbox },
  );
  const clientLeft = new Promise<void>((resolve) =>
    process.stdin.once('close', resolve).once('end', resolve),
  );
  const streams = serveStreams(() => service.serverFor({ caller: localUser }), {
    transport: new LenientTransport(),
  });
  return {
    service,
    clientLeft,
    async stop() {
      await atMost(grace, service.idle());
      await streams.close();
      await callback.close();
      await service.close();
    },
  };
}

/** Accepts `"arguments": null`, which the SDK refuses before any handler sees the call. */
class LenientTransport extends StdioServerTransport {
  override start(): Promise<void> {
    const deliver = this.onmessage;
    this.onmessage = (message) => deliver?.(withoutNullArguments(message));
    return super.start();
  }
}

/** Answers the callback, and nothing else. */
async function answerOnlyCallback(userSignIn: UserSignIn | undefined, request: Request): Promise<Response> {
  const { hostRefusal } = checkNames(request, { hosts: [], origins: [] });
  if (hostRefusal) return hostRefusal;
  if (!userSignIn || request.method !== 'GET' || new URL(request.url).pathname !== callbackPath)
    return new Response('Not found.', { status: 404 });
  return answerCallback(userSignIn, request);
}
