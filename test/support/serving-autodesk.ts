/** Servers to which people sign in with their Autodesk account, on the clock and with the storage of a test. */
import { type Autodesk, autodesk } from '../../lib/serve/client-sign-in/autodesk.ts';
import type { ServerDefinition } from '../../lib/serve/definition.ts';
import { createHost } from '../../lib/serve/host.ts';
import { createHttpApp } from '../../lib/serve/http.ts';
import { createKeys } from '../../lib/serve/keys.ts';
import { listen } from '../../lib/serve/listen.ts';
import { type Sandbox, startSandbox } from '../../sandbox/index.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { now } from './clock.ts';
import { closing } from './closing.ts';
import { hasty } from './serving.ts';

type Options = Partial<Autodesk> & { definition?: ServerDefinition; secret?: string };

export type ServedAutodesk = { url: string; close(): Promise<void> };

/** Serves a definition, 3lo by default, on any free port. What is not in `options` is as `serveHttp` has it. */
export async function serveAutodesk(
  sandbox: Sandbox,
  { definition = threeLegged, secret, ...changes }: Options = {},
): Promise<ServedAutodesk> {
  const keys = createKeys(secret);
  let app: ReturnType<typeof createHttpApp> | undefined;
  const listener = await listen(
    async (request) => app?.fetch(request) ?? new Response(null, { status: 503 }),
    'localhost',
    0,
  );
  const { url } = listener;
  const clientSignIn = autodesk({
    clientId: sandbox.env.APS_CLIENT_ID ?? '',
    clientSecret: sandbox.env.APS_CLIENT_SECRET ?? '',
    baseUrl: sandbox.url,
    scopes: definition.userScopes ?? ['user-profile:read'],
    publicUrl: url,
    resource: `${url}/mcp`,
    name: 'APS MCP server (test)',
    ...{ keys, now, patience: hasty },
    ...changes,
  });
  const built = definition.create(sandbox.env, {
    callbackUrl: async () => `${url}/callback`,
    accountTokens: clientSignIn.accountTokens,
  });
  const host = createHost(built, keys);
  app = createHttpApp(host, { allowed: { hosts: [], origins: [] }, clientSignIn });
  sandbox.registerRedirectUri(`${url}/callback`);
  return {
    url,
    async close() {
      listener.close();
      await app?.close();
      listener.disconnect();
      await host.close();
      clientSignIn.close?.();
    },
  };
}

/** A sandbox and such a server in front of it, on the clock of the test. Call it once at the top of a test file. */
export async function startAutodesk() {
  const keep = closing();
  const sandbox = keep(await startSandbox({ now }));
  const served = keep(await serveAutodesk(sandbox));
  return { keep, sandbox, served };
}
