/** MCP servers on a port of this machine, served as the launcher serves them. */
import { FastMCP } from 'fastmcp';
import { type ApsClient, createApsClient } from '../../lib/aps/client.ts';
import type { Patience } from '../../lib/aps/http.ts';
import { clientCredentials } from '../../lib/auth/client-credentials.ts';
import type { Caller } from '../../lib/auth/token-source.ts';
import type { AllowedNames } from '../../lib/serve/access.ts';
import type { BuiltServer } from '../../lib/serve/definition.ts';
import { createHost, type Host } from '../../lib/serve/host.ts';
import { createHttpApp } from '../../lib/serve/http.ts';
import { createKeys } from '../../lib/serve/keys.ts';
import { listen } from '../../lib/serve/listen.ts';
import { addDataManagementTools } from '../../lib/tools/data-management.ts';
import { addOssTools } from '../../lib/tools/oss.ts';
import type { Sandbox } from '../../sandbox/index.ts';

/** Retries as ever, without the waiting in between. */
export const hasty: Patience = { backoff: () => 0 };

export type Served = {
  /** Without a trailing slash. */
  url: string;
  port: number;
  /** The definition at work, behind the port. */
  host: Host;
  close(): Promise<void>;
};

type ServeOptions = Partial<AllowedNames> & {
  host?: string;
  /** The SESSION_SECRET of a deployment. */
  secret?: string;
  /** How many callers keep a connection while they are silent. */
  mostConnections?: number;
};

/** Serves a FastMCP definition over HTTP on any free port. */
export async function serve(
  built: FastMCP<Caller> | BuiltServer,
  { host = 'localhost', secret, mostConnections, ...allowed }: ServeOptions = {},
): Promise<Served> {
  const served = createHost(
    'server' in built ? built : { server: built },
    createKeys(secret),
    mostConnections,
  );
  const app = createHttpApp(served, { allowed: { hosts: [], origins: [], ...allowed } });
  const listener = await listen(app.fetch, host, 0);
  return {
    url: listener.url,
    port: listener.port,
    host: served,
    async close() {
      listener.close();
      await app.close();
      listener.disconnect();
      await served.close();
    },
  };
}

/** The client of APS that the 2LO server has, pointed at a sandbox. */
export function apsOf(
  sandbox: Sandbox,
  { patience = hasty, deadline }: { patience?: Patience; deadline?: number } = {},
): ApsClient {
  const {
    APS_BASE_URL: baseUrl = '',
    APS_CLIENT_ID: clientId = '',
    APS_CLIENT_SECRET: clientSecret = '',
  } = sandbox.env;
  const tokens = clientCredentials({
    clientId,
    clientSecret,
    baseUrl,
    scopes: ['bucket:read', 'data:read'],
    patience,
  });
  return createApsClient({ baseUrl, tokens, patience, deadline });
}

/** Serves the OSS tools over HTTP. */
export function serveOssTools(aps: ApsClient): Promise<Served> {
  const server = new FastMCP<Caller>({ name: 'OSS', version: '1.0.0' });
  addOssTools(server, aps);
  return serve(server);
}

/** Serves the Data Management tools over HTTP. */
export function serveDataManagementTools(aps: ApsClient): Promise<Served> {
  const server = new FastMCP<Caller>({ name: 'Data Management', version: '1.0.0' });
  addDataManagementTools(server, aps);
  return serve(server);
}
