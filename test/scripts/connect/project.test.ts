// `aps-mcp connect --project`: for the project that somebody works on, which is not the clone.
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newMachine } from '../../support/connecting.ts';
import { newFolder } from '../../support/folder.ts';
import { pathOf, runCommand } from '../../support/programs.ts';

const root = pathOf('.').replace(/[\\/]$/, '');

test('npm, which starts it in the clone, does not make the clone the project', async () => {
  const project = await realpath(await newFolder());
  const args = ['--prefix', root, 'run', 'connect', '--', 'cursor', '2lo', '--sandbox', '--project'];
  const { code, stdout } = await (await runCommand('npm', args, { cwd: project })).ended;
  expect(stdout).toContain(`Add this to ${join(project, '.cursor/mcp.json')}:`);
  expect(stdout).toContain(`Or let this command add it: npm ${args.join(' ')} --write\n`);
  expect(code).toBe(0);
});

test.each([root, join(root, 'docs')])('in %s it is refused, with what to do', async (folder) => {
  const machine = await newMachine({ folder });
  await expect(machine.connect('cursor', 'ssa', '--project')).rejects.toThrow(
    `run this there: npm --prefix ${root} run connect -- cursor ssa --project`,
  );
});
