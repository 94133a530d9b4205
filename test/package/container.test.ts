// The container image, as far as it can be tried without a container: its files, started and asked as its Dockerfile says.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { newFolder } from '../support/folder.ts';
import { freePort } from '../support/ports.ts';
import { cleanEnvironment, pathOf, runNode } from '../support/programs.ts';

const dockerfile = readFileSync(pathOf('Dockerfile'), 'utf8').replaceAll('\\\n', '');
/** What the last stage copies from the first, by where it goes. */
const copied = [...dockerfile.matchAll(/^COPY --from=build (.+) (\S+)$/gm)].flatMap(
  ([, from = '', to = '']) =>
    from
      .split(' ')
      .map((path) => [path.replace('/app/', ''), to === './' ? path.replace('/app/', '') : to] as const),
);

/** The arguments of Node.js in an instruction. */
function argumentsIn(instruction: RegExp): string[] {
  const [, command = '[]'] = instruction.exec(dockerfile) ?? [];
  const [node, ...args] = z.array(z.string()).parse(JSON.parse(command));
  expect(node).toBe('/nodejs/bin/node');
  return args;
}

/** Whether Docker would call a container healthy. */
const healthy = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, argumentsIn(/^HEALTHCHECK .*CMD (\[.*\])$/m), {
    env: cleanEnvironment(env),
  }).then(
    () => true,
    () => false,
  );

test('its files are enough for a server that others can reach, and its health check finds out whether it runs', async () => {
  const folder = await newFolder();
  for (const [from, to] of copied) cpSync(pathOf(from), join(folder, to), { recursive: true });
  const env = { MCP_PORT: String(await freePort()), MCP_API_KEYS: `ci=${'0123456789abcdef'.repeat(4)}` };
  expect(await healthy(env)).toBe(false);
  const { signal, ended, says } = await runNode(
    [
      ...argumentsIn(/^ENTRYPOINT (\[.*\])$/m),
      ...['2lo', '--sandbox', '--host', '0.0.0.0', '--client-auth', 'key'],
    ],
    { cwd: folder, env },
  );
  await says(/Ctrl-C/);
  expect(await healthy(env)).toBe(true);
  signal('SIGTERM');
  expect((await ended).code).toBe(0);
});
