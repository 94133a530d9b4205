// The page on which a person allows a client: it says who asks and where the answer goes, and is shown as it is meant to be.
import { beforeAll, describe, expect, test } from 'vitest';
import { closing } from '../../../../support/closing.ts';
import { shown } from '../../../../support/consent.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import { authorizeAddress, newClient } from '../../../../support/oauth-requests.ts';
import { send } from '../../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../../support/sandbox.ts';
import { type ServedAutodesk, serveAutodesk } from '../../../../support/serving-autodesk.ts';

const keep = closing();
const published = 'https://client.example/client.json';
const elsewhere = 'https://app.example:8443/callback';
let sandbox: Sandbox;
let served: ServedAutodesk;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  served = keep(
    await serveAutodesk(sandbox, {
      name: 'The Server',
      fetchDocument: async () => ({
        client_id: published,
        client_name: 'Published',
        redirect_uris: [clientCallback],
      }),
    }),
  );
});

/** What the element with an id says. */
function said(html: string, id: string): string {
  const [, , inside = ''] = new RegExp(`<(\\w+)[^>]* id="${id}"[^>]*>(.*?)</\\1>`, 's').exec(html) ?? [];
  return inside.replaceAll(/<[^>]*>/g, '').trim();
}

describe('the page', () => {
  test('names who asks, that nobody vouches for it, for what, and where the answer goes', async () => {
    const { body } = await shown(served, { clientId: await newClient(served, { client_name: 'A Client' }) });
    expect(body).toMatch(/<title>[^<]*A Client/);
    expect(said(body, 'client')).toBe('A Client');
    expect(said(body, 'publisher')).toContain('nobody');
    for (const part of ['your own computer', 'localhost:33418'])
      expect(said(body, 'redirect-uri')).toContain(part);
    expect(body).toContain('<strong>The Server</strong>');
    expect(body).toMatch(/<li>[^<]*projects and files/);
  });

  test('names the host that vouches for a client with a metadata document, and its whole address', async () => {
    const { body } = await shown(served, { clientId: published });
    expect(said(body, 'client')).toBe('Published');
    expect(body).toContain('<strong>client.example</strong>, with its document at');
    expect(body).toContain(`<code>${published}</code>`);
  });

  test('names the host of a client elsewhere, and does not call it this computer', async () => {
    const clientId = await newClient(served, { redirect_uris: [elsewhere] });
    const { body } = await shown(served, { clientId, redirect_uri: elsewhere });
    expect(said(body, 'redirect-uri')).toBe('app.example:8443');
  });

  test('names the part of a deceptive address that counts', async () => {
    const deceptive = 'https://localhost.evil.example/localhost:33418';
    const clientId = await newClient(served, { redirect_uris: [deceptive] });
    const { body } = await shown(served, { clientId, redirect_uri: deceptive });
    expect(said(body, 'redirect-uri')).toBe('localhost.evil.example');
  });

  test('says so of a client that has no name', async () => {
    expect(said((await shown(served)).body, 'client')).toContain('unnamed');
  });

  test('shows a name with markup in it as text', async () => {
    const client_name = `</dd><script>alert(1)</script><img src=x onerror="alert('1')">&amp;`;
    const { body } = await shown(served, { clientId: await newClient(served, { client_name }) });
    expect(body).not.toMatch(/<script|<img/);
    expect(body.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt;/g)).toHaveLength(3);
    expect(body).toContain('&amp;amp;');
  });

  test('loads nothing, is framed nowhere, and is not kept', async () => {
    const { headers, body } = await shown(served);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'self' https: http:; frame-ancestors 'none'$/,
    );
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      // With no-referrer, browsers send the form with `Origin: null`.
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/html; charset=utf-8',
    });
    expect(body).not.toMatch(/<script|<img|<link|style="|src=|onload/);
  });
});

describe('the cookie', () => {
  test('is for this server and its pages alone', async () => {
    const { setCookie } = await shown(served);
    expect(setCookie).toMatch(/^mcp-browser-[\w-]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('is one that nobody else can set, where the server is reached by HTTPS', async () => {
    const publicUrl = 'https://mcp.example.com';
    const secure = keep(await serveAutodesk(sandbox, { publicUrl, resource: `${publicUrl}/mcp` }));
    const { setCookie } = await shown(secure, { resource: `${publicUrl}/mcp` });
    expect(setCookie).toMatch(
      /^__Host-mcp-browser-[\w-]{8}=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('differs between browsers, and stays the same in each', async () => {
    const [one, other] = [await shown(served), await shown(served)];
    expect(one.cookie).not.toBe(other.cookie);
    const address = authorizeAddress(served, await newClient(served));
    const { headers } = await send(address, { headers: { cookie: one.cookie } });
    expect(headers['set-cookie']?.[0]).toContain(one.cookie);
  });
});
