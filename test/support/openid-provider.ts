/** An OpenID provider that is not ours: the npm package `oidc-provider`. It signs anybody in under any name. */
import { type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { Provider } from 'oidc-provider';
import { newKeyPair } from './key-pairs.ts';
import { clientCallback, type Person } from './oauth-client.ts';
import { openBrowser, type WebBrowser } from './web-browser.ts';

/** The scope that it grants for every MCP server. */
export const scope = 'mcp:use';

type Json = Record<string, unknown>;

export type OpenIdProvider = {
  issuer: string;
  /** The paths that were asked for, oldest first. */
  requests: string[];
  /** The key whose other half it publishes now, and its id. */
  readonly key: { privateKey: KeyObject; publicKey: KeyObject; kid: string };
  /**
   * An access token as it issues them to `a-client` for the MCP server at `url` (an origin), and to `ann` if `claims`
   * name nobody else. `claims` and `header` replace what it has; undefined leaves it out.
   */
  token(url: string, claims?: Json, header?: Json): string;
  /** Publishes a new key from now on, and no other. */
  rotateKeys(): Promise<void>;
  /** Answers in its place, while it is set. */
  instead?: RequestListener;
  close(): void;
};

/** Starts one on 127.0.0.1, on any free port. */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const requests: string[] = [];
  let answer: RequestListener = () => {};
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    (provider.instead ?? answer)(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The provider has no port');
  const issuer = `http://127.0.0.1:${address.port}`;

  let key = newKey();
  const open = async () => {
    answer = (await providerOf(issuer, key)).callback();
  };
  const provider: OpenIdProvider = {
    issuer,
    requests,
    get key() {
      return key;
    },
    token(url, claims, header) {
      const now = Math.floor(Date.now() / 1000);
      const issued = { iss: issuer, aud: `${url}/mcp`, sub: 'ann', client_id: 'a-client', scope };
      const times = { iat: now, exp: now + 3600 };
      return signed(
        { alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...header },
        { ...issued, ...times, ...claims },
        (input) => sign('sha256', input, key.privateKey),
      );
    },
    async rotateKeys() {
      key = newKey();
      await open();
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  await open();
  return provider;
}

/** A compact JWS (RFC 7515) with any header, also with one that a library would refuse to write. */
export function signed(header: Json, claims: unknown, signature: (input: Buffer) => Buffer): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${signature(Buffer.from(input)).toString('base64url')}`;
}

/** Signs somebody in on its pages, and lets the client have what it asks for. */
export function atProvider(sub: string, browser: WebBrowser = openBrowser()): Person {
  return async (address) => {
    const login = await browser.open(address, clientCallback);
    const consent = await browser.submit(login, { login: sub, password: 'any' }, clientCallback);
    return (await browser.submit(consent, {}, clientCallback)).url;
  };
}

function newKey() {
  return { ...newKeyPair('RS256'), kid: crypto.randomUUID() };
}

async function providerOf(issuer: string, { privateKey, kid }: OpenIdProvider['key']): Promise<Provider> {
  const lifetime = 3600;
  const kinds = [
    'AccessToken',
    'AuthorizationCode',
    'Grant',
    'IdToken',
    'Interaction',
    'RefreshToken',
    'Session',
  ];
  return inSilence(async () => {
    const { Provider } = await import('oidc-provider');
    return new Provider(issuer, {
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
      cookies: { keys: ['for this test alone'] },
      scopes: ['openid', 'offline_access', scope],
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      extraTokenClaims: (_context, token) =>
        'accountId' in token ? { name: nameOf(token.accountId) } : undefined,
      ttl: { ...Object.fromEntries(kinds.map((kind) => [kind, 24 * lifetime])), AccessToken: lifetime },
      features: {
        devInteractions: { enabled: true },
        registration: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, resource) => ({
            scope,
            audience: resource,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }),
        },
      },
    });
  });
}

/** What its tokens call a person. */
export function nameOf(sub: string): string {
  return `${sub[0]?.toUpperCase()}${sub.slice(1)} of the company`;
}

/** The package says on the console that it is set up for development: here that is what it is for. */
async function inSilence<T>(work: () => Promise<T>): Promise<T> {
  const { info, warn } = console;
  Object.assign(console, { info: () => {}, warn: () => {} });
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}
