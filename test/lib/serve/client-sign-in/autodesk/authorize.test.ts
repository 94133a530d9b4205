// The authorization endpoint before anybody is asked: who may ask, for what, and where a refusal goes.
import { beforeAll, describe, expect, test } from 'vitest';
import { definition as threeLegged } from '../../../../../servers/3lo.ts';
import { closing } from '../../../../support/closing.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import { authorizeAddress, newClient, newPkce, type Parameters } from '../../../../support/oauth-requests.ts';
import { send } from '../../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedHttp, serveWith } from '../../../../support/signing-in.ts';

const keep = closing();
const elsewhere = 'https://app.example/callback?of=client';
let sandbox: Sandbox;
let served: ServedHttp;
let clientId: string;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(await serveWith(sandbox, threeLegged, 'autodesk'));
  clientId = await newClient(served, { client_name: 'A Client', redirect_uris: [clientCallback, elsewhere] });
});

const ask = (changes: Parameters = {}) => send(authorizeAddress(served, clientId, changes));

/** Mistakes of a client whose address for the answer is known to be its own. */
const mistakes: [what: string, changes: Parameters, error: string][] = [
  ['no response_type', { response_type: undefined }, 'unsupported_response_type'],
  ['another response_type', { response_type: 'token' }, 'unsupported_response_type'],
  ['response_type twice', { response_type: ['code', 'code'] }, 'invalid_request'],
  ['no code_challenge', { code_challenge: undefined }, 'invalid_request'],
  ['no PKCE at all', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['no method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
  ['a method in lower case', { code_challenge_method: 's256' }, 'invalid_request'],
  ['a short code_challenge', { code_challenge: 'x'.repeat(42) }, 'invalid_request'],
  ['a long code_challenge', { code_challenge: 'x'.repeat(44) }, 'invalid_request'],
  ['a code_challenge of other characters', { code_challenge: '+'.repeat(43) }, 'invalid_request'],
  ['two code_challenges', { code_challenge: [newPkce().challenge, newPkce().challenge] }, 'invalid_request'],
  ['a foreign resource', { resource: 'https://mcp.example/mcp' }, 'invalid_target'],
  ['the resource without its path', { resource: 'http://localhost' }, 'invalid_target'],
];

/** Of each error, the first mistake that leads to it. */
const oneOfEach = mistakes.filter(
  ([, , error], at) => mistakes.findIndex((other) => other[2] === error) === at,
);

describe('what cannot be answered to the client is told to the person, and the browser goes nowhere:', () => {
  test.each<[what: string, changes: Parameters, words: RegExp]>([
    ['no client', { client_id: undefined }, /no longer registered/],
    ['a client that nobody knows', { client_id: 'made-up' }, /no longer registered/],
    ['two clients', { client_id: ['made-up', 'made-up-too'] }, /no longer registered/],
    ['a client of a private scheme', { client_id: 'client://x/y' }, /https/],
    ['no redirect address', { redirect_uri: undefined }, /at an address/],
    ['two redirect addresses', { redirect_uri: [clientCallback, clientCallback] }, /at an address/],
    ['a redirect address of somebody else', { redirect_uri: 'https://evil.example/' }, /at an address/],
    ['one with another path', { redirect_uri: `${clientCallback}/` }, /at an address/],
    ['one with a query', { redirect_uri: `${clientCallback}?x=1` }, /at an address/],
    ['one with a fragment', { redirect_uri: `${clientCallback}#x` }, /at an address/],
    ['one in other letters', { redirect_uri: clientCallback.toUpperCase() }, /at an address/],
    [
      'one with another name of this machine',
      { redirect_uri: 'http://127.0.0.1:33418/callback' },
      /at an address/,
    ],
    ['one with a path that leads back', { redirect_uri: `${clientCallback}/../callback` }, /at an address/],
  ])('%s', async (_what, changes, words) => {
    const { status, headers, body } = await ask(changes);
    expect([status, headers.location]).toEqual([400, undefined]);
    expect(body).toMatch(words);
    expect(body).toContain('cannot sign in');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  test('whatever else is wrong with the request', async () => {
    for (const [, changes] of oneOfEach)
      expect(await ask({ ...changes, redirect_uri: 'https://evil.example/' })).toMatchObject({
        status: 400,
        headers: expect.not.objectContaining({ location: expect.anything() }),
      });
  });
});

describe('a client on the person’s own machine is told of its mistake:', () => {
  test.each(mistakes)('%s', async (_what, changes, error) => {
    const { status, headers } = await ask(changes);
    expect(status).toBe(302);
    const back = new URL(headers.location ?? '');
    expect(back.origin + back.pathname).toBe(clientCallback);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      error,
      error_description: expect.any(String),
      state: 'the-state',
      iss: served.url,
    });
  });

  test('without a state, if it sent none', async () => {
    const { headers } = await ask({ state: undefined, response_type: 'token' });
    expect(new URL(headers.location ?? '').searchParams.has('state')).toBe(false);
  });
});

describe('of a mistake of a client elsewhere the person is told, and may go on to it:', () => {
  test.each(oneOfEach)('%s', async (_what, changes, error) => {
    const { status, headers, body } = await ask({ ...changes, redirect_uri: elsewhere });
    expect([status, headers.location]).toEqual([400, undefined]);
    const [, link = ''] = /<a href="([^"]*)"/.exec(body) ?? [];
    const back = new URL(link.replaceAll('&amp;', '&'));
    expect(back.origin).toBe('https://app.example');
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ of: 'client', error, iss: served.url });
    expect(body).toMatch(/<a [^>]*>[^<]*app\.example/);
  });
});

describe('the person is asked', () => {
  test.each<[what: string, changes: Parameters]>([
    ['when all is right', {}],
    ['without a resource, as older clients have it', { resource: undefined }],
    ['without a scope', { scope: undefined }],
    ['for a scope of this server', { scope: 'data:read' }],
    ['for scopes that this server does not know', { scope: 'openid offline_access data:write' }],
    ['without a state', { state: undefined }],
    ['for a client elsewhere', { redirect_uri: elsewhere }],
    ['whatever else the request says', { prompt: 'none', nonce: 'x', audience: 'y' }],
  ])('%s', async (_what, changes) => {
    const { status, headers, body } = await ask(changes);
    expect([status, headers.location]).toEqual([200, undefined]);
    expect(body).toMatch(/<h1>[^<]*A Client/);
  });

  test('for the same resource twice, which RFC 8707 allows', async () => {
    expect((await ask({ resource: [`${served.url}/mcp`, `${served.url}/mcp`] })).status).toBe(200);
  });

  test('and not when one resource of two is foreign', async () => {
    const { headers } = await ask({ resource: [`${served.url}/mcp`, 'https://mcp.example/mcp'] });
    expect(headers.location).toContain('error=invalid_target');
  });

  test('with a state of up to 1,000 characters, and not with a longer one', async () => {
    expect((await ask({ state: 'x'.repeat(1000) })).status).toBe(200);
    const { status, headers } = await ask({ state: 'x'.repeat(1001) });
    expect(status).toBe(302);
    expect(new URL(headers.location ?? '').searchParams.get('error')).toBe('invalid_request');
  });

  test.each<[what: string, changes: Parameters]>([
    ['scope', { scope: ['data:read', 'data:write'] }],
    ['state', { state: ['one', 'two'] }],
    ['what means nothing here', { prompt: ['none', 'login'] }],
  ])('and not when %s is given twice', async (_what, changes) => {
    expect((await ask(changes)).headers.location).toContain('error=invalid_request');
  });
});
