/** Servers to which people sign in with their Autodesk account, on the clock and with the storage of a test. */

import { createKeys, randomKeys } from '../../lib/sealed.ts';
import { type Autodesk, autodesk } from '../../lib/serve/client-sign-in/autodesk.ts';
import { createHttpApp } from '../../lib/serve/http/app.ts';
import { listen } from '../../lib/serve/http/listen.ts';
import type { ServerDefinition } from '../../lib/serve/launch/definition.ts';
import { createMcpService } from '../../lib/serve/mcp/service.ts';
import { memoryStore } from '../../lib/store/memory.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { now } from './clock.ts';
import { closing } from './closing.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { answerOn, builtFrom, hasty } from './serving.ts';

type Options = Partial<Autodesk> & { definition?: ServerDefinition; secret?: string; port?: number };

export type ServedAutodesk = { url: string; close(): Promise<void> };

/** Serves a definition, 3lo by default, on any free port, unless one is named. What is not in `options` is as `serveHttp` has it. */
export async function serveAutodesk(
  sandbox: Sandbox,
  { definition = threeLegged, secret, port = 0, store = memoryStore(), ...changes }: Options = {},
): Promise<ServedAutodesk> {
  const listener = await listen('localhost', port);
  const { url } = listener;
  const owner = { server: definition.name, origin: changes.publicUrl ?? url };
  const keys = secret === undefined ? randomKeys() : createKeys([secret], owner);
  const clientSignIn = autodesk({
    clientId: sandbox.env.APS_CLIENT_ID ?? '',
    clientSecret: sandbox.env.APS_CLIENT_SECRET ?? '',
    baseUrl: sandbox.url,
    scopes: definition.userScopes ?? ['user-profile:read'],
    publicUrl: url,
    resource: `${url}/mcp`,
    name: 'APS MCP server (test)',
    ...{ keys, store, now, retryPolicy: hasty },
    ...changes,
  });
  const built = builtFrom(definition, sandbox.env, {
    browser: { callbackUrl: async () => `${url}/callback`, keys, store },
    accountTokens: clientSignIn.accountTokens,
  });
  const service = createMcpService(built, keys);
  const app = createHttpApp(service, { allowed: { hosts: [], origins: [] }, clientSignIn });
  const answering = answerOn(listener, app, service);
  sandbox.registerRedirectUri(`${url}/callback`);
  return { url, close: answering.close };
}

/** A sandbox and such a server in front of it, on the clock of the test. Call it once at the top of a test file. */
export async function startAutodesk() {
  const keep = closing();
  const sandbox = keep(await startSandbox({ now }));
  const served = keep(await serveAutodesk(sandbox));
  return { keep, sandbox, served };
}
