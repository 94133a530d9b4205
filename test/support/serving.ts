/** MCP servers on a port of this machine, served as the launcher serves them. */
import { FastMCP } from 'fastmcp';
import { Hono } from 'hono';
import { type ApsClient, createApsClient } from '../../lib/aps/client.ts';
import type { RetryPolicy } from '../../lib/aps/http.ts';
import { clientCredentials } from '../../lib/aps-sign-in/client-credentials.ts';
import type { Caller } from '../../lib/caller.ts';
import { type Environment, readSettings, type Variables } from '../../lib/config/settings.ts';
import type { ClientAuthMode } from '../../lib/config/variables.ts';
import { randomKeys } from '../../lib/sealed.ts';
import type { ClientSignIn } from '../../lib/serve/client-sign-in/client-sign-in.ts';
import { createHttpApp, type HttpApp } from '../../lib/serve/http/app.ts';
import type { AllowedNames } from '../../lib/serve/http/host-and-origin.ts';
import { type Listener, listen } from '../../lib/serve/http/listen.ts';
import { readConfiguration } from '../../lib/serve/launch/configuration.ts';
import type { ServerDefinition, ServingContext } from '../../lib/serve/launch/definition.ts';
import { type Built, createMcpService, type McpService } from '../../lib/serve/mcp/service.ts';
import { memoryStore } from '../../lib/store/memory.ts';
import { addDataManagementTools } from '../../lib/tools/data-management.ts';
import { addOssTools } from '../../lib/tools/oss.ts';
import type { Sandbox } from './sandbox.ts';

/** Retries as ever, without the waiting in between. */
export const hasty: RetryPolicy = { backoff: () => 0 };

export type Served = {
  /** Without a trailing slash. */
  url: string;
  port: number;
  /** The definition at work, behind the port. */
  service: McpService;
  close(): Promise<void>;
};

type ServeOptions = Partial<AllowedNames> & {
  host?: string;
  /** How many callers keep a connection between their requests. */
  mostConnections?: number;
  /** How clients sign in. */
  clientSignIn?: ClientSignIn;
};

/** The header by which a test says who calls a server with {@link callersByHeader}. */
export const callerHeader = 'x-caller';

/** A client sign-in that believes its callers: for tests of what happens to several of them. */
export const callersByHeader: ClientSignIn = {
  whoCanCall: 'everybody',
  howToSignIn: 'Everybody can call it.',
  publicRoutes: new Hono(),
  authenticate: async (request) => ({ id: request.headers.get(callerHeader) ?? 'nobody' }),
};

/** A definition, built from an environment as the launcher builds it. */
export function builtFrom<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  environment: Environment,
  context: ServingContext = withoutBrowsers,
): Built {
  return definition.create(readSettings(definition.variables, environment), context);
}

const withoutBrowsers: ServingContext = {
  browser: {
    callbackUrl: () => Promise.reject(new Error('No browser comes here.')),
    keys: randomKeys(),
    store: memoryStore(),
  },
};

/** What a server over HTTP runs with, read from an environment. */
export function configurationFrom<Shape extends Variables>(
  definition: ServerDefinition<Shape>,
  environment: Environment,
  clientAuth?: ClientAuthMode,
) {
  return readConfiguration(definition, environment, { transport: 'http', clientAuth });
}

/** Serves a FastMCP definition over HTTP on any free port. */
export async function serve(
  built: Built,
  { host = 'localhost', mostConnections, clientSignIn, ...allowed }: ServeOptions = {},
): Promise<Served> {
  const service = createMcpService(built, randomKeys(), { max: mostConnections });
  const app = createHttpApp(service, { allowed: { hosts: [], origins: [], ...allowed }, clientSignIn });
  const listener = await listen(host, 0);
  const { close } = answerOn(listener, app, service);
  return { url: listener.url, port: listener.port, service, close };
}

/** Lets an app answer on a port, until it is closed: in the order in which the launcher ends. */
export function answerOn(listener: Listener, app: HttpApp, service: McpService) {
  listener.serve(app.fetch);
  return {
    async close() {
      listener.close();
      await app.close();
      listener.disconnect();
      await service.close();
    },
  };
}

/** The client of APS that the 2LO server has, pointed at a sandbox. */
export function apsOf(
  sandbox: Sandbox,
  { retryPolicy = hasty, deadline }: { retryPolicy?: RetryPolicy; deadline?: number } = {},
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
    retryPolicy,
  });
  return createApsClient({ baseUrl, tokens, retryPolicy, deadline });
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
