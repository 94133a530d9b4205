// The client sign-in that the settings ask for: which one, through which application, and for what.
import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../../lib/config/settings.ts';
import type { ClientAuthMode } from '../../../../lib/config/variables.ts';
import { randomKeys } from '../../../../lib/sealed.ts';
import { createClientSignIn } from '../../../../lib/serve/client-sign-in/create.ts';
import { memoryStore } from '../../../../lib/store/memory.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { definition as serviceAccount } from '../../../../servers/ssa.ts';
import { clientCallback, connectSigningIn } from '../../../support/oauth-client.ts';
import { post, send, toolCall } from '../../../support/raw-http.ts';
import { startRecordedSandbox } from '../../../support/recording-aps.ts';
import { configurationFrom } from '../../../support/serving.ts';
import { complaintOf } from '../../../support/settings.ts';
import { serveWith } from '../../../support/signing-in.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const { keep, sandbox, aps } = await startRecordedSandbox();

const own = { APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: 'a-secret' };

/** What is made of settings that lack nothing but what is said. */
function made(mode: ClientAuthMode, environment: Environment, definition = twoLegged) {
  const publicUrl = 'https://mcp.example.com';
  const { clientSignIn: settings } = configurationFrom(definition, { ...own, ...environment }, mode);
  const serverName = definition.name;
  const shared = { keys: randomKeys(), store: memoryStore() };
  return createClientSignIn({ settings, serverName, publicUrl, ...shared });
}

/** The id and the secret in a header, which encodes each of them (RFC 6749, section 2.3.1). */
const basicIn = (authorization = '') =>
  Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':')
    .map(decodeURIComponent);

test('there is none where nobody has to sign in', async () => {
  expect(await made('none', {})).toBeUndefined();
});

test('each says who may call', async () => {
  const atProvider = await made('oidc', { MCP_AUTH_ISSUER: 'https://login.example.com' });
  expect(atProvider?.whoCanCall).toContain('https://login.example.com');
  expect((await made('autodesk', own))?.whoCanCall).toContain('Autodesk account');
});

test.each([
  ['emp-1001', '(1 user)'],
  ['emp-1001,ada@works.example', '(2 users)'],
  ['@works.example', '(1 domain)'],
  ['emp-1001,emp-1002,@works.example,@partner.example', '(2 users, 2 domains)'],
])('a list of users is part of that: %s', async (list, counted) => {
  const environment = { MCP_AUTH_ISSUER: 'https://login.example.com', MCP_ALLOWED_USERS: list };
  expect((await made('oidc', environment))?.whoCanCall).toBe(
    `those in MCP_ALLOWED_USERS ${counted} with an access token from https://login.example.com`,
  );
  expect((await made('autodesk', environment))?.whoCanCall).toBe(
    `those in MCP_ALLOWED_USERS ${counted} with an Autodesk account`,
  );
});

describe('with oidc', () => {
  test('the issuer is required', () => {
    expect(complaintOf(() => made('oidc', own))).toContain('MCP_AUTH_ISSUER');
  });

  const issuer = { MCP_AUTH_ISSUER: 'https://login.example.com' };
  const document = 'https://mcp.example.com/signin/client.json';
  const publicUrl = { MCP_PUBLIC_URL: 'https://mcp.example.com' };

  test.each([
    [{}, undefined],
    [{ MCP_AUTH_CLIENT_ID: 'an-id' }, { id: 'an-id' }],
    [
      { MCP_AUTH_CLIENT_ID: 'an-id', MCP_AUTH_CLIENT_SECRET: 's3cret' },
      { id: 'an-id', secret: 's3cret' },
    ],
    [{ ...publicUrl, MCP_AUTH_CLIENT_ID: document }, { id: document }],
  ])('%j makes the client of this server %j', (environment, client) => {
    const { clientSignIn } = configurationFrom(threeLegged, { ...own, ...issuer, ...environment }, 'oidc');
    expect(clientSignIn).toMatchObject({ mode: 'oidc', client });
  });

  test.each([
    ['a secret alone', { MCP_AUTH_CLIENT_SECRET: 's3cret' }, 'MCP_AUTH_CLIENT_SECRET is set, but'],
    [
      'a secret with the document of this server',
      { ...publicUrl, MCP_AUTH_CLIENT_ID: document, MCP_AUTH_CLIENT_SECRET: 's3cret' },
      'has no secret',
    ],
    [
      'the document of another server',
      { ...publicUrl, MCP_AUTH_CLIENT_ID: 'https://other.example.com/signin/client.json' },
      'the address of another metadata document',
    ],
    ['a document without a public address', { MCP_AUTH_CLIENT_ID: document }, 'MCP_PUBLIC_URL'],
    [
      'a document that no provider can fetch',
      {
        MCP_PUBLIC_URL: 'http://localhost:5002',
        MCP_AUTH_CLIENT_ID: 'http://localhost:5002/signin/client.json',
      },
      'https',
    ],
  ])('%s is refused', (_what, environment, said) => {
    const message = complaintOf(() =>
      configurationFrom(threeLegged, { ...own, ...issuer, ...environment }, 'oidc'),
    );
    expect(message).toContain(said);
    expect(message).not.toContain('s3cret');
  });

  test('tokens are for the address of the server, with the scopes in the settings', async () => {
    const env = { MCP_AUTH_ISSUER: sandbox.openIdIssuer, MCP_AUTH_SCOPES: 'mcp:tools, email' };
    const { url } = keep(await serveWith(sandbox, twoLegged, 'oidc', { env }));
    const metadata = JSON.parse((await send(`${url}/.well-known/oauth-protected-resource/mcp`)).body);
    expect(metadata).toMatchObject({
      resource: `${url}/mcp`,
      authorization_servers: [sandbox.openIdIssuer],
      scopes_supported: ['mcp:tools', 'email'],
      resource_name: 'APS MCP server (2lo)',
    });
    const status = async (audience: string, scope: string) => {
      const token = await sandbox.openIdToken({ audience, scope });
      return (await post(url, toolCall('list_buckets'), { authorization: `Bearer ${token}` })).status;
    };
    expect(await status(`${url}/mcp`, 'mcp:tools email')).toBe(200);
    expect(await status(`${url}/mcp`, 'mcp:tools')).toBe(403);
    expect(await status('https://another.example/mcp', 'mcp:tools email')).toBe(401);
  });

  test('MCP_AUTH_AUDIENCE takes the place of the address of the server', async () => {
    const env = { MCP_AUTH_ISSUER: sandbox.openIdIssuer, MCP_AUTH_AUDIENCE: 'api://aps-mcp' };
    const { url } = keep(await serveWith(sandbox, twoLegged, 'oidc', { env }));
    for (const [audience, status] of [
      ['api://aps-mcp', 200],
      [`${url}/mcp`, 401],
    ] as const) {
      const authorization = `Bearer ${await sandbox.openIdToken({ audience })}`;
      expect((await post(url, toolCall('list_buckets'), { authorization })).status).toBe(status);
    }
  });
});

