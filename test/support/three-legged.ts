/** 3-legged servers on a port of this machine, whose callback address the sandbox knows. */
import { FastMCP } from 'fastmcp';
import { createApsClient } from '../../lib/aps/client.ts';
import { type AuthorizationCode, authorizationCode } from '../../lib/auth/authorization-code.ts';
import type { Caller } from '../../lib/auth/token-source.ts';
import type { UserSignIn } from '../../lib/auth/user-sign-in.ts';
import type { BuiltServer } from '../../lib/serve/definition.ts';
import { addDataManagementTools } from '../../lib/tools/data-management.ts';
import { addSignOutTool } from '../../lib/tools/sign-out.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import { definition } from '../../servers/3lo.ts';
import { hasty, type Served, serve } from './serving.ts';

/** Serves what `build` makes of its callback address over HTTP on any free port, and registers that address. */
export async function serveUsers(
  sandbox: Sandbox,
  build: (callbackUrl: () => Promise<string>) => BuiltServer,
  options?: Parameters<typeof serve>[1],
): Promise<Served> {
  let callback = '';
  const served = await serve(
    build(async () => callback),
    options,
  );
  callback = `${served.url}/callback`;
  sandbox.registerRedirectUri(callback);
  return served;
}

/** Serves the 3LO server as it is. */
export function serveThreeLegged(
  sandbox: Sandbox,
  { env, secret }: { env?: Record<string, string>; secret?: string } = {},
): Promise<Served> {
  return serveUsers(
    sandbox,
    (callbackUrl) => definition.create({ ...sandbox.env, ...env }, { callbackUrl }),
    { secret },
  );
}

/** What servers/3lo.ts is made of, with a sign-in that is changed, and without waiting between retries. */
export function threeLegged(
  { env }: Pick<Sandbox, 'env'>,
  changes: Partial<AuthorizationCode> & Pick<AuthorizationCode, 'callbackUrl'>,
): { server: FastMCP<Caller>; signIn: UserSignIn } {
  const {
    APS_CLIENT_ID: clientId = '',
    APS_CLIENT_SECRET: clientSecret = '',
    APS_BASE_URL: baseUrl = '',
  } = env;
  const application = { clientId, clientSecret, baseUrl };
  const signIn = authorizationCode({ ...application, scopes: ['data:read'], patience: hasty, ...changes });
  const aps = createApsClient({ baseUrl, tokens: signIn, patience: hasty });
  const server = new FastMCP<Caller>({ name: 'Users', version: '1.0.0' });
  addDataManagementTools(server, aps);
  addSignOutTool(server, signIn);
  return { server, signIn };
}

/** Serves that. */
export function servePatiently(
  sandbox: Sandbox,
  changes: Partial<AuthorizationCode> = {},
  options?: Parameters<typeof serve>[1],
): Promise<Served> {
  return serveUsers(sandbox, (callbackUrl) => threeLegged(sandbox, { callbackUrl, ...changes }), options);
}
