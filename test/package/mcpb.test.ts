// The MCP bundle of `pkce`, as a desktop application takes it: validated, unpacked, and started as its manifest says.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { getMcpConfigForManifest, unpackExtension, v0_3, validateManifest } from '@anthropic-ai/mcpb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signIn } from '../../sandbox/unattended-sign-in.ts';
import { benji } from '../support/people.ts';
import { pathOf } from '../support/programs.ts';
import { askedAddress, open } from '../support/sign-in.ts';
import { connectStdio } from '../support/stdio.ts';
import { hubsOf } from '../support/tool-results.ts';

const folder = mkdtempSync(join(tmpdir(), 'aps-mcp-servers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = () =>
  v0_3.McpbManifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));

beforeAll(async () => {
  execFileSync(process.execPath, ['--import', 'tsx', pathOf('scripts/build/mcpb.ts')], { cwd: pathOf('.') });
  expect(
    await unpackExtension({ mcpbPath: pathOf('aps-mcp-pkce.mcpb'), outputDir: folder, silent: true }),
  ).toBe(true);
});

/** A client of the unpacked server, started as a host does it for somebody who has given these answers. */
async function started(answers: Record<string, string>, env: Record<string, string> = {}) {
  const config = await getMcpConfigForManifest({
    manifest: manifest(),
    extensionPath: folder,
    systemDirs: {},
    userConfig: answers,
    pathSeparator: sep,
  });
  expect(config?.command).toBe('node');
  return connectStdio(config?.args ?? [], 'legacy', { env: { ...config?.env, MCP_PORT: '0', ...env } });
}

describe('the bundle', () => {
  test('is valid, and asks for the Client ID only', () => {
    expect(validateManifest(join(folder, 'manifest.json'))).toBe(true);
    expect(manifest().user_config).toEqual({ client_id: expect.objectContaining({ required: false }) });
  });

  test('names the tools that its server has', async () => {
    const client = await started({});
    const { tools } = await client.listTools();
    expect(manifest().tools?.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
  });

  test.each([
    ['is not there', {}, {}],
    ['is empty', { client_id: '' }, {}],
    ['is a reference that the host has left', {}, { APS_CLIENT_ID: '$' + '{user_config.client_id}' }],
  ])('signs in to the sandbox and answers, when the Client ID %s', async (_case, answers, env) => {
    const client = await started(answers, env);
    const address = await askedAddress(client);
    expect((await open(await signIn(address, benji))).status).toBe(200);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('signs in to Autodesk, when there is a Client ID', async () => {
    const client = await started({ client_id: 'of-my-application' });
    const address = new URL(await askedAddress(client));
    expect(address.origin).toBe('https://developer.api.autodesk.com');
    expect(address.searchParams.get('client_id')).toBe('of-my-application');
  });
});