describe('with autodesk', () => {
  test.each([
    ['MCP_AUTH_CLIENT_ID', { MCP_AUTH_CLIENT_ID: 'another-id' }],
    ['MCP_AUTH_CLIENT_SECRET', { MCP_AUTH_CLIENT_SECRET: 'an0ther-s3cret' }],
    ['MCP_AUTH_CLIENT_ID', { MCP_AUTH_CLIENT_ID: 'another-id', MCP_AUTH_CLIENT_SECRET: ' ' }],
  ])('%s alone is refused: %j', (_name, given) => {
    const message = complaintOf(() => made('autodesk', { ...own, ...given }));
    expect(message).toMatch(
      /^MCP_AUTH_CLIENT_ID and MCP_AUTH_CLIENT_SECRET belong together: set both, or neither/,
    );
    expect(message).not.toMatch(/another-id|an0ther/);
  });

  test('the application of the server is required', () => {
    const application = { MCP_AUTH_CLIENT_ID: 'a', MCP_AUTH_CLIENT_SECRET: 'b' };
    const message = complaintOf(() => configurationFrom(twoLegged, application, 'autodesk'));
    for (const name of ['APS_CLIENT_ID', 'APS_CLIENT_SECRET'])
      expect(message).toContain(`${name} is missing`);
  });

  /** Lets a client sign in up to Autodesk's page, and comes back from there with a code: what was sent to APS. */
  async function signInThrough(definition: typeof twoLegged, env: Record<string, string>) {
    const served = keep(
      await serveWith(sandbox, definition, 'autodesk', { env: { APS_BASE_URL: aps.url, ...env } }),
    );
    const browser = openBrowser();
    let atAps = new URL('about:blank');
    await connectSigningIn(served.url, 'legacy', async (address) => {
      const consent = await browser.open(address);
      atAps = (await browser.submit(consent, { decision: 'allow' }, aps.url)).url;
      const back = new URL(atAps.searchParams.get('redirect_uri') ?? '');
      const state = atAps.searchParams.get('state') ?? '';
      back.search = new URLSearchParams({ state, code: 'a-code' }).toString();
      return (await browser.open(back, clientCallback)).url;
    }).catch(() => {});
    const [exchange] = aps.posted.filter(({ path }) => path === '/authentication/v2/token');
    return { parameters: atAps.searchParams, exchange };
  }

  test('people sign in through the application of the server', async () => {
    const { APS_CLIENT_ID = '', APS_CLIENT_SECRET = '' } = sandbox.env;
    const { parameters, exchange } = await signInThrough(threeLegged, {});
    expect(parameters.get('client_id')).toBe(APS_CLIENT_ID);
    expect(basicIn(exchange?.authorization)).toEqual([APS_CLIENT_ID, APS_CLIENT_SECRET]);
  });

  test('or through one for that alone, where there is one', async () => {
    const application = { MCP_AUTH_CLIENT_ID: 'another-id', MCP_AUTH_CLIENT_SECRET: 'another-secret' };
    const { parameters, exchange } = await signInThrough(serviceAccount, application);
    expect(parameters.get('client_id')).toBe('another-id');
    expect(basicIn(exchange?.authorization)).toEqual(['another-id', 'another-secret']);
  });

  test.each([
    { definition: twoLegged, scope: 'user-profile:read' },
    { definition: serviceAccount, scope: 'user-profile:read' },
    { definition: threeLegged, scope: 'data:read' },
  ])('$definition.name asks for no more than it needs: $scope', async ({ definition, scope }) => {
    const { parameters } = await signInThrough(definition, {});
    expect(parameters.get('scope')).toBe(scope);
  });
});
