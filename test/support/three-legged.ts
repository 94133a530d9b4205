/** 3-legged servers on a port of this machine, whose callback address the sandbox knows. */
import { FastMCP } from 'fastmcp';
import { createApsClient } from '../../lib/aps/client.ts';
import {
  type AuthorizationCode,
  authorizationCode,
  type BrowserAccess,
} from '../../lib/aps-sign-in/authorization-code.ts';
import type { UserSignIn } from '../../lib/aps-sign-in/user-sign-in.ts';
import type { Caller } from '../../lib/caller.ts';
import { randomKeys } from '../../lib/sealed.ts';
import type { Built } from '../../lib/serve/mcp/service.ts';
import { memoryStore } from '../../lib/store/memory.ts';
import type { Store } from '../../lib/store/store.ts';
import { addDataManagementTools } from '../../lib/tools/data-management.ts';
import { addSignOutTool } from '../../lib/tools/sign-out.ts';
import { definition } from '../../servers/3lo.ts';
import type { Sandbox } from './sandbox.ts';
import { builtFrom, hasty, type Served, serve } from './serving.ts';

/** Serves what `build` makes for its browsers over HTTP on any free port, and registers its callback URL. */
export async function serveUsers(
  sandbox: Sandbox,
  build: (browser: BrowserAccess) => Built,
  options?: Parameters<typeof serve>[1],
): Promise<Served> {
  let callback = '';
  const browser = { callbackUrl: async () => callback, keys: randomKeys(), store: memoryStore() };
  const served = await serve(build(browser), options);
  callback = `${served.url}/callback`;
  sandbox.registerRedirectUri(callback);
  return served;
}

/** Serves the 3LO server as it is. */
export function serveThreeLegged(
  sandbox: Sandbox,
  { env, ...options }: { env?: Record<string, string> } & Parameters<typeof serve>[1] = {},
): Promise<Served> {
  return serveUsers(
    sandbox,
    (browser) => builtFrom(definition, { ...sandbox.env, ...env }, { browser }),
    options,
  );
}

/** What is to be different, and where tokens lie. */
type Changes = Partial<AuthorizationCode> & { store?: Store };

/** What servers/3lo.ts is made of, with a sign-in that is changed, and without waiting between retries. */
export function threeLegged(
  { env }: Pick<Sandbox, 'env'>,
  { store, ...changes }: Changes & Pick<AuthorizationCode, 'browser'>,
): { server: FastMCP<Caller>; users: UserSignIn } {
  const {
    APS_CLIENT_ID: clientId = '',
    APS_CLIENT_SECRET: clientSecret = '',
    APS_BASE_URL: baseUrl = '',
  } = env;
  const browser = { ...changes.browser, ...(store && { store }) };
  const users = authorizationCode({
    ...{ clientId, clientSecret, baseUrl, scopes: ['data:read'], retryPolicy: hasty },
    ...changes,
    browser,
  });
  const aps = createApsClient({ baseUrl, tokens: users, retryPolicy: hasty });
  const server = new FastMCP<Caller>({ name: 'Users', version: '1.0.0' });
  addDataManagementTools(server, aps);
  addSignOutTool(server, aps, users);
  return { server, users };
}

/** Serves that. */
export function servePatiently(
  sandbox: Sandbox,
  changes: Changes = {},
  options?: Parameters<typeof serve>[1],
): Promise<Served> {
  return serveUsers(sandbox, (browser) => threeLegged(sandbox, { browser, ...changes }), options);
}
