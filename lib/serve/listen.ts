/** Listening on a host and port: on loopback under all of its names, and with words for what can go wrong. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { isLoopback, SettingsError } from '../config.ts';

export type Listener = {
  /** The port, also where 0 was asked for. */
  readonly port: number;
  /** Where it can be reached, e.g. `http://localhost:5000`. */
  readonly url: string;
  /** The addresses behind the name `localhost`, as URLs write them; empty for another host. */
  readonly alsoAs: readonly string[];
  /** Stops accepting connections; open ones go on. */
  close(): void;
  /** Resolves as soon as no answer is on its way. */
  idle(): Promise<void>;
  /** Ends every open connection. */
  disconnect(): void;
};

/**
 * Serves `fetch` over HTTP/1.1.
 *
 * @param host - an address or name of this machine; `localhost` listens on 127.0.0.1 and ::1
 * @param port - 0 for any that is free
 * @throws {SettingsError} when it cannot listen there, with what to do about it
 */
export async function listen(
  fetch: (request: Request) => Promise<Response>,
  host: string,
  port: number,
): Promise<Listener> {
  // Without this option it would put its own Request and Response in place of the global ones.
  const handle = getRequestListener(fetch, { overrideGlobalObjects: false });
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
    // Whatever goes wrong with one connection must not end the process, as an unheard error event would.
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
    // A port that is free on 127.0.0.1 may be taken on ::1; where any will do, try another.
    if (port === 0 && codeOf(error) === 'EADDRINUSE') return listen(fetch, host, port);
    throw new SettingsError(explain(error, host, port), { cause: error });
  }
  return {
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

/** Whether only this machine can reach a server that listens on `host`. */
export function isLocal(host: string): boolean {
  return host === '::1' || isLoopback(host);
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

/** A machine without IPv6 is served on IPv4 alone. */
function unlessMissing(error: unknown): void {
  if (!['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(String(codeOf(error)))) throw error;
}

function explain(error: unknown, host: string, port: number): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return (
        `Port ${port} is taken. Choose another with --port, for example --port ${port + 50}, or stop what uses it.` +
        (process.platform === 'darwin' && port === 5000
          ? ' On macOS it is usually AirPlay Receiver (System Settings, General, AirDrop & Handoff).'
          : '')
      );
    case 'EACCES':
      return `This account may not listen on port ${port}. Choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine. Choose another with --host, for example --host localhost.`;
    default:
      return `Cannot listen on ${host}, port ${port}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
