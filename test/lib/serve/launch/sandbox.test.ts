/** The built-in sandbox as the launcher loads it: at run time, and only if it is there. */
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SandboxModule } from '../../../../lib/serve/launch/sandbox.ts';
import * as sandbox from '../../../../sandbox/index.ts';
import { newFolder } from '../../../support/folder.ts';
import { pathOf, runNode } from '../../../support/programs.ts';

test('has what the launcher expects of it', () => {
  // The compiler checks the rest.
  const { startSandbox }: SandboxModule = sandbox;
  expect(startSandbox).toBeTypeOf('function');
});

test('is named as missing by a copy of the project without it', async () => {
  const copy = await newFolder();
  for (const name of ['servers', 'lib', 'package.json'])
    await cp(pathOf(name), join(copy, name), { recursive: true });
  await symlink(pathOf('node_modules'), join(copy, 'node_modules'), 'junction');

  const program = await runNode(['--import', 'tsx/esm', 'servers/2lo.ts', '--sandbox'], { cwd: copy });

  const { code, stderr } = await program.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('The built-in sandbox is missing');
});
