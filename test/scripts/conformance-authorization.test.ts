// The scenarios for authorization servers in `npm run conformance`: the client, the person, and the results.
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { registerClient } from '../../scripts/conformance/client.ts';
import { signIn } from '../../scripts/conformance/person.ts';
import { readResults } from '../../scripts/conformance/results.ts';
import { authorizationServer } from '../../scripts/conformance/scenarios.ts';
import { freePort } from '../../scripts/free-port.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { closing } from '../support/closing.ts';
import { newFolder } from '../support/folder.ts';
import { newPkce } from '../support/oauth-requests.ts';
import { startSandbox } from '../support/sandbox.ts';
import { serveWith } from '../support/signing-in.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const served = keep(await serveWith(sandbox, threeLegged, 'autodesk'));

/** A client's callback on a port of its own, and the queries that arrive there. */
async function startCallback() {
  const queries: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    queries.push(new URL(request.url ?? '', 'http://127.0.0.1').searchParams);
    response.end('OK');
  }).listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { queries, redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback` };
}

/** The address that the suite gives to its person. */
async function requestFor(redirectUri: string, clientId?: string): Promise<URL> {
  const address = new URL('/oauth/authorize', served.url);
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId ?? (await registerClient(served.url, redirectUri)),
    redirect_uri: redirectUri,
    state: 'a-state',
    code_challenge: newPkce().challenge,
    code_challenge_method: 'S256',
    resource: `${served.url}/mcp`,
  }).toString();
  return address;
}

describe('the person', () => {
  test('signs in at the address of a client that has registered, and brings it a code', async () => {
    const { queries, redirectUri } = await startCallback();
    await signIn(await requestFor(redirectUri));
    expect(queries).toHaveLength(1);
    expect(queries[0]?.get('state')).toBe('a-state');
    expect(queries[0]?.get('code')).toMatch(/./);
  });

  test('says where a sign-in ended that did not get to the client', async () => {
    const { queries, redirectUri } = await startCallback();
    await expect(signIn(await requestFor(redirectUri, 'unknown'))).rejects.toThrow(
      /^The sign-in ended at http:\/\/localhost:\d+\/oauth\/authorize: 400 \w/,
    );
    expect(queries).toEqual([]);
  });
});

test('a registration that is refused says why', async () => {
  await expect(registerClient(served.url, 'http://mcp.example.com/callback')).rejects.toThrow(
    /^The registration failed: 400 .*invalid_redirect_uri/,
  );
});

test('results are read by scenario', async () => {
  const folder = await newFolder();
  const check = { id: 'a', description: 'A check', status: 'SUCCESS' };
  const scenarios = Object.keys(authorizationServer);
  expect(scenarios).toHaveLength(2);
  for (const scenario of scenarios) {
    const results = join(folder, `authorization-server-${scenario}-2026-11-23T11-51-12-557Z`);
    await mkdir(results);
    await writeFile(join(results, 'checks.json'), JSON.stringify([check]));
  }
  const read = await readResults(folder);
  expect([...read.keys()].sort()).toEqual(scenarios.sort());
  for (const scenario of scenarios) expect(read.get(scenario)).toEqual([check]);
});
