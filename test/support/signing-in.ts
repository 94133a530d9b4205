/** Servers to which MCP clients sign in, served as the launcher serves them, and the people who do that. */

import type { Environment } from '../../lib/config/settings.ts';
import type { ClientAuthMode } from '../../lib/config/variables.ts';
import type { FetchDocument } from '../../lib/serve/client-sign-in/autodesk/metadata-document.ts';
import type { ServerDefinition } from '../../lib/serve/launch/definition.ts';
import { type HttpServer, serveHttp } from '../../lib/serve/launch/http.ts';
import type { Store } from '../../lib/store/store.ts';
import { clientCallback, type Person } from './oauth-client.ts';
import { alice } from './people.ts';
import { type Employee, employees, type Sandbox } from './sandbox.ts';
import { configurationFrom } from './serving.ts';
import { openBrowser, type Page, type WebBrowser } from './web-browser.ts';

export type ServedHttp = HttpServer & { url: string; close(): Promise<void> };

export type ServeOptions = {
  env?: Environment;
  fetchDocument?: FetchDocument;
  /** The SESSION_SECRET of a deployment, newest first. */
  secret?: string | readonly string[];
  /** What the instances of a deployment share; by default, nothing. */
  store?: Store;
  /** In seconds. */
  shutdownDelay?: number;
  /** Whether it says that it runs on the built-in sandbox. */
  isSandbox?: boolean;
  /** The origin that the instances of a deployment share; that of the port by default. */
  publicUrl?: string;
};

/** Serves a definition against the sandbox on any free port; `url` is where that is. */
export async function serveWith(
  sandbox: Sandbox,
  definition: ServerDefinition,
  clientAuth: ClientAuthMode,
  { env, secret = [], publicUrl, ...options }: ServeOptions = {},
): Promise<ServedHttp> {
  const environment = {
    ...sandbox.env,
    ...(definition.isPublicClient && { APS_CLIENT_ID: sandbox.publicClientId }),
    ...env,
  };
  const server = await serveHttp(definition, configurationFrom(definition, environment, clientAuth), {
    exposure: { host: 'localhost', publicUrl },
    allowed: { hosts: [], origins: [] },
    port: 0,
    secrets: [secret].flat(),
    ...options,
  });
  sandbox.registerRedirectUri(server.callbackUrl);
  return { ...server, url: server.listener.url, close: server.stop };
}

/**
 * Allows what a client asks for on the consent page, and signs in on the page of the sandbox's Autodesk, until the browser is
 * sent to `callback`.
 */
export function atAutodesk(
  { userId }: { userId: string } = alice,
  browser: WebBrowser = openBrowser(),
  callback = clientCallback,
): Person {
  return async (address) => {
    const consent = await browser.open(address, callback);
    const apsPage = await browser.submit(consent, { decision: 'allow' }, callback);
    return (await signInOn(apsPage, browser, userId, callback)).url;
  };
}

/** Signs in on the page of the sandbox's company, and allows what a client asks for there. */
export function atCompany(
  { sub }: Pick<Employee, 'sub'> = employees[0],
  browser: WebBrowser = openBrowser(),
): Person {
  return async (address) => {
    const page = await browser.open(address, clientCallback);
    return (await browser.submit(page, { user: sub, decision: 'allow' }, clientCallback)).url;
  };
}

/** Signs in on the page of the sandbox's Autodesk. */
export function signInOn(page: Page, browser: WebBrowser, userId: string, stopAt?: string): Promise<Page> {
  return browser.submit(page, { user: userId, decision: 'allow' }, stopAt);
}
