/** A server over stdio, and the port that a user's browser comes back to. */
import { serveStdio as serveStreams } from '@modelcontextprotocol/server/stdio';
import type { UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import { localUser } from '../../caller.ts';
import type { Settings, Variables } from '../../config/settings.ts';
import type { Keys } from '../../sealed.ts';
import { createSingleFlight } from '../../single-flight.ts';
import { checkNames } from '../http/host-and-origin.ts';
import { type Listener, listen } from '../http/listen.ts';
import { createMcpService, type McpService } from '../mcp/service.ts';
import { answerCallback, callbackPath } from '../pages/callback.ts';
import type { ServerDefinition } from './definition.ts';
import { atMost, grace } from './shutdown.ts';

export type StdioServer = {
  /** The definition at work. */
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
 * @param options.onCallbackUrl - called with the callback URL as soon as a sign-in needs it
 */
export function serveStdio<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  settings: Settings<Shape>,
  { port, keys, onCallbackUrl }: { port: number; keys: Keys; onCallbackUrl?: (url: string) => void },
): StdioServer {
  const opening = createSingleFlight<Listener>();
  let listener: Listener | undefined;

  /** Opens the port when a sign-in needs it, and not before. */
  async function callbackUrl(): Promise<string> {
    listener ??= await opening.run('port', async () => {
      const opened = await listen('localhost', port);
      opened.serve(callbackApp(service.userSignIn));
      return opened;
    });
    const url = `http://localhost:${listener.port}${callbackPath}`;
    onCallbackUrl?.(url);
    return url;
  }

  const service: McpService = createMcpService(
    definition.create(settings, { browser: { callbackUrl, keys } }),
    keys,
  );
  const clientLeft = new Promise<void>((resolve) =>
    process.stdin.once('close', resolve).once('end', resolve),
  );
  const streams = serveStreams(() => service.serverFor({ caller: localUser }));
  return {
    service,
    clientLeft,
    async stop() {
      await atMost(grace, service.idle());
      await streams.close();
      await opening.settled('port');
      listener?.close();
      listener?.disconnect();
      await service.close();
    },
  };
}

/** Answers the callback, and nothing else. */
function callbackApp(userSignIn: UserSignIn | undefined): (request: Request) => Promise<Response> {
  return async (request) => {
    const { hostRefusal } = checkNames(request, { hosts: [], origins: [] });
    if (hostRefusal) return hostRefusal;
    if (!userSignIn || request.method !== 'GET' || new URL(request.url).pathname !== callbackPath)
      return new Response('Not found.', { status: 404 });
    return answerCallback(userSignIn, request);
  };
}
