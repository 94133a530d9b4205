/** Listening on a host and port: on loopback under all of its names, with clear errors for what can go wrong. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { StartupError } from '../../startup-error.ts';

export type Listener = {
  /** Answers requests with `fetch`. Until it is called, they get 503. */
  serve(fetch: (request: Request) => Promise<Response>): void;
  /** The actual port, also if 0 was asked for. */
  readonly port: number;
  /** Its origin, e.g. `http://localhost:5000`. */
  readonly url: string;
  /** The addresses behind the name `localhost`, as URLs write them; empty for another host. */
  readonly alsoAs: readonly string[];
  /** Stops accepting connections. Open ones stay. */
  close(): void;
  /** Resolves as soon as no answer is being written. */
  idle(): Promise<void>;
  /** Ends every open connection. */
  disconnect(): void;
};

/**
 * Listens for HTTP/1.1.
 *
 * @param host - an address or name of this machine; `localhost` listens on 127.0.0.1 and ::1
 * @param port - 0 for any free port
 * @throws {StartupError} when it cannot listen there, with what to do about it
 */
export async function listen(host: string, port: number): Promise<Listener> {
  let handle = handlerOf(async () => new Response(null, { status: 503 }));
  const servers: Server[] = [];
  const answering = new Set<ServerResponse>();
  const open = async (address: string, wanted: number) => {
    const server = createServer((request, response) => {
      answering.add(response);
      response.once('close', () => answering.delete(response));
      handle(request, response).catch((error: unknown) => {
        report(error);
        response.destroy();
      });
    });
    await bind(server, address, wanted);
    // A problem with one connection must not end the process, as an unhandled error event would.
    server.on('error', report);
    servers.push(server);
    return portOf(server);
  };
  const close = () => {
    for (const server of servers) server.close();
  };

  let actual: number;
  const alsoAs: string[] = [];
  try {
    actual = await open(host === 'localhost' ? '127.0.0.1' : host, port);
    if (host === 'localhost') {
      alsoAs.push('127.0.0.1');
      await open('::1', actual).then(() => alsoAs.push('[::1]'), unlessMissing);
    }
  } catch (error) {
    close();
    // A port that is free on 127.0.0.1 can be taken on ::1. If any port will do, try another.
    if (port === 0 && codeOf(error) === 'EADDRINUSE') return listen(host, port);
    throw new StartupError(explain(error, host, port), { cause: error });
  }
  return {
    serve(fetch) {
      handle = handlerOf(fetch);
    },
    port: actual,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    alsoAs,
    close,
    async idle() {
      await Promise.all([...answering].map((response) => once(response, 'close')));
    },
    disconnect() {
      for (const server of servers) server.closeAllConnections();
    },
  };
}

function handlerOf(fetch: (request: Request) => Promise<Response>) {
  // Without this option it would replace the global Request and Response.
  return getRequestListener(fetch, { overrideGlobalObjects: false });
}

function report(error: unknown): void {
  console.error(error instanceof Error ? error.stack : String(error));
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** On a machine without IPv6, IPv4 is enough. */
function unlessMissing(error: unknown): void {
  if (!['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(String(codeOf(error)))) throw error;
}

function explain(error: unknown, host: string, port: number): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return (
        `Port ${port} is taken. Choose another port with --port, for example --port ${port === 8080 ? 8081 : 8080}, or stop the program that uses it.` +
        (process.platform === 'darwin' && port === 5000
          ? ' On macOS it is usually AirPlay Receiver (System Settings, General, AirDrop & Handoff).'
          : '')
      );
    case 'EACCES':
      return `This account is not allowed to listen on port ${port}. Choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine. Choose another with --host, for example --host localhost.`;
    default:
      return `Cannot listen on ${host}, port ${port}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
