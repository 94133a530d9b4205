// What `aps-mcp connect` writes starts the server, from a folder that is not ours.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@decimalturn/toml-patch';
import { parse as parseJsonc } from 'jsonc-parser';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { clients } from '../../../scripts/connect/clients.ts';
import { newMachine } from '../../support/connecting.ts';
import { newFolder } from '../../support/folder.ts';
import { pathOf } from '../../support/programs.ts';
import { connectCommand } from '../../support/stdio.ts';

const startable = z.object({
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).optional(),
});

/** A stranger's: with `paths`, it would put its own file in the place of ours. */
const theirs = {
  'tsconfig.json':
    '{ "compilerOptions": { "baseUrl": ".", "paths": { "zod": ["./theirs.ts"], "*": ["./theirs.ts"] } } }',
  'theirs.ts': 'throw new Error("This is not the code of the server.");',
};

test('what is written for each client starts the server, in a folder with a tsconfig.json of a stranger', async () => {
  const machine = await newMachine();
  const written = await Promise.all(
    Object.entries(clients).map(async ([name, { key, file, format }]) => {
      await machine.connect(name, '2lo', '--sandbox', '--write', '--yes');
      const text = await readFile(file(machine.description), 'utf8');
      const whole = format === 'toml' ? parse(text) : JSON.parse(text);
      return startable.parse(whole[key]['aps-2lo']);
    }),
  );
  const [first, ...others] = written;
  expect(others).toHaveLength(6);
  for (const each of others) expect(each).toEqual(first);
  const { command, args, env = {} } = startable.parse(first);
  const mcp = await connectCommand(command, args, 'auto', { env, cwd: await newFolder(theirs) });
  const { tools } = await mcp.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['list_buckets', 'list_objects']);
});

test.each([
  ['.vscode/mcp.json', 'servers'],
  ['.cursor/mcp.json', 'mcpServers'],
])('%s of this repository starts the server from the folder that the editor has open', async (file, key) => {
  const whole = parseJsonc(await readFile(pathOf(file), 'utf8'));
  const { command, args } = startable.parse(whole[key]['aps-2lo-sandbox']);
  const resolved = args.map((each) => each.replace(/\$\{workspaceFolder\}/, pathOf('.')));
  expect([command, resolved]).toEqual([
    'node',
    [join(pathOf('.'), 'scripts/aps-mcp.mjs'), '2lo', '--sandbox', '--transport', 'stdio'],
  ]);
});
