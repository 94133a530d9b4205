// The token endpoint with an authorization code: once, in time, for the client that asked, where it asked.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { changedAt } from '../../../../support/changed-text.ts';
import { later, minutes } from '../../../../support/clock.ts';
import { always, startLocalServer } from '../../../../support/local-server.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import {
  askToken,
  call,
  codeForm,
  newClient,
  newPkce,
  type Parameters,
  refreshForm,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { send } from '../../../../support/raw-http.ts';
import { serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';
import { openBrowser } from '../../../../support/web-browser.ts';

const { keep, sandbox, served } = await startAutodesk();

test('a code is exchanged for a short-lived access token and a refresh token', async () => {
  const { status, headers, json } = await askToken(served, await codeForm(served));
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  expect(json).toEqual({
    access_token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: expect.stringMatching(/^[\w-]{43}$/),
    scope: 'data:read',
  });
  expect((await call(served, String(json.access_token))).status).toBe(200);
});

test('whatever scopes a client asks for, it gets those of the server, and is told', async () => {
  const scope = 'openid offline_access data:write';
  const form = await codeForm(served);
  const { json } = await askToken(served, { ...form, scope });
  expect(json.scope).toBe('data:read');
  const renewal = {
    grant_type: 'refresh_token',
    client_id: form.client_id,
    refresh_token: String(json.refresh_token),
  };
  expect((await askToken(served, { ...renewal, scope })).json.scope).toBe('data:read');
});

test('a client that names no resource, as older ones do, gets the same', async () => {
  const { resource: _, ...form } = await codeForm(served);
  expect((await askToken(served, form)).status).toBe(200);
});

describe('refused, and the code stays good:', () => {
  test.each<[what: string, changes: Parameters, error: string]>([
    ['no grant_type', { grant_type: undefined }, 'invalid_request'],
    ['another grant_type', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    ['a grant_type of this server’s insides', { grant_type: 'toString' }, 'unsupported_grant_type'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['a code that is made up', { code: 'made-up' }, 'invalid_grant'],
    ['no client_id', { client_id: undefined }, 'invalid_request'],
    ['another redirect_uri', { redirect_uri: `${clientCallback}/` }, 'invalid_grant'],
    ['no code_verifier', { code_verifier: undefined }, 'invalid_request'],
    ['an empty code_verifier', { code_verifier: '' }, 'invalid_request'],
    ['two code_verifiers', { code_verifier: ['x', 'y'] }, 'invalid_request'],
    ['a foreign resource', { resource: 'https://mcp.example/mcp' }, 'invalid_target'],
  ])('%s', async (_what, changes, error) => {
    const form = await codeForm(served);
    const { status, headers, json } = await askToken(served, { ...form, ...changes });
    expect([status, json.error, headers['cache-control']]).toEqual([400, error, 'no-store']);
    expect((await askToken(served, form)).status).toBe(200);
  });

  // Registrations of another SESSION_SECRET are unknown, too: with this answer, a client registers again.
  test('an unknown client_id', async () => {
    const form = await codeForm(served);
    const { status, json } = await askToken(served, { ...form, client_id: 'made-up' });
    expect([status, json.error]).toEqual([401, 'invalid_client']);
    expect((await askToken(served, form)).status).toBe(200);
  });

  test.each(['grant_type', 'code', 'client_id', 'redirect_uri'])('%s twice', async (name) => {
    const form = await codeForm(served);
    const twice = [form[name] ?? '', form[name] ?? ''];
    expect((await askToken(served, { ...form, [name]: twice })).json.error).toBe('invalid_request');
    expect((await askToken(served, form)).status).toBe(200);
  });

  test('another registered client', async () => {
    const form = await codeForm(served);
    const client_id = await newClient(served, { client_name: 'Another' });
    expect((await askToken(served, { ...form, client_id })).json.error).toBe('invalid_grant');
    expect((await askToken(served, form)).status).toBe(200);
  });

  test('another redirect_uri of the same client', async () => {
    const other = 'http://localhost:4711/';
    const clientId = await newClient(served, { redirect_uris: [clientCallback, other] });
    const form = await codeForm(served, { clientId });
    expect((await askToken(served, { ...form, redirect_uri: other })).json.error).toBe('invalid_grant');
    expect((await askToken(served, form)).status).toBe(200);
  });

  test('a code of which one character was changed', async () => {
    const form = await codeForm(served);
    const { code = '' } = form;
    for (const at of [0, 40, -2])
      expect((await askToken(served, { ...form, code: changedAt(code, at) })).json.error).toBe(
        'invalid_grant',
      );
    expect((await askToken(served, form)).status).toBe(200);
  });

  test('a secret in the header: no client has one, so none can be right', async () => {
    const form = await codeForm(served);
    const basic = Buffer.from(`${form.client_id}:secret`).toString('base64');
    for (const authorization of [`Basic ${basic}`, 'Bearer x', '']) {
      const { status, json } = await askToken(served, form, { authorization });
      expect([status, json.error]).toEqual([401, 'invalid_client']);
    }
    expect((await askToken(served, form)).status).toBe(200);
  });

  test('a secret in the header, with a challenge', async () => {
    const { headers } = await askToken(served, await codeForm(served), { authorization: 'Basic eDp5' });
    expect(headers['www-authenticate']).toMatch(/^Basic /);
  });

  test('a page of another origin', async () => {
    const form = await codeForm(served);
    const body = new URLSearchParams(form).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: 'https://elsewhere.example',
    };
    expect((await send(`${served.url}/oauth/token`, { method: 'POST', headers, body })).status).toBe(403);
    expect((await askToken(served, form)).status).toBe(200);
  });
});

describe('what APS refuses', () => {
  test('with a redirect takes neither its code nor the verifier anywhere', async () => {
    const thief = keep(await startLocalServer(always({ access_token: 'a', token_type: 'Bearer' })));
    const aps = keep(await startLocalServer(always({}, 307, { location: `${thief.url}/token` })));
    const led = keep(await serveAutodesk(sandbox, { baseUrl: aps.url }));
    const browser = openBrowser();
    const form = await codeForm(led, {
      async person(address) {
        const consent = await browser.open(address, clientCallback);
        const { url } = await browser.submit(consent, { decision: 'allow' }, aps.url);
        const state = url.searchParams.get('state') ?? '';
        const back = `${led.url}/callback?${new URLSearchParams({ state, code: 'a-code' })}`;
        return (await browser.open(back, clientCallback)).url;
      },
    });
    const { status, json } = await askToken(led, form);
    expect([status >= 400, json.access_token]).toEqual([true, undefined]);
    expect(aps.requests.map(({ target }) => target)).toEqual(['/authentication/v2/token']);
    expect(thief.requests).toEqual([]);
  });

  test('of an application that it does not know is an error of the server, and shows nobody the secret', async () => {
    const clientSecret = 'S3cr3t-0815-of-somebody';
    const wrong = keep(await serveAutodesk(sandbox, { clientSecret }));
    const answer = await askToken(wrong, await codeForm(wrong));
    expect(answer).toMatchObject({ status: 500, json: { error: 'server_error' } });
    expect(JSON.stringify(answer)).not.toContain(clientSecret);
  });
});

describe('a code', () => {
  test('is used up by a wrong verifier: whoever has the code and not the verifier has stolen it', async () => {
    const form = await codeForm(served);
    const wrong = await askToken(served, { ...form, code_verifier: newPkce().verifier });
    expect([wrong.status, wrong.json.error]).toEqual([400, 'invalid_grant']);
    expect((await askToken(served, form)).json.error).toBe('invalid_grant');
  });

  test('is not redeemed with its challenge in place of the verifier', async () => {
    const form = await codeForm(served);
    const code_verifier = createHash('sha256')
      .update(form.code_verifier ?? '')
      .digest('base64url');
    expect((await askToken(served, { ...form, code_verifier })).json.error).toBe('invalid_grant');
  });

  test('that comes a second time ends what was given for it the first time', async () => {
    const form = await codeForm(served);
    const tokens = await tokensFor(served, form);
    expect((await call(served, tokens.access)).status).toBe(200);
    const again = await askToken(served, form);
    expect([again.status, again.json.error]).toEqual([400, 'invalid_grant']);
    expect((await call(served, tokens.access)).status).toBe(401);
    expect((await askToken(served, refreshForm(tokens))).json.error).toBe('invalid_grant');
  });

  test('that comes a second time after a renewal ends the renewed tokens too', async () => {
    const form = await codeForm(served);
    const first = await tokensFor(served, form);
    const renewed = await tokensFor(served, refreshForm(first));
    await askToken(served, form);
    expect((await call(served, renewed.access)).status).toBe(401);
    expect((await askToken(served, refreshForm(renewed))).json.error).toBe('invalid_grant');
  });

  test('that comes a second time leaves other sign-ins of the same person alone', async () => {
    const form = await codeForm(served);
    const other = await tokensFor(served, await codeForm(served));
    await askToken(served, form);
    await askToken(served, form);
    expect((await call(served, other.access)).status).toBe(200);
  });

  test('that comes five times at once leaves nobody with good tokens', async () => {
    const form = await codeForm(served);
    const answers = await Promise.all(Array.from({ length: 5 }, () => askToken(served, form)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    for (const { json } of answers) expect((await call(served, String(json.access_token))).status).toBe(401);
  });

  test('is good for five minutes, and no longer', async () => {
    later(0);
    const early = await codeForm(served);
    const late = await codeForm(served);
    later(5 * minutes - 2000);
    expect((await askToken(served, early)).status).toBe(200);
    later(4000);
    expect((await askToken(served, late)).json.error).toBe('invalid_grant');
  });

  test('does not show whom it is for', async () => {
    const { code = '', client_id = '' } = await codeForm(served);
    const parts = code.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(JSON.parse(parts[0] ?? '')).toEqual({ alg: 'dir', enc: 'A256GCM' });
    expect(parts.join()).not.toContain(client_id);
    expect(parts.join()).not.toContain(clientCallback);
  });
});
