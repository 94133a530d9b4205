// Signing in behind a reverse proxy that speaks HTTPS, as a server is run for others: in a browser, with its cookies.
import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { ClientAuthMode } from '../../lib/config/variables.ts';
import { serveHttp } from '../../lib/serve/launch/http.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { describeInBrowser, expectOwnCookie, signInOnPage } from '../support/browser.ts';
import { startCleanSandbox } from '../support/clean-sandbox.ts';
import { closing } from '../support/closing.ts';
import { headings } from '../support/headings.ts';
import { startLocalServer } from '../support/local-server.ts';
import { authorizeAddress, newClient } from '../support/oauth-requests.ts';
import { connectBearing } from '../support/oidc.ts';
import { alice } from '../support/people.ts';
import { employees } from '../support/sandbox.ts';
import { configurationFrom } from '../support/serving.ts';
import { askedAddress } from '../support/sign-in.ts';
import { publicName, startTlsServer } from '../support/tls-server.ts';
import { hubsOf } from '../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());

/** It comes by HTTPS alone, and no neighbouring host can put another in its place: that is what `__Host-` says. */
const ownCookie = { domain: publicName, prefix: '__Host-', secure: true };

describeInBrowser('behind a proxy that speaks HTTPS, in a browser', (open) => {
  const openWindow = () => open({ ignoreHTTPSErrors: true });

  /** A server whose public address is that of the proxy in front of it. */
  async function serve(clientAuth: ClientAuthMode) {
    let port = 0;
    const proxy = await startTlsServer((incoming, outgoing) => {
      const { method, url: path, headers } = incoming;
      const forwarded = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(forwarded);
    });
    onTestFinished(proxy.close);
    const publicUrl = proxy.at('');
    const environment = {
      ...sandbox.env,
      ...(clientAuth === 'oidc' && sandbox.openIdEnv(`${publicUrl}/mcp`)),
    };
    const configuration = configurationFrom(threeLegged, environment, clientAuth);
    const served = await serveHttp(threeLegged, configuration, {
      exposure: { host: 'localhost', publicUrl },
      allowed: { hosts: [publicName], origins: [] },
      port: 0,
    });
    onTestFinished(served.stop);
    port = served.listener.port;
    sandbox.registerRedirectUri(served.callbackUrl);
    if (served.identityCallbackUrl) sandbox.registerOpenIdRedirectUri(served.identityCallbackUrl);
    return { publicUrl, local: served.listener.url };
  }

  test('a person allows a client, and is back at it; the cookie is one that only this host can set', async () => {
    const { publicUrl, local } = await serve('autodesk');
    const home = keep(await startLocalServer((_request, response) => response.end('Back at the client')));
    const redirectUri = `${home.url}/callback`;
    const clientId = await newClient({ url: local }, { redirect_uris: [redirectUri] });
    const { page, complaints } = await openWindow();
    await page.goto(authorizeAddress({ url: publicUrl }, clientId, { redirect_uri: redirectUri }).href);
    await expectOwnCookie(page, ownCookie);
    await page.locator('#allow').click();
    await page.waitForURL(`${sandbox.url}/**`);
    await signInOnPage(page, alice);
    await page.waitForURL(`${redirectUri}?**`);
    const { searchParams } = new URL(page.url());
    expect([searchParams.get('iss'), searchParams.has('code')]).toEqual([publicUrl, true]);
    expect(complaints).toEqual([]);
  });

  test('a person says that a link is theirs, shows who they are, and signs in; the cookie is the same', async () => {
    const { publicUrl, local } = await serve('oidc');
    const token = await sandbox.openIdToken({ audience: `${publicUrl}/mcp` });
    const client = keep(await connectBearing(local, 'legacy', token));
    const { page, complaints } = await openWindow();
    await page.goto(await askedAddress(client));
    expect(new URL(page.url()).origin).toBe(publicUrl);
    await expectOwnCookie(page, ownCookie);
    await page.locator('#go-on').click();
    await page.waitForURL(`${sandbox.openIdIssuer}/**`);
    await signInOnPage(page, { userId: employees[0].sub });
    await page.waitForURL(`${sandbox.url}/authentication/**`);
    await signInOnPage(page, alice);
    await page.waitForURL(`${publicUrl}/callback?**`);
    expect(await page.title()).toMatch(headings.signedIn);
    expect(await hubsOf(client)).toEqual(alice.hubs);
    expect(complaints).toEqual([]);
  });
});
