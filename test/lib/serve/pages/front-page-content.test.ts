// What the page of a server says to people, and what it keeps from the public.
import { FastMCP } from 'fastmcp';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Caller } from '../../../../lib/caller.ts';
import type { Environment } from '../../../../lib/config/settings.ts';
import type { ClientAuthMode } from '../../../../lib/config/variables.ts';
import type { ServerDefinition } from '../../../../lib/serve/launch/definition.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import { send } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { serve } from '../../../support/serving.ts';
import { serveWith } from '../../../support/signing-in.ts';

const keep = closing();
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
});

/** The text of the page of a server, and where it is served. */
async function pageOf(
  definition: ServerDefinition,
  mode: ClientAuthMode,
  { env, publicUrl, isSandbox }: { env?: Environment; publicUrl?: string; isSandbox?: boolean } = {},
) {
  const served = keep(await serveWith(sandbox, definition, mode, { env, publicUrl, isSandbox }));
  const { body } = await send(`${served.url}/`);
  return { url: served.url, body, text: textOf(body) };
}

const textOf = (html: string) =>
  html
    .replaceAll(/<style>.*?<\/style>|<[^>]*>/gs, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'");

const keys = { MCP_API_KEYS: `nightly=${'k'.repeat(10)}${'Zq7w'.repeat(10)}` };
const oidc = { MCP_AUTH_ISSUER: 'https://login.example.com', MCP_AUTH_SCOPES: 'mcp:tools' };

describe('the page of a server', () => {
  test('has the address to copy as one element that a click selects', async () => {
    const { url, body } = await pageOf(twoLegged, 'none');
    expect(body).toContain(`<code class="copy">${url}/mcp</code>`);
    expect(body).toContain('user-select: all');
  });

  test('names the public address, where there is one', async () => {
    const { body, url } = await pageOf(twoLegged, 'key', { env: keys, publicUrl: 'https://mcp.example.com' });
    expect(body).toContain('<code class="copy">https://mcp.example.com/mcp</code>');
    expect(body).not.toContain(new URL(url).host);
  });

  test('has a line for each client, and links that install', async () => {
    const { body, text, url } = await pageOf(twoLegged, 'none');
    const inspector = 'npx -y -p node@24 -p @modelcontextprotocol/inspector@latest -- mcp-inspector --web';
    for (const line of ['claude mcp add', 'codex mcp add', 'gemini mcp add', inspector])
      expect(text).toMatch(new RegExp(`${line}[^<]*${url}/mcp`));
    expect(body).toMatch(/<a href="[^"]*cursor[^"]*"/);
    expect(body).toMatch(/<a href="[^"]*vscode[^"]*"/);
  });

  test('has the key’s place in the line of each client, and no link, where clients send a key', async () => {
    const { body, text, url } = await pageOf(twoLegged, 'key', { env: keys });
    const header = '--header "Authorization: Bearer KEY"';
    for (const line of [
      `claude mcp add --scope user --transport http aps-2lo ${url}/mcp ${header}`,
      `variable APS_MCP_KEY codex mcp add aps-2lo --url ${url}/mcp --bearer-token-env-var APS_MCP_KEY`,
      `gemini mcp add --scope user --transport http ${header} aps-2lo ${url}/mcp`,
      `mcp-inspector --web --transport http --server-url ${url}/mcp ${header}`,
    ])
      expect(text).toContain(line);
    expect(body).not.toMatch(/href="(cursor|vscode):|Claude Desktop/);
  });

  test('says how Claude Desktop is connected, where the internet could reach the server', async () => {
    const ofPublic = await pageOf(threeLegged, 'autodesk', { publicUrl: 'https://mcp.example.com' });
    expect(ofPublic.text).toContain(
      'Claude Desktop If the internet can reach this server: add a custom connector',
    );
    expect((await pageOf(threeLegged, 'autodesk')).text).not.toContain('Claude Desktop');
  });

  test('has no line with quotes that only some shells understand', async () => {
    expect((await pageOf(twoLegged, 'none')).text).not.toMatch(/add-mcp|'\{/);
  });

  test.each([
    ['none', {}, /Only programs on this machine/],
    ['key', keys, /Authorization: Bearer KEY/],
    ['oidc', oidc, /sign in at https:\/\/login\.example\.com/],
    ['autodesk', {}, /sign in with your Autodesk account/],
  ] as const)('says how clients sign in with %s', async (mode, env, words) => {
    expect((await pageOf(threeLegged, mode, { env })).text).toMatch(words);
  });

  test.each(['none', 'autodesk'] as const)(
    'has the callback URL for the operator on this machine, with %s',
    async (mode) => {
      const { text, url } = await pageOf(threeLegged, mode);
      expect(text).toContain(`${url}/callback`);
    },
  );

  test('keeps from the public what is for the operator', async () => {
    const publicUrl = 'https://mcp.example.com';
    const withKeys = await pageOf(twoLegged, 'key', { env: keys, publicUrl });
    expect(withKeys.body).not.toMatch(/nightly|Zq7w/);
    const withUsers = await pageOf(threeLegged, 'autodesk', {
      env: { MCP_ALLOWED_USERS: 'ada@example.com, @example.org' },
      publicUrl,
    });
    expect(withUsers.body).not.toMatch(/ada@|example\.org|MCP_ALLOWED_USERS|\/callback/);
    for (const { body } of [withKeys, withUsers])
      for (const value of [sandbox.env.APS_CLIENT_ID, sandbox.env.APS_CLIENT_SECRET, sandbox.url])
        expect(body).not.toContain(value);
  });

  test('says that data is made up, on the sandbox only', async () => {
    const madeUp = /Sample data: this server runs on the built-in sandbox/;
    expect((await pageOf(twoLegged, 'none', { isSandbox: true })).text).toMatch(madeUp);
    expect((await pageOf(twoLegged, 'none')).text).not.toMatch(madeUp);
  });
});

test('it lists the arguments of each tool: name, type, whether it is needed, and what it is', async () => {
  const server = new FastMCP<Caller>({ name: 'Arguments', version: '1.0.0' });
  server.addTool({
    name: 'measure',
    description: 'Measures.',
    parameters: z.object({
      id: z.string().describe('What to <measure>'),
      limit: z.int().min(1).optional().describe('How many'),
      unit: z.enum(['m', 'ft']).default('m'),
      either: z.union([z.string(), z.number()]).optional(),
      tags: z.array(z.string()).optional(),
      open: z.unknown().optional(),
    }),
    execute: async () => '',
  });
  server.addTool({ name: 'rest', description: 'Takes nothing.', execute: async () => '' });
  const { url } = keep(await serve(server));
  const { body } = await send(`${url}/`);
  const rows = [
    ...body.matchAll(
      /<tr>\s*<th scope="row"><code>(.*?)<\/code><\/th>\s*<td>(.*?)<\/td>\s*<td>(.*?)<\/td>/gs,
    ),
  ];
  expect(rows.map(([, ...cells]) => cells)).toEqual([
    ['id', 'string, required', 'What to &lt;measure&gt;'],
    ['limit', 'integer', 'How many'],
    ['unit', 'm or ft', ''],
    ['either', 'string or number', ''],
    ['tags', 'list of string', ''],
    ['open', 'any', ''],
  ]);
  expect(textOf(body)).toMatch(/rest Takes nothing\. It takes no arguments\./);
});
