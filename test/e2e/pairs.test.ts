// Every APS sign-in behind every client sign-in: fifteen pairs that answer in both protocol eras, and one that cannot be.
import type { Client, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ClientAuthMode } from '../../lib/config/variables.ts';
import { seedBuckets } from '../../sandbox/oss-data.ts';
import { definition as twoLegged } from '../../servers/2lo.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { definition as pkce } from '../../servers/pkce.ts';
import { definition as ssa } from '../../servers/ssa.ts';
import { startCleanSandbox } from '../support/clean-sandbox.ts';
import { connect, eras } from '../support/clients.ts';
import { closing } from '../support/closing.ts';
import { connectSigningIn } from '../support/oauth-client.ts';
import { connectBearing } from '../support/oidc.ts';
import { benji } from '../support/people.ts';
import { oneLine, refusalOf } from '../support/programs.ts';
import { demoHubs } from '../support/sandbox.ts';
import { askedAddress } from '../support/sign-in.ts';
import { atAutodesk, atCompany, serveWith, signInOn } from '../support/signing-in.ts';
import { callListing, hubsOf } from '../support/tool-results.ts';
import { openBrowser, type WebBrowser } from '../support/web-browser.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());

/** The US buckets of the application, which the server lists by default. */
const buckets = seedBuckets(0)
  .filter(({ owner, region }) => owner === sandbox.env.APS_CLIENT_ID && region === 'US')
  .map(({ bucketKey }) => bucketKey);

/** The servers, and what their first listing must give: data of whoever it is that they act for. */
const servers = {
  '2lo': { definition: twoLegged, list: bucketsOf, data: buckets },
  ssa: { definition: ssa, list: hubsOf, data: [demoHubs.construction, demoHubs.europe] },
  '3lo': { definition: threeLegged, list: hubsOf, data: benji.hubs },
  pkce: { definition: pkce, list: hubsOf, data: benji.hubs },
};

/** The key of a program. */
const key = 'k'.repeat(43);

/** Where a person has to sign in. */
type SignIns = readonly ('company' | 'Autodesk')[];

const pairs: readonly (readonly [
  server: keyof typeof servers,
  clientAuth: ClientAuthMode,
  toConnect: SignIns,
  toBeAnswered: SignIns,
])[] = [
  ['2lo', 'none', [], []],
  ['2lo', 'key', [], []],
  ['2lo', 'oidc', ['company'], []],
  ['2lo', 'autodesk', ['Autodesk'], []],
  ['ssa', 'none', [], []],
  ['ssa', 'key', [], []],
  ['ssa', 'oidc', ['company'], []],
  ['ssa', 'autodesk', ['Autodesk'], []],
  ['3lo', 'none', [], ['Autodesk']],
  ['3lo', 'key', [], ['Autodesk']],
  ['3lo', 'oidc', ['company'], ['Autodesk']],
  ['3lo', 'autodesk', ['Autodesk'], []],
  ['pkce', 'none', [], ['Autodesk']],
  ['pkce', 'key', [], ['Autodesk']],
  ['pkce', 'oidc', ['company'], ['Autodesk']],
];

describe.each(pairs)('%s behind %s', (name, clientAuth, toConnect, toBeAnswered) => {
  const { definition, list, data } = servers[name];

  test.each(eras)('answers %s', async (_era, mode) => {
    const env = {
      MCP_AUTH_ISSUER: sandbox.openIdIssuer,
      MCP_AUTH_SCOPES: 'mcp:tools',
      MCP_API_KEYS: `ci=${key}`,
    };
    const served = await serveWith(sandbox, definition, clientAuth, { env });
    onTestFinished(served.close);
    const browser = openBrowser();

    const client = await connectTo(served.url, clientAuth, mode, browser);
    onTestFinished(() => client.close());
    expect(signIns()).toEqual(toConnect);

    if (toBeAnswered.length > 0) {
      const address = await askedAddress(client);
      const asked = await browser.open(address);
      // Where clients sign in, this server's own page comes first: it says for whom the link was made.
      expect(new URL(address).origin).toBe(clientAuth === 'none' ? sandbox.url : served.url);
      const atAps = clientAuth === 'none' ? asked : await browser.submit(asked, {});
      const { html } = await signInOn(atAps, browser, benji.userId);
      expect(html).toContain('signed in');
    }
    expect(await list(client)).toEqual(data);
    expect(signIns()).toEqual([...toConnect, ...toBeAnswered]);
  });
});

test('pkce behind autodesk is refused at the start, with the reason and the way out', async () => {
  const command = ['scripts/aps-mcp.ts', 'pkce', '--sandbox', '--client-auth', 'autodesk'] as const;
  const refusal = await refusalOf([...command, '--port', '0']);
  expect(refusal).toMatch(oneLine);
  for (const part of ['"autodesk"', 'secret', 'Use 3lo']) expect(refusal).toContain(part);
});

/** Connects a client that signs in as the server asks it to, with a person who follows along. */
async function connectTo(
  url: string,
  clientAuth: ClientAuthMode,
  mode: VersionNegotiationMode,
  browser: WebBrowser,
): Promise<Client> {
  switch (clientAuth) {
    case 'none':
      return connect(url, mode);
    case 'key':
      return connectBearing(url, mode, key);
    case 'oidc':
      return connectSigningIn(url, mode, atCompany(undefined, browser));
    case 'autodesk':
      return connectSigningIn(url, mode, atAutodesk(benji, browser));
  }
}

/** Where people have signed in so far, from the records of the sandbox. */
function signIns(): string[] {
  const places: Record<string, string> = {
    '/openid/authorize/decision': 'company',
    '/authentication/v2/authorize': 'Autodesk',
  };
  return sandbox.requests.flatMap(({ method, path }) => (method === 'POST' ? (places[path] ?? []) : []));
}

async function bucketsOf(client: Client): Promise<unknown[]> {
  const { items } = await callListing(client, 'list_buckets');
  return items.map(({ bucket_key }) => bucket_key);
}
