// Starts the sandbox, a local stand-in for Autodesk Platform Services, on a port of this machine.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createSandboxApp } from './app.ts';
import { demoApplication } from './applications.ts';
import type { RequestRecord } from './request-log.ts';
import { createSandboxState } from './state.ts';
import type { Trouble } from './trouble.ts';

export { createSandboxApp } from './app.ts';
export type { RequestRecord } from './request-log.ts';
export { createSandboxState, type SandboxState } from './state.ts';
export { type Fault, faultSchema, type Trouble, troubleSchema } from './trouble.ts';

export type SandboxOptions = {
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 3599, as APS answers. */
  tokenLifetimeSeconds?: number;
  /** Milliseconds since the epoch; default `Date.now`. Tests pass a clock of their own. */
  now?: () => number;
};

export type Sandbox = {
  /** Without a trailing slash. */
  url: string;
  /** The variables that point a server at this sandbox. */
  env: Record<string, string>;
  /** Everything it answered, oldest first, the last 10,000. */
  requests: RequestRecord[];
  trouble: {
    /** Changes the switches that are given and leaves the others. Throws a `ZodError` when a value is out of range. */
    set(partial: Partial<Trouble>): void;
    reset(): void;
    readonly current: Trouble;
  };
  /** Revokes every live access token and says how many those were. */
  revokeAccessTokens(): number;
  /** Closes at once, open connections included. Calling it again does nothing. */
  close(): Promise<void>;
};

/**
 * Starts a sandbox with fresh tokens, keys and data.
 *
 * Rejects with Node's own error when the port cannot be had (`EADDRINUSE`, `EACCES`).
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', tokenLifetimeSeconds, now } = options;
  const state = await createSandboxState({ tokenLifetimeSeconds, now });
  const app = createSandboxApp(state);
  // The sandbox may share a process with the server that it is for: leave that server's Request and Response alone.
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.listen(port, host);
  await once(server, 'listening');

  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The sandbox has no port');
  const url = `http://${reachable(host)}:${address.port}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    env: {
      APS_BASE_URL: url,
      APS_CLIENT_ID: demoApplication.clientId,
      APS_CLIENT_SECRET: demoApplication.clientSecret,
    },
    requests: state.requests,
    trouble: state.trouble,
    revokeAccessTokens: state.tokens.revokeAll,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

/** The name under which this machine reaches a server that listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
