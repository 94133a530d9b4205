// The 2LO server over stdio, as MCP clients start it.
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isJSONRPCResultResponse } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eras, modes, newest } from '../support/clients.ts';
import { newFolder } from '../support/folder.ts';
import { startHeldAps } from '../support/held-aps.ts';
import { newestEnvelope } from '../support/oidc.ts';
import { nodeArguments, pathOf, run, runNode, stdioCommand } from '../support/programs.ts';
import { connectToProgram } from '../support/stdio.ts';
import { callListing } from '../support/tool-results.ts';

const runner = stdioCommand('2lo');

// A client that speaks the newest revision starts its server twice; of the two that do, one is enough here.
test.each(modes.slice(0, 2))('a server that is started by %s serves it', async (_name, mode, era) => {
  const client = await connectToProgram(runner, mode, { env: { APS_SANDBOX: '1' } });
  expect(client.getProtocolEra()).toBe(era);
  expect(client.getServerVersion()).toMatchObject({ name: 'APS 2LO Demo' });
  const heard: number[] = [];
  const { structuredContent } = await client.callTool(
    { name: 'list_objects', arguments: { bucket_key: 'sandbox-survey-photos', limit: 300 } },
    { onprogress: ({ progress }) => heard.push(progress) },
  );
  expect(structuredContent).toMatchObject({ result: { length: 300 } });
  expect(heard).toEqual([100, 200, 300]);
  expect((await callListing(client, 'list_objects', { bucket_key: 'there-is-none' })).isError).toBe(true);
});

test('a server writes nothing but messages to stdout, one a line, and ends with 0 when its client leaves', async () => {
  const { write, hangUp, ended, output } = await run([...runner, '--sandbox']);
  const messages = [
    {
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'raw', version: '1' },
      },
    },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
    { id: 3, method: 'tools/call', params: { name: 'list_buckets', arguments: {} } },
  ];
  for (const message of messages) write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  write('this is no message\n');
  write(`${JSON.stringify({ jsonrpc: '2.0', id: 4, method: 'ping' })}\n`);
  await vi.waitFor(() => expect(output.stdout).toContain('"id":3'), { timeout: 20_000 });
  hangUp();
  const { code, stdout } = await ended;
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(answers.every(isJSONRPCResultResponse)).toBe(true);
  expect(answers.map((answer) => isJSONRPCResultResponse(answer) && answer.id).sort()).toEqual([1, 2, 3, 4]);
  expect(code).toBe(0);
});

test.each(eras)('%s cancels a call, and the request to APS ends', async (_name, mode) => {
  const aps = await startHeldAps();
  onTestFinished(() => aps.close());
  const client = await connectToProgram(runner, mode, { env: aps.env });
  const asked = aps.asked();
  const cancel = new AbortController();
  const refusal = expect(
    client.callTool({ name: 'list_buckets' }, { signal: cancel.signal }),
  ).rejects.toThrow();
  const { closed } = await asked;
  cancel.abort('no longer wanted');
  await Promise.all([refusal, closed]);
  expect((await client.listTools()).tools).toHaveLength(2);
});

test.each([
  ['the handshake era', undefined],
  [newest, newestEnvelope],
])('what clients of the Python sample send is answered in the era of %s', async (_era, envelope) => {
  const { write, output } = await run([...runner, '--sandbox']);
  const methods = ['prompts/list', 'resources/list', 'resources/templates/list', 'tools/call'];
  for (const [id, method] of methods.entries()) {
    const call = method === 'tools/call' && { name: 'list_buckets', arguments: null };
    const params = { ...call, ...(envelope && { _meta: envelope }) };
    write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  }
  const lines = () => output.stdout.split('\n').filter(Boolean);
  await expect.poll(lines, { timeout: 20_000, interval: 20 }).toHaveLength(methods.length);
  const answers = lines().map((line) => JSON.parse(line));
  expect(answers.sort((one, other) => one.id - other.id)).toMatchObject([
    { result: { prompts: [] } },
    { result: { resources: [] } },
    { result: { resourceTemplates: [] } },
    { result: { structuredContent: { result: expect.any(Array) } } },
  ]);
});

test('importing a server starts nothing and prints nothing', async () => {
  const program = `for (const file of process.argv.slice(1)) {
      const { definition } = await import(file);
      process.stdout.write(definition.name + ' ');
    }`;
  const [flag = '', loader = ''] = nodeArguments('servers/2lo.ts');
  const servers = ['2lo', 'ssa', '3lo', 'pkce'].map(
    (name) => pathToFileURL(pathOf(`servers/${name}.ts`)).href,
  );
  const { ended } = await runNode([flag, loader, '--input-type=module', '--eval', program, ...servers]);
  expect(await ended).toEqual({ code: 0, stdout: '2lo ssa 3lo pkce ', stderr: '' });
});

test('fastmcp dev calls its tools', async () => {
  const cwd = await newFolder({ '.env': 'APS_SANDBOX=1\n' });
  await symlink(pathOf('node_modules'), join(cwd, 'node_modules'), 'junction');
  const { ended } = await runNode(
    [
      pathOf('node_modules/fastmcp/dist/bin/fastmcp.js'),
      ...['dev', pathOf('servers/2lo.ts'), '--tool', 'list_buckets'],
    ],
    { cwd, env: { npm_config_offline: 'true' } },
  );
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    structuredContent: {
      result: expect.arrayContaining([expect.objectContaining({ bucket_key: 'sandbox-empty' })]),
    },
  });
});
